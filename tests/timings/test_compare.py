"""Comparing schedules by running them."""

import pytest
from timing_samples import UNEVEN, dag_of, sleeping

from linus_nb.errors import OptionError, RunFailedError
from linus_nb.graph import AgentDAG
from linus_nb.timings import acompare, compare

SECONDS = {"a": 0.01, "b": 0.1, "c": 0.04, "d": 0.04, "e": 0.01}


@pytest.mark.anyio
async def test_dataflow_comes_near_the_bound_and_levels_do_not():
    dag = dag_of(UNEVEN, make=sleeping(SECONDS))
    frame = (await acompare(dag, repeat=3)).set_index("schedule")
    assert frame["runs"].tolist() == [3, 3, 3]
    assert frame.loc["sequential", "speedup"] == 1.0
    assert frame.loc["dataflow", "speedup"] > frame.loc["levels", "speedup"] > 1.0
    assert frame.loc["dataflow", "share_of_bound"] > 0.8
    assert frame.loc["dataflow", "bound"] == pytest.approx(0.12, rel=0.2)
    assert (frame["min"] <= frame["median"]).all()
    assert (frame["median"] <= frame["max"]).all()


@pytest.mark.anyio
async def test_the_first_schedule_is_what_speed_is_measured_against():
    dag = dag_of(UNEVEN, make=sleeping(SECONDS))
    frame = await acompare(dag, schedules=("dataflow", "sequential"), repeat=1)
    assert frame["speedup"].iloc[0] == 1.0
    assert frame["speedup"].iloc[1] < 1.0


def test_runs_are_interleaved():
    levels = []
    dag = AgentDAG("order")
    dag.add_node("a", lambda: levels.append("a"))
    dag.add_node("b", lambda: levels.append("b"))
    frame = compare(dag, schedules=("sequential", "levels"), repeat=2)
    assert frame["runs"].sum() == 4
    assert len(levels) == 8


def test_with_slots_the_bound_is_the_work_shared_out():
    dag = AgentDAG("flat")
    for name in "abcd":
        dag.add_node(name, sleeping(dict.fromkeys("abcd", 0.02))(name))
    row = compare(dag, schedules=("dataflow",), repeat=1, max_concurrency=2).iloc[0]
    assert row["bound"] == pytest.approx(0.04, rel=0.3)
    assert row["efficiency"] == pytest.approx(0.5)


def test_what_cannot_be_compared_is_refused():
    dag = AgentDAG("one")
    dag.add_node("n", lambda: 1)
    for bad in ({"repeat": 0}, {"repeat": 1.5}, {"schedules": ()}, {"schedules": ("fast",)}):
        with pytest.raises(OptionError):
            compare(dag, **bad)


def test_a_failed_run_is_no_measurement():
    def fails():
        raise ValueError("no")

    dag = AgentDAG("bad")
    dag.add_node("n", fails)
    with pytest.raises(RunFailedError, match="ValueError: no"):
        compare(dag, repeat=1)
