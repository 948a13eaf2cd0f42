"""`make bench`: linus_nb beside its peers on the same graphs, and the bounds that we promise.

Every peer runs in a virtual environment of its own; all are asked in turn, so that a noisy
moment hits all alike. Prints the bounds and writes docs/benchmarks.md; then come what an agent
adds to its model (docs/agent_speed.md) and its right answers (docs/accuracy.md).
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from bounds import row_of_bound

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
BENCH = HERE / "peerbench"
VENVS = Path(os.environ.get("PEERBENCH_VENVS", HERE / ".venvs"))
PAGE = HERE.parent / "docs" / "benchmarks.md"

OURS, FLOOR = "linus-nb", "bare-counts"
PEERS = {
    "langgraph": "langgraph",
    "haystack": "haystack",
    "llama-workflows": "llamaindex",
    "pydantic-graph": "pydanticgraph",
    "hamilton": "hamilton",
    "pipefunc": "pipefunc",
    "dask-threads": "dask",
    "agent-framework": "agentframework",
    "autogen-graphflow": "autogen",
    "google-adk": "googleadk",
}
SHAPES = ("chain", "fan", "layered")
CRITICAL_PATH_OF_IRREGULAR = 0.2441
SECONDS_OF_A_SYNC_NODE = 0.020
PARTS = (
    "journal_cost",
    "timings_cost",
    "view_cost",
    "map_speed",
    "cluster_speed",
    "agent_speed",
    "accuracy",
)

Medians = dict[tuple[str, str], dict[str, float]]


def main() -> int:
    """Run everything; 0 if every bound holds."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated; '' for none")
    parser.add_argument("--repeats", default="5")
    options = parser.parse_args()
    peers = [name for name in options.peers.split(",") if name]
    make_environments(peers)
    names = [OURS, "linus-nb-levels", FLOOR, "bare-levels", *peers]
    run("runner.py", "--only", ",".join(names), "--repeats", options.repeats)
    tables = run("summarize.py")
    held = check_bounds(peers)
    PAGE.write_text(page(held, tables))
    print("\n".join(line for _, line in held))
    others = [run_module(name) for name in PARTS]
    return 0 if all([*others, *(ok for ok, _ in held)]) else 1


def run_module(module: str) -> bool:
    """Run another benchmark, which prints or writes its own; whether its bounds hold."""
    environment = {**os.environ, "PEERBENCH_VENVS": str(VENVS)}
    command = [sys.executable, "-m", module]
    return subprocess.run(command, cwd=HERE, env=environment, check=False).returncode == 0


def make_environments(peers: list[str]) -> None:
    """Make the virtual environments that are missing."""
    wanted = ["base", "linus", *(PEERS[name] for name in peers)]
    missing = [name for name in dict.fromkeys(wanted) if not (VENVS / name / "bin").exists()]
    if missing:
        environment = {**os.environ, "PEERBENCH_VENVS": str(VENVS), "PYTHON": sys.executable}
        subprocess.run(["bash", "make_venvs.sh", *missing], cwd=BENCH, env=environment, check=True)


def run(script: str, *arguments: str) -> str:
    """Run a script of peerbench and return what it prints."""
    environment = {**os.environ, "PEERBENCH_VENVS": str(VENVS)}
    command = [sys.executable, script, *arguments]
    done = subprocess.run(
        command, cwd=BENCH, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def medians(part: str, value: Callable[[dict[str, str]], float]) -> dict[tuple[str, str], float]:
    """Return the median of ``value`` by executor and graph."""
    found = defaultdict(list)
    with (BENCH / "results" / f"{part}.csv").open() as lines:
        for row in csv.DictReader(lines):
            if not row.get("error"):
                found[row["adapter"], row.get("graph", "")].append(value(row))
    return {key: statistics.median(values) for key, values in found.items()}


def check_bounds(peers: list[str]) -> list[tuple[bool, str]]:
    """Return each bound as (holds, line of a table)."""
    run_us = medians("noop", lambda row: 1e6 * float(row["run_s"]) / int(row["nodes"]))
    build_us = medians("noop", lambda row: 1e6 * float(row["build_s"]) / int(row["nodes"]))
    lines = []
    for shape in SHAPES:
        ours, floor = run_us[OURS, f"{shape}-1000"], run_us[FLOOR, f"{shape}-1000"]
        lines.append(
            row_of_bound(f"{shape} of 1,000 nodes / hand-written executor", ours / floor, 3.0)
        )
        best = min((run_us.get((peer, f"{shape}-1000"), 1e9), peer) for peer in peers or [FLOOR])
        if peers:
            told = f"{shape} of 1,000 nodes / fastest peer ({best[1]})"
            lines.append(row_of_bound(told, ours / best[0], 1.0))
        growth = run_us[OURS, f"{shape}-10000"] / run_us[OURS, f"{shape}-100"]
        its_own = run_us[FLOOR, f"{shape}-10000"] / run_us[FLOOR, f"{shape}-100"]
        told = f"{shape}: growth of µs/node, 100 to 10,000 nodes / the executor's own growth"
        lines.append(row_of_bound(told, growth / its_own, 1.5))
        told = f"{shape} of 1,000 nodes: build + validate, µs a node"
        lines.append(row_of_bound(told, build_us[OURS, f"{shape}-1000"], 30.0))
    irregular = medians("irregular", lambda row: float(row["run_s"]))
    ratio = irregular[OURS, "irregular-8x5"] / CRITICAL_PATH_OF_IRREGULAR
    lines.append(row_of_bound("irregular 8 x 5 / its critical path", ratio, 1.05))
    sync = medians("sync", lambda row: float(row["run_s"]))[OURS, "syncfan-16"]
    told = "1 → 16 → 1 sync nodes of 20 ms / 20 ms"
    lines.append(row_of_bound(told, sync / SECONDS_OF_A_SYNC_NODE, 1.5))
    imported = 1e3 * medians("import", lambda row: float(row["import_s"]))[OURS, ""]
    lines.append(row_of_bound("import linus_nb over a bare interpreter, ms", imported, 60.0))
    return lines


def page(held: list[tuple[bool, str]], tables: str) -> str:
    """Return the documentation page."""
    return (
        "# Speed\n\n"
        "Written by `make bench`. Compare numbers of one run only: the machine is shared and "
        "noisy, so what counts are ratios. Executors run the same graphs of trivial nodes, each "
        "library in its own virtual environment, asked in turn; how it measures is told in "
        "`benchmarks/peerbench/README.md`. `linus-nb` runs in dataflow, "
        "`linus-nb-levels` with a barrier a level (the default).\n\n"
        "## What we promise\n\n| bound | measured | at most | holds |\n| --- | --- | --- | --- |\n"
        + "\n".join(line for _, line in held)
        + "\n\n## Everything\n\n"
        + tables
    )


if __name__ == "__main__":
    raise SystemExit(main())
