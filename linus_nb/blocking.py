"""The one bridge from blocking code to the async implementation.

``agent.run`` and ``executor.execute`` are one line each: they hand their coroutine to
:func:`run_blocking`, which runs it on a background event loop in a thread of its own.
asyncio is never patched, so this works in a script, in a cell (whose loop is already
running), in a thread, in a FastAPI handler and inside a node of another run.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import threading
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

T = TypeVar("T")

logger = logging.getLogger("linus_nb")

_SECONDS_TO_CLEAN_UP = 1.0
"""How long an interrupted caller waits for its coroutine to end; a run needs 0.2 s."""


def run_blocking(coroutine: Coroutine[object, object, T]) -> T:
    """Run ``coroutine`` on the background loop and wait for its result.

    Parameters
    ----------
    coroutine : coroutine
        What to run. It sees a copy of the caller's context variables.

    Returns
    -------
    object
        What the coroutine returns.

    Raises
    ------
    BaseException
        What the coroutine raises. An interrupt of the caller cancels the coroutine
        and is raised once that has been cleaned up (or after one second).

    Examples
    --------
    >>> async def answer():
    ...     return 42
    >>> run_blocking(answer())
    42
    """
    with _loops.borrow() as loop:
        call = Call(coroutine, loop)
        try:
            # Started in here: an interrupt right after the start must not miss the cancel.
            return call.start().future.result()
        except FutureCancelledError:
            raise asyncio.CancelledError from None
        except BaseException:
            # Either the coroutine's own error (then this cancels nothing) or an
            # interrupt of this thread, which must not leave the work running.
            call.cancel_soon()
            wait([call.future], timeout=_SECONDS_TO_CLEAN_UP)
            raise


def submit(coroutine: Coroutine[object, object, T]) -> Call[T]:
    """Start ``coroutine`` on the running loop or, where there is none, on the background loop.

    Returns
    -------
    Call
        Its ``future`` holds the result; ``cancel_soon`` stops it from any thread.

    Examples
    --------
    >>> async def answer():
    ...     return 42
    >>> submit(answer()).future.result()
    42
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        with _loops.borrow() as background:
            return Call(coroutine, background).start()
    return Call(coroutine, loop).start()


class Call(Generic[T]):
    """One coroutine for a loop, which may be in another thread.

    Parameters
    ----------
    coroutine : coroutine
        What to run; it sees a copy of the caller's context variables.
    loop : AbstractEventLoop
        Where.
    """

    def __init__(
        self, coroutine: Coroutine[object, object, T], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.future: Future[T] = Future()
        self._coroutine = coroutine
        self._loop = loop
        self._task: asyncio.Task[T] | None = None

    def start(self) -> Self:
        """Set the coroutine to work; from any thread, once."""
        context = contextvars.copy_context()
        if self.is_on_this_loop():
            self._start(context)
        else:
            self._loop.call_soon_threadsafe(self._start, context)
        return self

    def is_on_this_loop(self) -> bool:
        """Whether the caller is on the loop that does the work."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def cancel_soon(self) -> None:
        """Cancel the coroutine; from any thread."""
        self._loop.call_soon_threadsafe(self._cancel)

    def _start(self, context: contextvars.Context) -> None:
        self._task = self._loop.create_task(self._coroutine, context=context)
        self._task.add_done_callback(self._finish)

    def _cancel(self) -> None:
        # A turn later, so that even one cancelled at once has begun and can clean up.
        if self._task is not None:
            self._loop.call_soon(self._task.cancel)
        else:  # interrupted before it was started
            self._coroutine.close()
            self.future.cancel()
            self.future.set_running_or_notify_cancel()

    def _finish(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.future.cancel()
            self.future.set_running_or_notify_cancel()
        elif (error := task.exception()) is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(task.result())


class _LoopThread:
    """An event loop that runs for ever in a daemon thread."""

    def __init__(self, number: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.blocked = False
        self.thread = threading.Thread(
            target=self._run, name=f"linus_nb-loop-{number}", daemon=True
        )
        self.thread.start()

    def _run(self) -> None:
        ended = False
        while not ended:
            # asyncio lets these two out of the loop too, once the task has got them: who
            # awaits it is told, and the loop is there for all others.
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()
                ended = True


class _Loops:
    """The background loops: one, and a further one only where it would wait for itself.

    A node on the background loop may itself call a blocking name. Its loop then stands
    still until the call returns, so the call (and whatever that call starts in other
    threads) must go to a loop that is not standing still.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: list[_LoopThread] = []

    @contextmanager
    def borrow(self) -> Iterator[asyncio.AbstractEventLoop]:
        """Give a loop that is free to run; mark the caller's own as standing still."""
        with self._lock:
            own = next((t for t in self._threads if t.thread is threading.current_thread()), None)
            if own is not None:
                own.blocked = True
            chosen = next((t for t in self._threads if not t.blocked), None)
            if chosen is None:
                chosen = _LoopThread(len(self._threads))
                self._threads.append(chosen)
        try:
            yield chosen.loop
        finally:
            if own is not None:
                own.blocked = False


_loops = _Loops()


def allow_nested_loops() -> None:
    """Let ``asyncio.run`` and ``run_until_complete`` work inside a running cell.

    linus_nb itself never needs this: every blocking name already works in a cell. It is
    for other people's code that calls ``asyncio.run``. It patches asyncio for the whole
    process (through ``nest_asyncio2``), and overlapping nested calls then finish last in,
    first out.

    Raises
    ------
    OptionError
        If the running loop is a uvloop, which cannot be patched.

    Examples
    --------
    >>> import linus_nb
    >>> linus_nb.allow_nested_loops()  # doctest: +SKIP
    """
    # Loaded here because importing linus_nb must neither patch nor load anything.
    import nest_asyncio2  # noqa: PLC0415

    try:
        nest_asyncio2.apply()
    except ValueError as error:
        loop = type(asyncio.get_event_loop())
        raise OptionError(
            f"nested loops are not possible on {loop.__module__}.{loop.__name__}: {error}",
            hint="use await, or start the process with the asyncio loop (--loop asyncio)",
        ) from error
    warn_of_old_nest_asyncio()


def warn_of_old_nest_asyncio() -> bool:
    """Warn if the unmaintained ``nest_asyncio`` has patched this process.

    On ipykernel 7.1 and later it loses messages: the next queued cell stays ``[*]``.

    Returns
    -------
    bool
        True if there was something to warn about.
    """
    old = sys.modules.get("nest_asyncio")
    if old is None or not hasattr(asyncio, "_nest_patched") or "nest_asyncio2" in sys.modules:
        return False
    logger.warning(
        "nest_asyncio has patched this process; on ipykernel 7.1 and later it can leave the "
        "next cell waiting for ever. linus_nb does not need it. For other code, restart the "
        "kernel and call linus_nb.allow_nested_loops() instead."
    )
    return True
