"""Real servers for the tests: uvicorn in a thread, and what is served by it."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from linus_nb import AgentDAG, create_gemma_agent
from linus_nb.testing import FakeOllama, Step

IN_FULL = bool(os.environ.get("LINUS_NB_CAMPAIGN"))
LOOPS = ("asyncio", "uvloop")
SSE = {"accept": "text/event-stream"}


def agent_on(ollama, **options):
    """Return an agent without tools on a fake server: one model call a query."""
    return create_gemma_agent(model="gemma3:4b", api_base=ollama.url, backend="ollama", **options)


def silent_ollama():
    """Return a server that answers nobody within the tests' time."""
    return FakeOllama(lambda _: Step(text="too late", delay=60))


def agent_dag(ollama, name="asking"):
    """Return a DAG whose one agent is on a fake server."""
    dag = AgentDAG(name)
    dag.node("answer", agent_on(ollama), prompt="{question}")
    return dag


def greeting():
    """Return a DAG of two functions that answers at once."""
    dag = AgentDAG("greeting")

    @dag.node
    async def hello(name, polite):
        return f"hello {name}" if polite else name

    @dag.node
    async def loud(hello):
        return hello.upper()

    return dag


class Barrier:
    """Nodes that say when they run and wait until they are let go."""

    def __init__(self):
        self.running = self.most = self.stopped = 0
        self.started = []
        self._changed = threading.Condition()
        self._waiters = []
        self._open = False

    def dag(self):
        """Return a DAG of one node that waits here."""
        dag = AgentDAG("waiting")
        dag.add_node("wait", self._wait, input_mapping={"number": "number"})
        return dag

    async def _wait(self, number):
        gate = asyncio.Event()
        waiter = (asyncio.get_running_loop(), gate)
        self._waiters.append(waiter)
        self._note(1, number)
        try:
            if not self._open:
                await gate.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        finally:
            self._waiters.remove(waiter)
            self._note(-1)
        return number

    def _note(self, change, number=None):
        with self._changed:
            self.running += change
            self.most = max(self.most, self.running)
            if number is not None:
                self.started.append(number)
            self._changed.notify_all()

    def until(self, running, seconds=5.0):
        """Block until so many wait here; return whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: self.running == running, seconds)

    async def auntil(self, running):
        """Wait until so many wait here."""
        assert await asyncio.to_thread(self.until, running)

    def let_go(self):
        """Let all go on, and all who come later."""
        self._open = True
        for loop, gate in list(self._waiters):
            loop.call_soon_threadsafe(gate.set)


async def until_health(client, **wanted):
    """Ask the server how it is until it is as ``wanted``; its answer is what takes time."""
    async with asyncio.timeout(10):
        while not wanted.items() <= (await client.get("/health")).json().items():
            pass


def events_of(text):
    """Return (kind, data) of each event in a stream's text."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    pairs = (block.split("\n") for block in blocks)
    return [
        (kind.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for kind, data in pairs
    ]


@contextlib.contextmanager
def served_by_command(ollama, *options, **environment):
    """Run ``linus-nb serve`` on ``loaded_app`` in a process of its own; yield it and its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "linus_nb.cli", "serve", "loaded_app:app", "--port", "0", *options],
        cwd=Path(__file__).parent,
        env=os.environ | {"FAKE_OLLAMA": ollama.url, **environment},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        for line in process.stderr:
            if (told := re.search(r"running on (http://[\d.:]+)", line)) is not None:
                break
        else:
            raise AssertionError(f"the server ended with {process.wait()}")
        draining = threading.Thread(target=process.stderr.read)  # else its log would fill the pipe
        draining.start()
        yield process, told[1]
    finally:
        process.terminate()
        process.wait()
        draining.join()
        process.stderr.close()
