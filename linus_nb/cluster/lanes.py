"""The workers of a cluster as a run sees them: which there are, and who gets the next call.

Everything here lives on the loop of the cluster's client.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from distributed.comm.core import connect

from linus_nb import __version__
from linus_nb.cluster.lane import Lane
from linus_nb.cluster.wire import OPERATION, Wire
from linus_nb.cluster.worker import prepare
from linus_nb.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed import Client

logger = logging.getLogger("linus_nb")

_LOOK_EVERY, _LOOK_AGAIN = 1.0, 0.1
"""Seconds between two looks at which workers there are; and while there are none."""

_PATIENCE = 30.0
"""Seconds that a call waits for a first worker."""

_FAIR_START, _LONGEST_OPENING = 2.0, 10.0
"""Seconds that the first workers wait for the others; and in which one has to take a stream."""

_KEPT = 1.0
"""Seconds for which streams that nobody uses are kept."""


class Lanes:
    """A lane for each worker of a cluster.

    Parameters
    ----------
    client : Client
        Knows the scheduler, and how to connect.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lanes: dict[str, Lane] = {}
        self._followers: set[asyncio.Task[None]] = set()
        self._waiting: dict[bool, deque[asyncio.Future[Lane]]] = {True: deque(), False: deque()}
        self._looking: asyncio.Task[None] | None = None
        self._looked = 0.0
        self._unreached: str | None = None
        self._used = 0
        self._closing: asyncio.TimerHandle | None = None

    async def take(self, *, is_async: bool) -> Lane:
        """Wait for a worker that has time, the least busy one; give it back when it is done."""
        loop = asyncio.get_running_loop()
        if not self._lanes or loop.time() - self._looked > _LOOK_EVERY:
            self._look_soon()
        self._used += 1
        turn: asyncio.Future[Lane] = loop.create_future()
        self._waiting[is_async].append(turn)
        self._hand_out()
        try:
            return await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back(turn.result(), is_async=is_async)
            else:
                self._leave()
            raise

    def give_back(self, lane: Lane, *, is_async: bool) -> None:
        """Let others have what ``take`` gave."""
        lane.busy[is_async] -= 1
        self._hand_out()
        self._leave()

    def _leave(self) -> None:
        self._used -= 1
        if self._used == 0:
            if self._closing is not None:
                self._closing.cancel()
            self._closing = asyncio.get_running_loop().call_later(_KEPT, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self._used == 0:
            self._lanes.clear()  # at once, so that nobody gets one that is about to close
            for follower in self._followers:
                follower.cancel()

    def _hand_out(self) -> None:
        for is_async, waiting in self._waiting.items():
            while waiting and (lane := self._best(is_async=is_async)) is not None:
                turn = waiting.popleft()
                if not turn.done():
                    lane.busy[is_async] += 1
                    turn.set_result(lane)

    def _best(self, *, is_async: bool) -> Lane | None:
        able = [
            lane for lane in self._lanes.values() if is_async or lane.busy[is_async] < lane.threads
        ]
        return min(able, key=lambda lane: lane.load(is_async=is_async), default=None)

    # --- which workers there are -----------------------------------------------

    def _look_soon(self) -> None:
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        trouble = None
        try:
            trouble = await self._open_some()
        except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait for ever
            trouble = ClusterError(f"the cluster cannot be used: {type(error).__name__}: {error}")
        finally:
            self._looked, self._looking = asyncio.get_running_loop().time(), None
        if not self._lanes:
            self._fail(trouble or self._no_workers())

    async def _open_some(self) -> ClusterError | None:
        """Open lanes, patiently while there is no worker; return why one cannot be used."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE
        while True:
            troubles = await self._open_new()
            for trouble in troubles:
                logger.warning("%s", trouble)
            if self._lanes or troubles or loop.time() > deadline:
                return troubles[0] if troubles else None
            await asyncio.sleep(_LOOK_AGAIN)

    def _no_workers(self) -> ClusterError:
        scheduler = self._client.scheduler.address
        if self._unreached is not None:
            return ClusterError(
                f"the scheduler {scheduler} answers, but not {self._unreached}",
                hint="a run talks to each worker: its address has to be reachable from here",
            )
        return ClusterError(f"the cluster at {scheduler} has no workers", hint="cluster.scale(2)")

    def _fail(self, trouble: ClusterError) -> None:
        for waiting in self._waiting.values():
            for turn in waiting:
                if not turn.done():
                    turn.set_exception(trouble)
            waiting.clear()

    async def _open_new(self) -> list[ClusterError]:
        """Open a lane to each new worker; return why some cannot be used."""
        known = (await self._client.scheduler.identity())["workers"]
        self._unreached = None
        opening = {
            asyncio.create_task(self._open(address, worker))
            for address, worker in known.items()
            if address not in self._lanes and worker.get("status", "running") == "running"
        }
        # All at once, so that calls spread; but one that has just died must not hold up the rest.
        if opening:
            await asyncio.wait(opening, timeout=_FAIR_START)
            self._hand_out()
        troubles = await asyncio.gather(*opening)
        self._hand_out()
        return [trouble for trouble in troubles if trouble is not None]

    async def _open(self, address: str, worker: Mapping[str, Any]) -> ClusterError | None:
        try:
            async with asyncio.timeout(_LONGEST_OPENING):
                theirs = (await self._client.run(prepare, workers=[address]))[address]
                comm = await connect(address, **self._client.connection_args)
                await comm.write({"op": OPERATION, "reply": False})
        except OSError as error:
            self._unreached = f"worker {address} ({error or type(error).__name__})"
            return None
        except ImportError as error:
            return ClusterError(
                f"worker {address} cannot be used: {error}", hint='pip install "linus-nb[dask]"'
            )
        if theirs != __version__:
            comm.abort()
            return ClusterError(
                f"worker {address} has linus_nb {theirs}, this is {__version__}",
                hint=f"pip install linus-nb=={__version__}",
            )
        lane = self._lanes[address] = Lane(str(worker["id"]), worker["nthreads"], Wire(comm))
        follower = asyncio.create_task(self._follow(address, lane))
        self._followers.add(follower)
        follower.add_done_callback(self._followers.discard)
        return None

    async def _follow(self, address: str, lane: Lane) -> None:
        try:
            await lane.follow()
        finally:
            if self._lanes.get(address) is lane:
                del self._lanes[address]
            if any(self._waiting.values()):
                self._look_soon()
