"""Nodes that say what ran, for the tests of runs that take over from others."""

import asyncio
from itertools import pairwise

import pytest
from graph_makers import dag_of


class Log:
    """Notes what ran, and fails or waits where it is told to."""

    def __init__(self):
        self.ran = []
        self.broken = set()
        self.hanging = set()
        self.hangs = asyncio.Event()

    def node(self, name, value=None):
        async def work(state):
            self.ran.append(name)
            if name in self.broken:
                raise ValueError(f"{name} is broken")
            if name in self.hanging:
                self.hangs.set()
                await asyncio.sleep(1_000)
            return f"{name} done" if value is None else value

        return work

    def take(self):
        """Return what has run since the last time."""
        ran, self.ran = self.ran, []
        return ran

    def chain(self, *names):
        edges = [f"{a} {b}" for a, b in pairwise(names)]
        return dag_of({name: self.node(name) for name in names}, edges)


async def cancelled_after(executor, log, name, state=None):
    """Run until ``name`` runs, and stop there."""
    log.hanging.add(name)
    task = asyncio.create_task(executor.aexecute(state))
    await log.hangs.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    log.hanging.clear()
