"""What the nodes of one run were, before it and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linus_nb.graph.durable.definer import Definer
from linus_nb.graph.durable.definition import Definition

if TYPE_CHECKING:
    from linus_nb.graph.structure import Structure

Digests = tuple[str | None, str | None]
"""Before and after a run; None if there is too much to tell, or nothing has changed."""


@dataclass(slots=True, eq=False)
class Looked:
    """What was seen when a DAG's nodes were looked at, by node.

    Parameters
    ----------
    nodes : list of trees
        What the nodes do.
    edges : dict of int to Definition
        The conditions of the edges that leave a node.
    """

    nodes: list[Any]
    edges: dict[int, Definition]


class Definitions:
    """What the nodes of one run were, before and after it.

    Parameters
    ----------
    structure : Structure
        The DAG.
    most : int, optional
        Most items of captured data to look at, for each piece of data.
    """

    __slots__ = ("_after", "_before", "_definer", "_most", "_structure")

    def __init__(self, structure: Structure, most: int | None) -> None:
        self._structure, self._most = structure, most
        self._definer = Definer(most)
        self._before = self._look(self._definer)
        self._after: Looked | None = None

    def _look(self, definer: Definer) -> Looked:
        structure = self._structure
        conditional = [node for node, some in enumerate(structure.conditional) if some]
        return Looked(
            [definer.look(node.agent) for node in structure.nodes],
            {node: definer.define_edges(structure.edges[node]) for node in conditional},
        )

    def look_again(self) -> None:
        """Look at the nodes after the run."""
        if self._definer.has_changed():
            self._after = self._look(Definer(self._most))

    def of(self, node: int) -> Digests:
        """Return the digests under which ``node`` is the same."""
        described, after = self._structure.nodes[node], None
        if self._after is not None:
            after = Definition((described, self._after.nodes[node]))
        return _digests(Definition((described, self._before.nodes[node])), after)

    def of_edges(self, node: int) -> Digests:
        """Return the digests under which the conditions behind ``node`` are the same."""
        if node not in self._before.edges:
            return None, None
        after = None if self._after is None else self._after.edges[node]
        return _digests(self._before.edges[node], after)


class Unlooked(Definitions):
    """Stands for the nodes of a run that nobody compares with another: a row of a map."""

    __slots__ = ()

    def __init__(self) -> None:
        """Look at nothing."""

    def look_again(self) -> None:
        """Look at nothing."""

    def of(self, node: int) -> Digests:  # noqa: ARG002 - as where there is something
        """Return that there is no telling."""
        return None, None

    of_edges = of


def _digests(before: Definition, after: Definition | None) -> Digests:
    if after is None or after.code != before.code:
        return before.whole, None  # edited while it ran: what ran is the one before
    return before.whole, after.whole
