"""An event loop on virtual time: exact makespans, and no waiting for them."""

import asyncio
import functools
import selectors

import pytest

from linus_nb.graph.run import Run
from linus_nb.graph.slots import Slots
from linus_nb.graph.surroundings import Surroundings


class _VirtualSelector(selectors.DefaultSelector):
    """Lets time pass at once where a real loop would sleep."""

    now = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing will ever happen on this loop: a deadlock"
            self.now += max(timeout, 0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Only for what happens on the loop itself: other threads live in real time."""

    def __init__(self):
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)
        self.complaints = []
        self.set_exception_handler(lambda loop, context: self.complaints.append(context))

    def time(self):
        return self._virtual.now


def run_virtually(coroutine):
    """Run to the end; fail if a task is left running or an exception was lost."""
    loop = VirtualTimeLoop()
    try:
        value = loop.run_until_complete(coroutine)
        assert asyncio.all_tasks(loop) == set(), "tasks were left running"
        assert loop.complaints == []
        return value
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(1))
        loop.close()


def on_virtual_time(test):
    """Make an async test one that runs on virtual time."""

    @functools.wraps(test)
    def run_test(*args, **kwargs):
        run_virtually(test(*args, **kwargs))

    return run_test


def new_run(dag, initial=None, policy="dataflow", *, slots=None, limits=None, publish=None):
    """Make a run whose clock is the running (virtual) loop's."""
    dag.validate(initial or {})
    around = Surroundings(
        "run",
        policy,
        publish=publish,
        slots=Slots(slots, limits or {}) if slots or limits else None,
        clock=asyncio.get_running_loop().time,
    )
    return Run(dag.structure(), dag.plans(), initial or {}, around)


async def run_dag(dag, initial=None, policy="dataflow", **options):
    """Run ``dag`` on the running (virtual) loop and return its result."""
    return await new_run(dag, initial, policy, **options).execute()


def seconds(value):
    """Seconds on virtual time are exact up to the rounding of sums."""
    return pytest.approx(value, abs=1e-6)
