"""Messages both ways between a run and a worker, in order; both ends use this."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeAlias

from distributed.comm.core import CommClosedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from distributed.comm.core import Comm

OPERATION = "linus_nb"
"""Under which name a worker's server knows our end of the stream."""

Message: TypeAlias = tuple[Any, ...]
"""Its kind, the number of the call that it is about, and whatever that kind has more."""


class Wire:
    """A stream of messages; to be used on the loop that made it.

    Parameters
    ----------
    comm : Comm
        Dask's connection, encrypted where the cluster is.
    """

    def __init__(self, comm: Comm) -> None:
        self._comm = comm
        self._outbox: list[Message] = []
        self._writing: asyncio.Task[None] | None = None

    def send(self, *message: Any) -> None:
        """Send soon; what is said in one turn of the loop travels together."""
        self._outbox.append(message)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        # That the other end has gone is told to whoever reads.
        with contextlib.suppress(CommClosedError, OSError):
            while self._outbox:
                batch, self._outbox = self._outbox, []
                await self._comm.write(batch)
        self._writing = None

    async def messages(self) -> AsyncIterator[Message]:
        """Yield what comes, until the other end has gone."""
        with contextlib.suppress(CommClosedError, OSError):
            while True:
                for message in await self._comm.read():
                    yield message

    def close(self) -> None:
        """Break off; the other end sees that at once."""
        self._comm.abort()
