"""A DAG frozen into integers for one run: levels, ancestors, writers.

Names become indices in the order of adding. Ancestors are bit sets (Python integers), so
that "may this node read that one's output" is a shift, and a chain of 10,000 nodes stays
linear where lists of ancestors would be quadratic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linus_nb.graph.calling import Callee, callee_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.graph.node import AgentNode, Edge
    from linus_nb.graph.topology import Topology


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """What a run needs to know of its DAG; see :func:`freeze`.

    All lists are indexed by node; ``ancestors[i]`` has bit j set if j is an ancestor of i.
    """

    name: str
    names: tuple[str, ...]
    index: Mapping[str, int]
    nodes: tuple[AgentNode, ...]
    callees: tuple[Callee, ...]
    predecessors: tuple[tuple[int, ...], ...]
    successors: tuple[tuple[int, ...], ...]
    edges: tuple[tuple[Edge, ...], ...]
    """Outgoing edges, parallel to ``successors``."""
    conditional: tuple[bool, ...]
    """Whether any outgoing edge has a condition."""
    level: tuple[int, ...]
    levels: tuple[tuple[int, ...], ...]
    order: tuple[int, ...]
    """Node indices level by level."""
    ancestors: tuple[int, ...]
    writers: Mapping[str, tuple[int, ...]]
    """Who writes a key."""
    shared_keys: bool
    """Whether several nodes may write one key."""

    def writers_above(self, node: int, key: str) -> tuple[int, ...]:
        """Return the ancestors of ``node`` that write ``key``."""
        above = self.ancestors[node]
        return tuple(w for w in self.writers.get(key, ()) if above >> w & 1)

    def ancestors_of(self, node: int) -> list[int]:
        """Return the ancestors of ``node``, in execution order."""
        above = self.ancestors[node]
        found = []
        while above:
            lowest = above & -above
            found.append(lowest.bit_length() - 1)
            above ^= lowest
        return sorted(found, key=self.level.__getitem__)

    def ends(self) -> tuple[int, ...]:
        """Return the nodes without successors."""
        return tuple(i for i, after in enumerate(self.successors) if not after)


def freeze(topology: Topology) -> Structure:
    """Make the :class:`Structure` of a DAG."""
    nodes, successors = topology.nodes, topology.successors
    index = {node: position for position, node in enumerate(nodes)}
    before = tuple(tuple(index[p] for p in topology.predecessors[node]) for node in nodes)
    after = tuple(tuple(index[s] for s in successors[node]) for node in nodes)
    edges = tuple(tuple(successors[node].values()) for node in nodes)
    level, levels = _levels(before, after)
    order = tuple(node for members in levels for node in members)
    writers: dict[str, list[int]] = {}
    for position, node in enumerate(nodes.values()):
        writers.setdefault(node.key, []).append(position)
    return Structure(
        name=topology.name,
        names=tuple(nodes),
        index=index,
        nodes=tuple(nodes.values()),
        callees=tuple(callee_of(node.agent) for node in nodes.values()),
        predecessors=before,
        successors=after,
        edges=edges,
        conditional=tuple(any(edge.conditional for edge in out) for out in edges),
        level=level,
        levels=levels,
        order=order,
        ancestors=_ancestors(order, before),
        writers={key: tuple(found) for key, found in writers.items()},
        shared_keys=len(writers) < len(nodes),
    )


def _levels(
    before: tuple[tuple[int, ...], ...], after: tuple[tuple[int, ...], ...]
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Topological generations: a node's level is the longest way to it."""
    missing = [len(p) for p in before]
    level = [0] * len(before)
    levels: list[tuple[int, ...]] = []
    members = [node for node, count in enumerate(missing) if not count]
    while members:
        levels.append(tuple(members))
        following = []
        for node in members:
            level[node] = len(levels) - 1
            for successor in after[node]:
                missing[successor] -= 1
                if not missing[successor]:
                    following.append(successor)
        members = sorted(following)
    return tuple(level), tuple(levels)


def _ancestors(order: tuple[int, ...], before: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    above = [0] * len(order)
    for node in order:
        bits = 0
        for predecessor in before[node]:
            bits |= above[predecessor] | 1 << predecessor
        above[node] = bits
    return tuple(above)
