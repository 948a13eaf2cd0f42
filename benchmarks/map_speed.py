"""What a map costs: `python benchmarks/map_speed.py` prints each bound.

10,000 rows through a chain of three async functions of 1 ms each, beside a `gather` with a
semaphore written by hand, at the same concurrency, asked in turn; and how memory and the
journal grow with the rows.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from bounds import bound

from linus_nb.graph import AgentDAG, DAGExecutor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

ROWS = 10_000
AT_ONCE = 10
REPEATS = 5
SECONDS = 0.001


async def clean(text: str) -> str:
    """Be the first node."""
    await asyncio.sleep(SECONDS)
    return text.strip()


async def count(clean: str) -> int:
    """Be the second node."""
    await asyncio.sleep(SECONDS)
    return len(clean)


async def double(count: int) -> int:
    """Be the third node."""
    await asyncio.sleep(SECONDS)
    return 2 * count


def make_dag() -> AgentDAG:
    """Make the chain."""
    dag = AgentDAG("chain")
    for function in (clean, count, double):
        dag.node(function)
    return dag


def table(rows: int) -> pd.DataFrame:
    """Make a table of short texts."""
    return pd.DataFrame({"text": [f" {number} " for number in range(rows)]})


async def by_hand(frame: pd.DataFrame) -> pd.DataFrame:
    """Do what the map does, but for everything that it promises."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(row: dict[Any, Any]) -> int:
        async with slots:
            return await double(await count(await clean(row["text"])))

    rows = frame.to_dict("records")
    return frame.assign(double=await asyncio.gather(*map(one, rows)))


async def by_map(frame: pd.DataFrame) -> pd.DataFrame:
    """Map the DAG over the table."""
    return await DAGExecutor(make_dag()).amap(frame, max_concurrency=AT_ONCE)


def seconds(call: Callable[[pd.DataFrame], Awaitable[pd.DataFrame]], frame: pd.DataFrame) -> float:
    """Return how long a call takes on an event loop of its own."""

    async def timed() -> float:
        started = time.perf_counter()
        out = await call(frame)
        assert list(out["double"]) == [2 * len(text.strip()) for text in frame["text"]]  # noqa: S101
        return time.perf_counter() - started

    return asyncio.run(timed())


def ratio() -> float:
    """Return the map's time as a multiple of the hand-written one's: the best of each."""
    frame = table(ROWS)
    hand, ours = [], []
    for _ in range(REPEATS):  # in turn, so that a noisy moment hits both
        hand.append(seconds(by_hand, frame))
        ours.append(seconds(by_map, frame))
        print(f"  by hand {hand[-1]:.2f} s, map {ours[-1]:.2f} s")
    return min(ours) / min(hand)


async def stream(rows: int) -> AsyncIterator[dict[str, int]]:
    """Yield rows that nobody holds."""
    for number in range(rows):
        yield {"number": number}


def kilobytes_a_row(rows: int) -> float:
    """Return the most memory that a streamed map takes beyond its start, for each row."""
    dag = AgentDAG("one")
    dag.node("next", _next)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    asyncio.run(DAGExecutor(dag).amap(stream(rows)))
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak / rows / 1e3


async def _next(number: int) -> int:
    return number + 1


def bytes_of_journal(rows: int) -> float:
    """Return the size of the journal of a map, for each row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.db"
        asyncio.run(DAGExecutor(make_dag()).amap(table(rows), max_concurrency=200, journal=path))
        return os.path.getsize(path) / rows  # noqa: PTH202


def main() -> int:
    """Print a line for each bound; 0 if all hold."""
    small, large = kilobytes_a_row(2_000), kilobytes_a_row(20_000)
    stored, more = bytes_of_journal(1_000), bytes_of_journal(10_000)
    held = [
        bound("10,000 rows x 3 nodes of 1 ms, map / gather by hand", ratio(), 1.3),
        bound("memory of a streamed map, kB a row of 20,000", large, 1.5),
        bound("memory a row, 20,000 rows / 2,000 rows", large / small, 1.1),
        bound("journal, bytes a row of 10,000", more, 300),
        bound("journal a row, 10,000 rows / 1,000 rows", more / stored, 1.1),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
