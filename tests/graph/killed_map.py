"""A map of 2,000 rows for the tests that kill it: ``python killed_map.py journal log out``.

It says "begun" when its first row runs, notes each row that is executed in the log, takes from
the journal what is there, and writes its frame at the end, but for the times.
"""

import asyncio
import sys
from pathlib import Path

import pandas as pd

from linus_nb.graph import AgentDAG, DAGExecutor

ROWS = 2_000


def table():
    """Make the table, in every process alike: its index has each label twice."""
    numbers = range(ROWS)
    return pd.DataFrame(
        {"number": numbers, "text": [f"row {n}" for n in numbers]}, index=[n // 2 for n in numbers]
    )


def make_dag(log):
    """Make the DAG, in every process alike; every hundredth row fails."""
    dag, begun = AgentDAG("killed"), []

    @dag.node
    async def half(number):
        if not begun:
            begun.append(number)
            print("begun", flush=True)  # noqa: T201 - how it speaks
        with log.open("a") as file:
            file.write(f"{number}\n")
        await asyncio.sleep(0.001 * (number % 3))
        return number / 2

    @dag.node
    async def both(half, text):
        if half % 50 == 7:
            raise ValueError(f"{text} is bad")
        return {"half": half, "words": tuple(text.split())}

    return dag


def main():
    """Map, or go on."""
    journal, log, out = map(Path, sys.argv[1:])
    frame = DAGExecutor(make_dag(log)).map(table(), ["half", "both"], journal=journal)
    frame.drop(columns="seconds").to_pickle(out)


if __name__ == "__main__":
    main()
