"""What an agent adds to its model: its own time, its CPU while it waits, and four at once.

The server is a FakeOllama in another process, which answers after as many seconds as the task
says. Run by `make bench`, or alone: ``python benchmarks/agent_speed.py``.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from bounds import row_of_bound
from langchain_ollama import ChatOllama

from linus_nb.agent.agent import ReasoningAgent, create_gemma_agent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

PAGE = Path(__file__).resolve().parent.parent / "docs" / "agent_speed.md"
MODEL = "gemma3:4b"
CALLS, ROUNDS = 40, 5
WAITING, REPLYING = 3.0, 0.5  # seconds
MOST_MS, MOST_CPU, MOST_AT_ONCE = 5.0, 3.0, 1.15
SERVER = """
from linus_nb.testing import FakeOllama, Step
with FakeOllama(lambda said: Step(text="ok", delay=float(said[-1]["content"]))) as server:
    print(server.url, flush=True)
    input()
"""


@contextmanager
def fake_server() -> Iterator[str]:
    """Give the URL of a server in another process."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process.stdout.readline().strip()
        process.communicate("\n")


async def seconds_of(ask: Callable[[], Awaitable[object]], times: int) -> float:
    """Return the median time of a call."""
    taken = []
    for _ in range(times):
        started = perf_counter()
        await ask()
        taken.append(perf_counter() - started)
    return statistics.median(taken)


async def added_ms(agent: ReasoningAgent, url: str) -> tuple[float, float]:
    """Return what a call takes by LangChain alone and what the agent adds, in milliseconds."""
    model = ChatOllama(model=MODEL, base_url=url)
    alone, ours = [], []
    for _ in range(ROUNDS):  # in turn, so that a noisy moment hits both
        alone.append(await seconds_of(lambda: model.ainvoke("0"), CALLS // ROUNDS))
        ours.append(await seconds_of(lambda: agent.arun("0"), CALLS // ROUNDS))
    base = statistics.median(alone)
    return 1e3 * base, 1e3 * (statistics.median(ours) - base)


async def cpu_percent(agent: ReasoningAgent) -> float:
    """Return the CPU time of this process while an agent waits, in percent of one core."""
    started, used = perf_counter(), process_time()
    await agent.arun(str(WAITING))
    return 100 * (process_time() - used) / (perf_counter() - started)


async def at_once(url: str) -> float:
    """Return the time of four agents at once, in times that of one."""
    agents = [agent_on(url) for _ in range(4)]
    await asyncio.gather(*[agent.arun("0") for agent in agents])  # builds the clients

    async def taken(count: int) -> float:
        started = perf_counter()
        await asyncio.gather(*[agent.arun(str(REPLYING)) for agent in agents[:count]])
        return perf_counter() - started

    return statistics.median([await taken(4) / await taken(1) for _ in range(ROUNDS)])


def agent_on(url: str) -> ReasoningAgent:
    """Return an agent without tools, one of whose runs is one call of the model."""
    return create_gemma_agent(model=MODEL, api_base=url)


async def measure() -> list[tuple[bool, str]]:
    """Return each bound as (holds, line of a table)."""
    with fake_server() as url:
        agent = agent_on(url)
        await agent.arun("0")
        alone, added = await added_ms(agent, url)
        cpu, four = await cpu_percent(agent), await at_once(url)
    return [
        row_of_bound(
            f"the agent's own time a model call, ms (LangChain alone: {alone:.2f})", added, MOST_MS
        ),
        row_of_bound("CPU while an agent waits for its model, % of a core", cpu, MOST_CPU),
        row_of_bound("four agents at once on 0.5 s replies / one agent", four, MOST_AT_ONCE),
    ]


def main() -> int:
    """Measure, print and write the page; 0 if every bound holds."""
    held = asyncio.run(measure())
    table = "\n".join(
        [
            "| bound | measured | at most | holds |",
            "| --- | --- | --- | --- |",
            *[t for _, t in held],
        ]
    )
    PAGE.write_text(f"# What an agent adds to its model\n\nWritten by `make bench`.\n\n{table}\n")
    print(table)
    return 0 if all(ok for ok, _ in held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
