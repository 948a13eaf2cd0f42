"""A DAG and what a run made of it, as the drawing package is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.graph.display import detail_text, shorten
from linus_nb.graph.expression import Expression

if TYPE_CHECKING:
    from linus_nb.drawing import Picture
    from linus_nb.graph.node import Edge
    from linus_nb.graph.node_result import NodeResult
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.structure import Structure

_LONGEST_LABEL = 60
"""Characters of an expression beside its arrow."""


def picture_of(structure: Structure, result: ExecutionResult | None = None) -> Picture:
    """Return what is to be drawn of a DAG, coloured by a result if one is given.

    Parameters
    ----------
    structure : Structure
        The DAG.
    result : ExecutionResult, optional
        Of this DAG; nodes that it does not know are waiting.
    """
    # The drawing package loads when something is drawn, not with the package.
    from linus_nb.drawing import Picture, PictureEdge, PictureNode  # noqa: PLC0415

    records = result.nodes if result is not None else {}
    verdicts = result.edges if result is not None else {}
    nodes = tuple(
        PictureNode(name, _status(records.get(name)), detail_text(records.get(name)))
        for name in structure.names
    )
    edges = []
    for edge in (edge for leading_out in structure.edges for edge in leading_out):
        verdict = verdicts.get((edge.source, edge.target))
        live = False if isinstance(verdict, BaseException) else verdict
        edges.append(PictureEdge(edge.source, edge.target, _label(edge), edge.conditional, live))
    levels = tuple(tuple(structure.names[node] for node in level) for level in structure.levels)
    return Picture(structure.name, nodes, tuple(edges), levels)


def _label(edge: Edge) -> str:
    if edge.label or not isinstance(edge.condition, Expression):
        return edge.label
    return shorten(edge.condition.text, _LONGEST_LABEL)


def _status(record: NodeResult | None) -> str:
    if record is None:
        return "waiting"
    return "reused" if record.reused else record.status
