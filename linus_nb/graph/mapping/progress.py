"""How far a map is: tqdm's bar where that is installed, else a status line.

One line in either case, and none where a program executes the notebook or nobody would
read it, as for runs (``status_line.py``).
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from linus_nb.graph.status_line import find_screen, updated_line

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from tqdm.std import tqdm

    from linus_nb.graph.mapping.outcome import RowOutcome
    from linus_nb.graph.status_line import Screen

_MINUTE, _HOUR = 60, 3_600


class Bar(Protocol):
    """What a map tells of each row."""

    def advance(self, outcome: RowOutcome, *, stored: bool) -> None:
        """Count a row that is over; a stored one took no time."""


class Count:
    """Counts rows, and tells of them in a line.

    Parameters
    ----------
    name : str
        The DAG's name.
    total : int, optional
        The number of rows, if it is known.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self, name: str, total: int | None, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._name, self._total, self._clock = name, total, clock
        self._started = clock()
        self.over = self.stored = self.failed = 0

    def advance(self, outcome: RowOutcome, *, stored: bool) -> None:
        """Count a row."""
        self.over += 1
        self.stored += stored
        self.failed += outcome.status == "failed"

    def describe(self) -> str:
        """Return the line: name, rows that are over, failed ones, seconds, and what is left."""
        seconds = self._clock() - self._started
        of = "" if self._total is None else f" of {self._total:,}"
        parts = [f"{self._name}: {self.over:,}{of} rows"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        parts.append(_span(seconds))
        ran = self.over - self.stored
        if self._total is not None and ran and self.over < self._total:
            parts.append(f"about {_span(seconds / ran * (self._total - self.over))} left")
        return " · ".join(parts)


class _TqdmBar:
    """Moves a bar of tqdm."""

    def __init__(self, bar: tqdm[None]) -> None:
        self._bar = bar
        self._failed = 0

    def advance(self, outcome: RowOutcome, *, stored: bool) -> None:
        if stored:
            self._bar.initial += 1  # else the time that is left would be told too short
        if outcome.status == "failed":
            self._failed += 1
            self._bar.set_postfix(failed=self._failed, refresh=False)
        self._bar.update()


@contextmanager
def progress_bar(
    name: str, total: int | None, loop: asyncio.AbstractEventLoop, screen: Screen | None
) -> Iterator[Bar]:
    """Show how many rows of a map are over, while the block lasts.

    Parameters
    ----------
    name : str
        The DAG's name.
    total : int, optional
        The number of rows, if it is known.
    loop : event loop
        On which the map runs.
    screen : Screen, optional
        Where the line stands; None: nowhere.
    """
    make_bar = _find_tqdm() if screen is not None else None
    if make_bar is None:
        count = Count(name, total)
        with updated_line(count.describe, loop, screen):
            yield count
    else:
        with make_bar(total=total, desc=name) as bar:
            yield _TqdmBar(bar)


def find_screen_for(*, progress: bool) -> Screen | None:
    """Return where the bar can stand, None where it is not wanted or nobody would read it."""
    return find_screen() if progress else None


def _find_tqdm() -> Callable[..., tqdm[None]] | None:
    try:
        # Optional, and heavy in a notebook.
        from tqdm.auto import tqdm  # noqa: PLC0415
    except ImportError:
        return None
    # Without tqdm's own thread, which would outlive the map: each row asks for the time.
    quiet = type("Bar", (tqdm,), {"monitor_interval": 0})
    return partial(quiet, unit="row", miniters=1, dynamic_ncols=True)


def _span(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"
