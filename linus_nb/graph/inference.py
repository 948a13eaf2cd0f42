"""Edges that follow from names: who reads what another one writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.graph.calling import callee_of
from linus_nb.graph.inputs import keys_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from linus_nb.graph.node import AgentNode, Edge


class NameIndex:
    """Who writes and who reads each key, so that a new node's edges are found at once.

    Only nodes that were added in the short form are readers: the edges of the others are
    drawn by hand.
    """

    def __init__(self) -> None:
        self._writers: dict[str, dict[str, None]] = {}
        self._readers: dict[str, dict[str, None]] = {}
        self._reads: dict[str, tuple[str, ...]] = {}

    @property
    def readers(self) -> tuple[str, ...]:
        """The nodes that were added in the short form."""
        return tuple(self._reads)

    def add(self, node: AgentNode) -> None:
        """Take in what ``node`` writes."""
        self._writers.setdefault(node.key, {})[node.name] = None

    def add_reader(self, node: AgentNode) -> None:
        """Take in what ``node`` reads."""
        self._reads[node.name] = keys_read(node, callee_of(node.agent))
        for key in self._reads[node.name]:
            self._readers.setdefault(key, {})[node.name] = None

    def remove(self, node: AgentNode) -> None:
        """Forget ``node``."""
        self._writers[node.key].pop(node.name, None)
        for key in self._reads.pop(node.name, ()):
            self._readers[key].pop(node.name, None)

    def edges_of(self, node: AgentNode) -> Iterator[tuple[str, str]]:
        """Yield (source, target) for what ``node`` reads, and for those who read its key."""
        for key in self._reads[node.name]:
            yield from ((w, node.name) for w in list(self._writers.get(key, ())) if w != node.name)
        readers = list(self._readers.get(node.key, ()))
        yield from ((node.name, reader) for reader in readers if reader != node.name)

    def outdated(self, node: AgentNode, edges: Iterable[Edge]) -> list[Edge]:
        """Return those inferred ``edges`` of ``node`` that no longer follow from names."""
        wanted = set(self.edges_of(node))
        return [e for e in edges if e.inferred and (e.source, e.target) not in wanted]
