"""How far a download is, on one line that is written over and over."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from types import TracebackType

Progress = Callable[[str, int, int], object]
"""Gets what is being done, the bytes done and the bytes in all."""

_EVERY = 0.1  # seconds between two updates
_MEGABYTE = 10**6


def unseen(_doing: str, _done: int, _total: int) -> None:
    """Take progress that nobody wants to see."""


class ProgressLine:
    r"""One updating line, which works in a terminal and in a notebook.

    Examples
    --------
    >>> import io
    >>> stream = io.StringIO()
    >>> with ProgressLine(stream) as line:
    ...     line("downloading", 49_000_000, 98_000_000)
    >>> stream.getvalue()
    '\rdownloading: 49 of 98 MB (50 %)\n'
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = ("", 0.0)
        self._width = 0

    def __call__(self, doing: str, done: int, total: int) -> None:
        """Show the state, if it is new enough to be worth it."""
        last_doing, last_time = self._shown
        now = monotonic()
        if doing == last_doing and done < total and now - last_time < _EVERY:
            return
        self._shown = (doing, now)
        percent = 100 * done // total if total else 0
        text = f"{doing}: {done / _MEGABYTE:.0f} of {total / _MEGABYTE:.0f} MB ({percent} %)"
        self._stream.write("\r" + text.ljust(self._width))
        self._stream.flush()
        self._width = len(text)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the line, if there is one."""
        if self._width:
            self._stream.write("\n")
            self._stream.flush()
