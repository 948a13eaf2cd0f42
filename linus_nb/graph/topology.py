"""Named nodes and the edges between them, with no cycle at any time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linus_nb.errors import CycleError, UnknownNodeError
from linus_nb.graph.fingerprint import same_edge
from linus_nb.graph.inference import NameIndex
from linus_nb.graph.node import Edge
from linus_nb.graph.reachability import path_between, would_close_cycle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.graph.node import AgentNode


class Topology:
    """Nodes by name, and edges looked up from either end.

    Parameters
    ----------
    name : str
        The DAG's name, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: dict[str, AgentNode] = {}
        self.successors: dict[str, dict[str, Edge]] = {}
        self.predecessors: dict[str, dict[str, Edge]] = {}
        self.keys = NameIndex()

    def copy(self, name: str, replacing: Mapping[str, AgentNode] | None = None) -> Topology:
        """Return the same graph under ``name``, with other nodes in the place of some.

        Parameters
        ----------
        name : str
            The copy's name.
        replacing : mapping of str to AgentNode, optional
            Nodes by the name of the one whose place they take; their own may be another.
        """
        nodes = {**self.nodes, **(replacing or {})}
        made = Topology(name)
        for old in self.nodes:
            made.put(nodes[old])
        for edge in self.edges():
            source, target = nodes[edge.source].name, nodes[edge.target].name
            made._link(replace(edge, source=source, target=target))
        for reader in self.keys.readers:
            made.keys.add_reader(nodes[reader])
        return made

    def edges(self) -> tuple[Edge, ...]:
        """Return all edges, by source in the order of adding."""
        return tuple(edge for out in self.successors.values() for edge in out.values())

    def edges_of(self, name: str) -> tuple[Edge, ...]:
        """Return the edges into a node and those out of it."""
        return (*self.predecessors[name].values(), *self.successors[name].values())

    def put(self, node: AgentNode) -> None:
        """Add a node, or let it take the place (and the edges) of the one of its name."""
        present = self.nodes.get(node.name)
        if present is None:
            self.successors[node.name] = {}
            self.predecessors[node.name] = {}
        else:
            self.keys.remove(present)
        self.nodes[node.name] = node
        self.keys.add(node)

    def connect(self, edge: Edge) -> Edge:
        """Add an edge, or replace the one between its ends.

        Returns
        -------
        Edge
            The one that is there now: the present one if ``edge`` means the same.
        """
        source, target = edge.source, edge.target
        self.require(source)
        self.require(target)
        present = self.successors[source].get(target)
        if present is not None and same_edge(present, edge) and present.inferred <= edge.inferred:
            return present  # but an inferred one that is now drawn by hand stays for good
        if present is None and would_close_cycle(
            source, target, self.successors, self.predecessors
        ):
            raise self._cycle(source, target)
        self._link(edge)
        return edge

    def infer(self, node: AgentNode) -> None:
        """Draw the edges that follow from what ``node``, which is there, reads and writes."""
        self.keys.add_reader(node)
        for edge in self.keys.outdated(node, self.edges_of(node.name)):
            self.disconnect(edge.source, edge.target)
        for source, target in self.keys.edges_of(node):
            if target not in self.successors[source]:
                self.connect(Edge(source, target, inferred=True))

    def disconnect(self, source: str, target: str) -> None:
        """Remove an edge."""
        self.require(source)
        if target not in self.successors[source]:
            raise UnknownNodeError(
                f"{self.name!r} has no edge {source!r} -> {target!r}",
                hint=f"from {source!r} edges go to {list(self.successors[source])}",
            )
        del self.successors[source][target], self.predecessors[target][source]

    def remove(self, name: str) -> None:
        """Remove a node and its edges."""
        self.require(name)
        for target in list(self.successors[name]):
            self.disconnect(name, target)
        for source in list(self.predecessors[name]):
            self.disconnect(source, name)
        self.keys.remove(self.nodes[name])
        del self.nodes[name], self.successors[name], self.predecessors[name]

    def require(self, name: str) -> None:
        """Raise UnknownNodeError if there is no such node."""
        if name not in self.nodes:
            raise UnknownNodeError(
                f"{self.name!r} has no node {name!r}",
                hint=f"dag.add_node({name!r}, ...); its nodes are {list(self.nodes)[:20]}",
            )

    def _link(self, edge: Edge) -> None:
        self.successors[edge.source][edge.target] = edge
        self.predecessors[edge.target][edge.source] = edge

    def _cycle(self, source: str, target: str) -> CycleError:
        path = (source, *path_between(target, source, self.successors))
        return CycleError(
            f"the edge {source!r} -> {target!r} would close the cycle "
            + " -> ".join(map(repr, path)),
            hint=f"leave it out, or dag.remove_edge({path[-2]!r}, {path[-1]!r}) first",
            cycle=path,
        )
