"""What nodes print, each to its own panel, though they all share one standard output."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from linus_nb.events import current_emitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Take = Callable[[str, str], None]


class Stream(Protocol):
    """What is needed of standard output."""

    def write(self, text: str, /) -> int:
        """Write ``text``."""

    def flush(self) -> None:
        """Write what waits."""


class NodePrints:
    """A standard output that knows, by the context of the caller, which node prints.

    Parameters
    ----------
    stream : stream
        Gets what no node of the run prints.
    run_id : str
        The run.
    take : callable
        Takes a node and its text; from any thread.
    """

    def __init__(self, stream: Stream, run_id: str, take: Take) -> None:
        self._stream = stream
        self._run_id = run_id
        self._take: Take | None = take

    def write(self, text: str) -> int:
        """Write ``text`` to the panel of the node that prints, else to the stream."""
        emitter = current_emitter()
        if self._take is None or emitter is None or emitter.run_id != self._run_id:
            return self._stream.write(text)
        self._take(emitter.node, text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def end(self) -> Stream:
        """Take nothing any more, and return the first stream below that is in use."""
        self._take = None
        below = self._stream
        while isinstance(below, NodePrints) and below._take is None:  # noqa: SLF001 - our own
            below = below._stream  # noqa: SLF001
        return below


@contextmanager
def printing_to(run_id: str, take: Callable[[str, str], None]) -> Iterator[None]:
    """Hand what the nodes of a run print to ``take`` while the block lasts.

    Blocks of several runs may overlap and end in any order.

    Examples
    --------
    >>> with printing_to("run", lambda node, text: None):
    ...     print("no node prints this")
    no node prints this
    """
    # It delegates all that it does not know itself to the real stream.
    mine = cast("TextIO", prints := NodePrints(sys.stdout, run_id, take))
    sys.stdout = mine
    try:
        yield
    finally:
        below = prints.end()
        if sys.stdout is mine:
            sys.stdout = cast("TextIO", below)
