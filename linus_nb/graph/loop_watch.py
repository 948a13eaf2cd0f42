"""Names nodes that hold the event loop: while one does, nothing else on the loop can run.

One thread for the process watches the loops of all runs, and ends soon after the last run.
It asks each loop for an answer every few hundredths of a second; where none comes, it looks
which node's task is being run and where that stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import sysconfig
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from linus_nb.graph.attempting import Attempts

logger = logging.getLogger("linus_nb")

LONGEST_HOLD = 0.1
"""Seconds for which a node may hold the loop without being named."""

_ASK_EVERY = 0.02
_STAYS = 1.0
"""Seconds that the thread waits for a further run before it ends."""

_NOT_THE_USERS = (
    str(Path(__file__).parents[1]),
    "<frozen",
    *(sysconfig.get_path(place) for place in ("stdlib", "platstdlib", "purelib", "platlib")),
)


class Watched(Protocol):
    """What is watched: a run with all that is nested in it, or several runs of one loop."""

    @property
    def everyone(self) -> Iterable[Attempts]:
        """The attempts of these runs; asked from another thread."""

    @property
    def notices(self) -> list[str]:
        """Gets what there is to tell."""


@dataclass(slots=True, eq=False)
class _Watched:
    """The loop of one run, and what is known of its answers."""

    around: Watched
    loop: asyncio.AbstractEventLoop
    thread: int
    answered: float = field(default_factory=perf_counter)
    asked: bool = False
    node: str | None = None
    place: str = ""
    longest: dict[str, float] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Ask the loop, or see what keeps it from answering (in the watching thread)."""
        if not self.asked:
            self.asked = True
            with contextlib.suppress(RuntimeError):  # the loop has closed
                self.loop.call_soon_threadsafe(self.answer)
        elif self.node is None and perf_counter() - self.answered > LONGEST_HOLD - _ASK_EVERY:
            self.node, self.place = self._holder()

    def answer(self) -> None:
        """Answer, and write down who held the loop until now (on the loop)."""
        now = perf_counter()
        held, node = now - self.answered, self.node
        self.answered, self.asked, self.node = now, False, None
        if node is not None and held > max(LONGEST_HOLD, self.longest.get(node, 0.0)):
            self.longest[node], self.places[node] = held, self.place

    def _holder(self) -> tuple[str | None, str]:
        frame = sys._current_frames().get(self.thread)  # noqa: SLF001 - the documented way
        task = asyncio.current_task(self.loop)
        if task is None or frame is None:
            return None, ""
        for attempts in tuple(self.around.everyone):
            path = attempts.path_of(task)
            if path is not None:
                return path, _place(frame)
        return None, ""

    def notices(self) -> Iterator[str]:
        """Tell who held the loop, and where."""
        if self.node is not None:  # and it was the last thing that the run did
            self.answer()
        for node, seconds in self.longest.items():
            yield (
                f"{node!r} held the event loop for {seconds:.1f} s at {self.places[node]}: nothing "
                "else could run\n"
                "  -> a plain `def` gets a thread of its own; or await asyncio.to_thread(...)"
            )


class _Watcher:
    """The thread, and whom it watches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[_Watched, None] = {}
        self._thread: threading.Thread | None = None

    def add(self, watched: _Watched) -> None:
        """Watch one more run."""
        with self._lock:
            self._watched[watched] = None
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._serve, name="linus_nb-watch", daemon=True
                )
                self._thread.start()

    def remove(self, watched: _Watched) -> None:
        """Watch a run no more."""
        with self._lock:
            self._watched.pop(watched, None)

    def _serve(self) -> None:
        pause = threading.Event()
        idle_since = perf_counter()
        while True:
            pause.wait(_ASK_EVERY)
            if self._look():
                idle_since = perf_counter()
            elif perf_counter() - idle_since > _STAYS and self._is_over():
                return

    def _look(self) -> bool:
        """Look at all runs; a method of its own, so that the thread keeps hold of none."""
        watched = tuple(self._watched)
        for one in watched:
            one.look()
        return bool(watched)

    def _is_over(self) -> bool:
        with self._lock:
            if self._watched:
                return False
            self._thread = None
            return True


_watcher = _Watcher()


@contextlib.contextmanager
def watching(around: Watched) -> Iterator[None]:
    """Name the nodes of a run (and of those nested in it) that hold the running loop.

    Parameters
    ----------
    around : Watched
        The surroundings of the run; gets the notices.
    """
    watched = _Watched(around, asyncio.get_running_loop(), threading.get_ident())
    _watcher.add(watched)
    try:
        yield
    finally:
        _watcher.remove(watched)
        for notice in watched.notices():
            around.notices.append(notice)
            logger.info(notice)


def _place(frame: FrameType) -> str:
    """Return where the innermost code of the user's own stands, as ``file:line in function``."""
    innermost: FrameType = frame
    walked: FrameType | None = frame
    while walked is not None:
        if not walked.f_code.co_filename.startswith(_NOT_THE_USERS):
            innermost = walked
            break
        walked = walked.f_back
    code = innermost.f_code
    return f"{code.co_filename}:{innermost.f_lineno} in {code.co_name}"
