"""One line that says that something happens, for runs that nobody watches.

It appears after two seconds, is updated in place, and costs a run nothing but a timer.
In a notebook that is executed by a program (nbclient, nbconvert, nbval) it never appears,
so that outputs are the same every time.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from linus_nb.graph.run import Run

SECONDS_UNTIL_SHOWN = 2.0
SECONDS_BETWEEN = 0.5
_NAMES_SHOWN = 3


class Screen(Protocol):
    """Where the line stands."""

    def show(self, text: str) -> None:
        """Show ``text`` in place of what was there."""

    def finish(self, text: str) -> None:
        """Show ``text`` for good."""


class Terminal:
    """A terminal's current line, on standard error."""

    def show(self, text: str) -> None:
        """Overwrite the line."""
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def finish(self, text: str) -> None:
        """Overwrite the line and leave it."""
        self.show(text)
        sys.stderr.write("\n")


class Cell:
    """An output of a notebook cell that is updated in place."""

    def __init__(self) -> None:
        self._handle: object = None

    def show(self, text: str) -> None:
        """Update the output."""
        # IPython is loaded already: this class is only used inside a kernel.
        from IPython.display import display  # noqa: PLC0415

        content = {"text/plain": text}
        if self._handle is None:
            self._handle = display(  # type: ignore[no-untyped-call]
                content, raw=True, display_id=True
            )
        else:
            self._handle.update(content, raw=True)  # type: ignore[attr-defined]

    finish = show


def find_screen() -> Screen | None:
    """Return where a status line can stand, None where nobody would read it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        # Programs that execute notebooks cannot answer input(), and say so.
        return Cell() if getattr(kernel, "_allow_stdin", False) else None
    return Terminal() if sys.stderr is not None and sys.stderr.isatty() else None


def status_line(
    run: Run, loop: asyncio.AbstractEventLoop, screen: Screen | None
) -> AbstractContextManager[None]:
    """Show how far ``run`` is, from the third second on, while the block lasts."""
    return updated_line(partial(describe, run), loop, screen)


@contextmanager
def updated_line(
    tell: Callable[[], str], loop: asyncio.AbstractEventLoop, screen: Screen | None
) -> Iterator[None]:
    """Show what ``tell`` returns, from the third second on, while the block lasts."""
    if screen is None:
        yield
        return
    shown = False
    timer: asyncio.TimerHandle

    def tick() -> None:
        nonlocal shown, timer
        shown = True
        screen.show(tell())
        timer = loop.call_later(SECONDS_BETWEEN, tick)

    timer = loop.call_later(SECONDS_UNTIL_SHOWN, tick)
    try:
        yield
    finally:
        timer.cancel()
        if shown:
            screen.finish(tell())


def describe(run: Run) -> str:
    """Return the line: name, how many nodes have settled, what runs, seconds."""
    settled = sum(record.settled is not None for record in run.records)
    parts = [f"{run.structure.name}: {settled} of {len(run.records)} nodes"]
    running = [record.name for record in run.records if record.status == "running"]
    if run.goes_on and running:
        names = ", ".join(name[:30] for name in running[:_NAMES_SHOWN])
        more = len(running) - _NAMES_SHOWN
        parts.append(f"running {names}" + (f" and {more} more" if more > 0 else ""))
    if not run.goes_on:
        parts.append(run.status)
    parts.append(f"{run.now():.0f} s")
    return " · ".join(parts)
