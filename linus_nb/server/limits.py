"""How much a server takes on: sizes, times, and how many runs at once."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from linus_nb.errors import OptionError, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a server lets a request cost.

    Parameters
    ----------
    max_runs : int
        Runs at once, of agents and DAGs together.
    max_waiting : int
        Requests that wait for one of these; a further one gets 503 with ``Retry-After``.
    retry_after : int
        Seconds, for that header.
    max_run_seconds : float
        The longest run; then it is stopped and the client gets 504.
    max_body_bytes : int
        The largest request body.
    max_body_seconds : float
        The longest time that a client may take to send it.
    max_depth : int
        Most containers inside each other, in a body and in a result.
    max_result_items : int
        Values in the outputs of one reply; what is beyond is left out and said so.
    max_result_characters : int
        Characters of text in the outputs of one reply.
    heartbeat_seconds : float
        The longest silence in a stream of events; then a comment is sent.

    Examples
    --------
    >>> Limits(max_runs=200).max_waiting
    64
    >>> Limits(max_runs=0)
    Traceback (most recent call last):
    ...
    linus_nb.errors.OptionError: max_runs=0 is below 1
    """

    max_runs: int = 32
    max_waiting: int = 64
    retry_after: int = 1
    max_run_seconds: float = 600.0
    max_body_bytes: int = 1_000_000
    max_body_seconds: float = 30.0
    max_depth: int = 32
    max_result_items: int = 10_000
    max_result_characters: int = 1_000_000
    heartbeat_seconds: float = 15.0

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            least = {"max_waiting": 0, "retry_after": 0}.get(
                option.name, 0 if option.name.endswith("seconds") else 1
            )
            if value < least or (value == 0 and option.name.endswith("seconds")):
                told = f"below {least}" if least else "not above 0"
                raise OptionError(f"{option.name}={value!r} is {told}")


class Line:
    """Lets so many in at once; others wait in line.

    Who is cancelled while waiting leaves the line and takes nothing with him. Unlike an
    ``asyncio.Semaphore`` it can be used from one event loop after another.

    Parameters
    ----------
    most : int
        How many may be in.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._line: deque[asyncio.Future[None]] = deque()
        self.inside = 0

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @property
    def is_full(self) -> bool:
        """Whether the next one has to wait."""
        return self.inside >= self._most

    async def enter(self) -> None:
        """Wait until there is room, and take it."""
        if not self.is_full:
            self.inside += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._line.remove(turn)
            else:  # the turn came at the moment we were told to leave
                self.leave()
            raise

    def leave(self) -> None:
        """Give one's room to the next in line."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.inside -= 1


class Turns(Line):
    """Lets one in each turn of the event loop, so that many at once do not hold it up."""

    def __init__(self) -> None:
        super().__init__(1)

    async def take(self) -> None:
        """Wait for a turn of the loop in which nobody else begins."""
        await self.enter()
        asyncio.get_running_loop().call_soon(self.leave)


class Gate:
    """The one way to a run: a bounded number go on, a bounded number wait.

    Examples
    --------
    >>> gate = Gate(Limits(max_runs=1, max_waiting=0))
    >>> async def enter_twice():
    ...     async with gate.slot(), gate.slot():
    ...         pass
    >>> asyncio.run(enter_twice())
    Traceback (most recent call last):
    ...
    linus_nb.errors.RequestRefusedError: the server is busy: 1 runs and 0 requests wait
      -> try again in 1 s
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._runs = Line(limits.max_runs)
        self._empty: asyncio.Future[None] | None = None

    @property
    def running(self) -> int:
        """How many hold a slot."""
        return self._runs.inside

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return self._runs.waiting

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it.

        Raises
        ------
        RequestRefusedError
            503, if as many wait as may.
        """
        if self._runs.is_full and self.waiting >= self._limits.max_waiting:
            seconds = self._limits.retry_after
            raise RequestRefusedError(
                f"the server is busy: {self.running} runs and {self.waiting} requests wait",
                hint=f"try again in {seconds} s",
                status=503,
                headers={"Retry-After": str(seconds)},
            )
        await self._runs.enter()
        try:
            yield
        finally:
            self._runs.leave()
            if self.running == 0 and self._empty is not None and not self._empty.done():
                self._empty.set_result(None)

    async def empty(self, seconds: float) -> bool:
        """Wait until nobody holds a slot, at most so long; return whether it came to that."""
        if self.running:
            self._empty = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._empty], timeout=seconds)
        return self.running == 0
