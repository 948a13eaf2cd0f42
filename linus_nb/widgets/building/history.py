"""What can be undone: the moments of a design, the present one between past and future."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.graph import AgentDAG

MOST_STEPS = 200
"""So many steps can be undone; of older ones only the outcome is kept."""

Place = tuple[str, ...]
"""Where something is typed: (node, field), or (source, target, "condition")."""


class Typed(NamedTuple):
    """A text that is no value of its field, and the sentence that says why."""

    text: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A design at one moment: the DAG, which nobody changes any more, and texts without effect."""

    dag: AgentDAG
    typed: Mapping[Place, Typed] = field(default_factory=dict)


class _Step(NamedTuple):
    text: str
    place: Place | None
    """Where it was typed; further typing there belongs to the same step."""
    other: Moment
    """How it was before the step or, among what was undone, after it."""


class History:
    """The present moment, and the steps that lead away from it.

    Parameters
    ----------
    first : Moment
        The present.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> first, second = Moment(AgentDAG("first")), Moment(AgentDAG("second"))
    >>> history = History(first)
    >>> history.take(second, "Add writer")
    >>> history.next_undo
    'Add writer'
    >>> history.undo()
    >>> history.now is first, history.next_redo
    (True, 'Add writer')
    """

    def __init__(self, first: Moment) -> None:
        self.now = first
        self._past: list[_Step] = []
        self._future: list[_Step] = []

    def take(
        self, moment: Moment, text: str, *, place: Place | None = None, moved: Place | None = None
    ) -> None:
        """Go on to ``moment``.

        Parameters
        ----------
        moment : Moment
            The new present.
        text : str
            What was done, for the user to read.
        place : tuple of str, optional
            Where it was typed; what is typed there in a row is one step.
        moved : tuple of str, optional
            What that place is called from now on, if not the same.
        """
        going_on = self._past[-1].place if self._past and not self._future else None
        if place is not None and place == going_on:
            text, before = self._past[-1].text, self._past.pop().other
        else:
            before = self.now
        self._past.append(_Step(text, moved or place, before))
        del self._past[:-MOST_STEPS]
        self._future.clear()
        self.now = moment

    def undo(self) -> None:
        """Go back by one step; at the first one, do nothing."""
        self._move(self._past, self._future)

    def redo(self) -> None:
        """Take the step that was undone last; if there is none, do nothing."""
        self._move(self._future, self._past)

    def _move(self, steps: list[_Step], others: list[_Step]) -> None:
        if steps:
            step = steps.pop()
            # After an undo, or a redo, typing is a step of its own.
            others.append(_Step(step.text, None, self.now))
            self.now = step.other

    @property
    def next_undo(self) -> str:
        """What would be undone, "" if nothing can be."""
        return self._past[-1].text if self._past else ""

    @property
    def next_redo(self) -> str:
        """What would be done again, "" if nothing was undone."""
        return self._future[-1].text if self._future else ""
