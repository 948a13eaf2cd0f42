"""So many in at once, so many in line, and nobody lost."""

import asyncio

import pytest

from linus_nb.errors import OptionError, RequestRefusedError
from linus_nb.server.limits import Gate, Limits

pytestmark = pytest.mark.anyio


async def hold(gate, entered, leave):
    async with gate.slot():
        entered.append(asyncio.current_task().get_name())
        await leave.wait()


async def turns():
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


def start(gate, names, entered, leave):
    return [asyncio.create_task(hold(gate, entered, leave), name=name) for name in names]


async def test_those_in_line_enter_in_their_order():
    gate, entered, leave = Gate(Limits(max_runs=2)), [], asyncio.Event()
    tasks = start(gate, "abcd", entered, leave)
    await turns()
    assert entered == ["a", "b"]
    assert (gate.running, gate.waiting) == (2, 2)
    leave.set()
    await asyncio.gather(*tasks)
    assert entered == ["a", "b", "c", "d"]
    assert (gate.running, gate.waiting) == (0, 0)


async def test_a_full_line_refuses_with_503_and_the_time_to_come_again():
    gate = Gate(Limits(max_runs=1, max_waiting=1, retry_after=7))
    leave = asyncio.Event()
    tasks = start(gate, "ab", [], leave)
    await turns()
    with pytest.raises(RequestRefusedError, match="1 runs and 1 requests wait") as refused:
        async with gate.slot():
            pass
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "7"})
    leave.set()
    await asyncio.gather(*tasks)


async def test_who_leaves_the_line_takes_no_slot_with_him():
    gate, entered, leave = Gate(Limits(max_runs=1)), [], asyncio.Event()
    first, second, third = start(gate, "abc", entered, leave)
    await turns()
    second.cancel()
    await turns()
    assert gate.waiting == 1
    leave.set()
    await asyncio.gather(first, third)
    assert entered == ["a", "c"]
    assert gate.running == 0


async def test_a_slot_that_comes_to_one_who_is_just_leaving_passes_on():
    gate, entered, leave = Gate(Limits(max_runs=1)), [], asyncio.Event()
    first, second, third = start(gate, "abc", entered, leave)
    await turns()
    leave.set()
    await asyncio.sleep(0)  # the first has left, the second has the slot and has not woken yet
    second.cancel()
    await asyncio.gather(first, third)
    assert second.cancelled()
    assert entered == ["a", "c"]
    assert gate.running == 0


def test_the_line_works_on_one_loop_after_another():
    gate = Gate(Limits(max_runs=1))

    async def three():
        leave = asyncio.Event()
        tasks = start(gate, "abc", [], leave)
        await turns()
        leave.set()
        await asyncio.gather(*tasks)
        return gate.running

    assert [asyncio.run(three()) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("option", "value"),
    [("max_runs", 0), ("max_waiting", -1), ("max_run_seconds", 0), ("max_depth", 0)],
)
def test_a_limit_that_lets_nothing_through_is_refused_with_its_name(option, value):
    with pytest.raises(OptionError, match=f"{option}={value}"):
        Limits(**{option: value})
