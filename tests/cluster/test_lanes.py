"""Who gets the next call, and what happens to calls when a stream ends."""

import asyncio
import contextlib

import pytest

from linus_nb.cluster.lane import Lane, WorkerLostError
from linus_nb.cluster.worker import Order, Outcome

pytestmark = pytest.mark.anyio

ASYNC = Order("n", is_async=True, is_agent=False, is_heard=False, target=b"", arguments=b"")


class FakeWire:
    """Keeps what is sent, and says what the test puts into it; None ends it."""

    def __init__(self):
        self.sent = []
        self.incoming = asyncio.Queue()
        self.closed = False

    def send(self, *message):
        self.sent.append(message)

    async def messages(self):
        while (message := await self.incoming.get()) is not None:
            yield message

    def close(self):
        self.closed = True


class Notes:
    """Keeps what it is told."""

    def __init__(self):
        self.told = []

    def begun(self, worker):
        self.told.append(("begun", worker))

    def event(self, packed):
        self.told.append(("event", packed))


@contextlib.asynccontextmanager
async def followed_lane():
    wire = FakeWire()
    lane = Lane("w", 1, wire)
    follower = asyncio.ensure_future(lane.follow())
    yield lane, wire, follower
    follower.cancel()
    await asyncio.wait([follower])


async def turns(number=5):
    for _ in range(number):
        await asyncio.sleep(0)


async def test_what_comes_back_goes_to_the_call_that_it_is_about():
    async with followed_lane() as (lane, wire, _):
        first, second = Notes(), Notes()
        calls = [asyncio.ensure_future(lane.make(ASYNC, notes)) for notes in (first, second)]
        await turns()
        assert [message[:2] for message in wire.sent] == [("call", 0), ("call", 1)]
        for message in [
            ("begun", 1), ("event", 1, b"e"), ("done", 1, "value", b"2", 0.5),
            ("begun", 7), ("done", 0, "value", b"1", 0.1),
        ]:  # fmt: skip
            wire.incoming.put_nowait(message)
        assert [(await call).packed for call in calls] == [b"1", b"2"]
        assert (first.told, second.told) == ([], [("begun", "w"), ("event", b"e")])


async def test_a_stopped_coroutine_answers_and_a_stopped_thread_is_left():
    async with followed_lane() as (lane, wire, _):
        call = asyncio.ensure_future(lane.make(ASYNC, Notes()))
        thread = asyncio.ensure_future(lane.make(ASYNC._replace(is_async=False), Notes()))
        await turns()
        call.cancel()
        thread.cancel()
        await turns()
        assert wire.sent[2:] == [("stop", 0), ("stop", 1)]
        assert (thread.cancelled(), call.done()) == (True, False)
        wire.incoming.put_nowait(("done", 0, "cancelled", b"", None))
        wire.incoming.put_nowait(("done", 1, "value", b"late", 1.0))
        assert await call == Outcome("cancelled")


async def test_all_calls_of_a_lost_worker_are_told_and_later_ones_too():
    async with followed_lane() as (lane, wire, follower):
        calls = [asyncio.ensure_future(lane.make(ASYNC, Notes())) for _ in range(3)]
        await turns()
        wire.incoming.put_nowait(None)
        await follower
        for call in [*calls, lane.make(ASYNC, Notes())]:
            with pytest.raises(WorkerLostError):
                await call
        assert wire.closed
