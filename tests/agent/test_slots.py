"""Calls at once to one server, across loops and threads."""

import asyncio

import pytest

from linus_nb.agent.serving.slots import Slots, slots_of


async def settle():
    """Let every task go on as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_waiting_calls_are_let_in_in_their_order():
    slots, order = Slots(), []

    async def call(name):
        async with slots.hold(1):
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(*[call(name) for name in "abcd"])
    assert order == list("abcd")
    assert slots.in_use == 0


@pytest.mark.anyio
async def test_a_call_that_is_cancelled_while_it_waits_takes_no_slot():
    slots = Slots()

    async def wait():
        async with slots.hold(1):
            pytest.fail("it was cancelled")

    async with slots.hold(1):
        waiting = asyncio.create_task(wait())
        await settle()
        waiting.cancel()
        await settle()
    assert waiting.cancelled()
    assert slots.in_use == 0


@pytest.mark.anyio
async def test_a_slot_granted_to_a_call_that_is_cancelled_in_that_moment_goes_to_the_next():
    slots, inside = Slots(), []

    async def call(name):
        async with slots.hold(1):
            inside.append(name)

    async with slots.hold(1):
        first, second = asyncio.create_task(call("first")), asyncio.create_task(call("second"))
        await settle()
    first.cancel()  # granted just now, and not awake yet
    await asyncio.gather(first, second, return_exceptions=True)
    assert inside == ["second"]
    assert slots.in_use == 0


def test_a_call_whose_loop_has_been_closed_holds_nobody_up():
    slots = Slots()

    async def enter():
        async with slots.hold(1):
            return slots.in_use

    with asyncio.Runner() as runner:
        holding = slots.hold(1)
        runner.run(holding.__aenter__())
        closed = asyncio.new_event_loop()
        forgotten = closed.create_task(enter())
        closed.run_until_complete(asyncio.sleep(0))
        closed.close()
        runner.run(holding.__aexit__(None, None, None))
        assert runner.run(enter()) == 1
    assert slots.in_use == 0
    assert not forgotten.done()


def test_a_server_has_the_same_slots_for_everybody():
    assert slots_of("http://a:1") is slots_of("http://a:1")
    assert slots_of("http://a:1") is not slots_of("http://b:1")
