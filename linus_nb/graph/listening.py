"""Who gets the events of an executor's runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb import events

logger = logging.getLogger("linus_nb")


class Listening:
    """Adds a listener on entry and takes it away on exit."""

    def __init__(self, listeners: list[events.Listener], listener: events.Listener) -> None:
        self._listeners = listeners
        self._listener = listener

    def __enter__(self) -> None:
        self._listeners.append(self._listener)

    def __exit__(self, *_: object) -> None:
        self._listeners.remove(self._listener)


def publisher(listeners: list[events.Listener]) -> Callable[[events.Event], None]:
    """Return one function that tells all; a listener that raises is dropped, not the run."""
    told = list(listeners)

    def publish(event: events.Event) -> None:
        for listener in tuple(told):
            try:
                listener(event)
            except Exception:
                logger.exception("a listener raised and gets no more events of this run")
                told.remove(listener)

    return publish
