"""What keeps a design from running, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from linus_nb.graph.validation import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linus_nb.graph.validation import Findings
    from linus_nb.widgets.building.history import Moment


class Problem(NamedTuple):
    """One fault of a design.

    Parameters
    ----------
    node : str
        The node at fault; of an edge, its source.
    edge : tuple of str, optional
        Source and target, if it is an edge.
    field : str
        The field to change, "" if it is none.
    sentence : str
        What is wrong.
    """

    node: str
    edge: tuple[str, str] | None
    field: str
    sentence: str


def findings_of(moment: Moment) -> Findings:
    """Return what is wrong with the DAG, and the keys that its initial state must have."""
    return find(moment.dag.structure(), moment.dag.plans(), None)


def problems_of(moment: Moment) -> Iterator[Problem]:
    """Yield what was typed in vain, then what is wrong with the DAG."""
    for (*names, field), typed in moment.typed.items():
        edge = (names[0], names[1]) if len(names) > 1 else None
        yield Problem(names[0], edge, field, typed.sentence)
    for problem in findings_of(moment).problems:
        if problem.field == "condition":
            source, target = problem.nodes
            yield Problem(source, (source, target), problem.field, problem.text)
        else:
            for node in problem.nodes:
                yield Problem(node, None, problem.field, problem.text)
