"""The run inside a builder: what it starts from, and its view in the builder's place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from linus_nb.widgets.run_view import RunView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from linus_nb.graph import DAGExecutor


class PlacedRunView(RunView):
    """A RunView that stands inside another view, which keeps the picture that stays.

    Parameters
    ----------
    executor : DAGExecutor
        Whose runs are shown.
    height : int
        Pixels.
    kept : callable
        Called when the picture that stays has to show the run; from any thread.
    """

    def __init__(self, executor: DAGExecutor, *, height: int, kept: Callable[[], object]) -> None:
        self._kept = kept
        super().__init__(executor, height=height)

    def keep(self) -> None:
        """Bring the picture of the view around this one up to date."""
        self._kept()


def state_of(lines: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the initial state that somebody typed, key by key.

    Examples
    --------
    >>> state_of([("rows", "3"), ("topic", "cats"), ("tags", '["a"]')])
    {'rows': 3, 'topic': 'cats', 'tags': ['a']}
    """
    return {key: _value(text) for key, text in lines}


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
