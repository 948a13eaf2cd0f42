"""Few messages out of many changes: the first of a burst at once, the rest together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Timers(Protocol):
    """The part of an event loop that is needed here."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> object:
        """Call ``callback`` in ``delay`` seconds."""


class Coalescer:
    """Calls ``flush`` for the first change at once, and then at most once an interval.

    Parameters
    ----------
    flush : callable
        Sends all that has changed.
    timers : event loop
        Waits between two flushes.
    interval : float
        Least seconds between two flushes.

    Examples
    --------
    >>> class Clock:
    ...     waiting = []
    ...     def call_later(self, delay, callback):
    ...         self.waiting.append(callback)
    >>> sent = []
    >>> changes = Coalescer(lambda: sent.append("sent"), Clock())
    >>> for _ in range(1000):
    ...     changes.touch()
    >>> len(sent)
    1
    >>> Clock.waiting.pop()()
    >>> len(sent)
    2
    """

    def __init__(self, flush: Callable[[], object], timers: Timers, interval: float = 0.1) -> None:
        self._flush = flush
        self._timers = timers
        self._interval = interval
        self._pausing = False
        self._changed = False

    def touch(self) -> None:
        """Say that something has changed."""
        self._changed = True
        if not self._pausing:
            self.flush_now()
            self._pause()

    def flush_now(self) -> None:
        """Send what has changed, whenever the last flush was."""
        if self._changed:
            self._changed = False
            self._flush()

    def _pause(self) -> None:
        self._pausing = True
        self._timers.call_later(self._interval, self._pause_over)

    def _pause_over(self) -> None:
        self._pausing = False
        if self._changed:
            self.flush_now()
            self._pause()
