"""Bounds and the critical path, with numbers worked out by hand."""

import itertools
import math
import random

import pandas as pd
import pytest
from timing_samples import DIAMOND, UNEVEN, UNEVEN_SECONDS, dag_of, run, sleeping, virtual_run

from linus_nb.errors import OptionError
from linus_nb.graph import AgentDAG
from linus_nb.timings import bounds, critical_path, makespan, simulate


def test_work_span_and_ideal_speedup_do_not_depend_on_the_schedule():
    for schedule in ("sequential", "levels", "dataflow"):
        dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule=schedule)
        found = bounds(frame, dag)
        assert (found.work, found.span, found.ideal_speedup) == (9.0, 5.0, 1.8)


def test_lost_time_is_split_by_cause_and_adds_up():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule="levels")
    found = bounds(frame, dag)
    assert found.lost == {"barrier": 2.0, "slot": 0.0, "loop": 0.0}
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule="dataflow", max_concurrency=1)
    found = bounds(frame, dag, max_concurrency=1)
    assert found.lost == {"barrier": 0.0, "slot": 4.0, "loop": 0.0}
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule="sequential")
    found = bounds(frame, dag, schedule="sequential")
    assert found.lost == {"barrier": 0.0, "slot": 4.0, "loop": 0.0}
    assert found.span + sum(found.lost.values()) == found.makespan


def test_a_node_that_blocks_the_loop_is_found():
    def make(name):
        async def blocks():
            sum(range(2_000_000))

        return blocks

    dag = AgentDAG("blocking")
    for name in "abcd":
        dag.add_node(name, make(name))
    found = bounds(run(dag))
    assert found.lost["loop"] > 0.5 * found.makespan
    assert found.span + sum(found.lost.values()) == pytest.approx(found.makespan)


@pytest.mark.parametrize("seed", range(20))
def test_a_dataflow_run_with_slots_lies_between_the_lower_and_grahams_bound(seed):
    chance = random.Random(seed)
    names = [f"n{number}" for number in range(30)]
    edges = [(a, b) for a, b in itertools.combinations(names, 2) if chance.random() < 0.08]
    dag = dag_of([*edges, (names[0], names[-1])])
    seconds = {name: chance.expovariate(1.0) for name in dag.nodes}
    slots = chance.randint(1, 6)
    frame = simulate(run(dag), durations=seconds, max_concurrency=slots)
    found = bounds(frame, dag, max_concurrency=slots)
    assert found.lower <= found.makespan + 1e-9
    assert found.makespan <= found.upper + 1e-9
    assert found.work == pytest.approx(sum(seconds.values()))


def test_bounds_with_slots_worked_out_by_hand():
    seconds = {"a": 3.0, "b": 2.0, "c": 2.0, "d": 5.0}
    dag = dag_of([("a", "d"), ("b", "d"), ("c", "d")])
    frame = simulate(run(dag), durations=seconds, max_concurrency=2)
    found = bounds(frame, dag, max_concurrency=2)
    assert (found.work, found.span, found.makespan) == (12.0, 8.0, 9.0)
    assert (found.lower, found.upper) == (8.0, 10.0)


def test_the_servers_queue_on_the_critical_path_is_told():
    dag, frame = virtual_run(DIAMOND, {"start": 1.0, "left": 4.0, "right": 1.0, "end": 1.0})
    frame["server_queue"] = [0.0, 3.0, 0.0, 0.5]
    found = bounds(frame, dag)
    assert (found.span, found.server_queue) == (6.0, 3.5)


def test_the_critical_path_is_the_longest_chain():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule="levels")
    assert critical_path(frame, dag) == ["a", "b", "e"]
    quick = simulate(frame, dag, durations={"b": 1.0})
    assert critical_path(quick, dag) == ["a", "c", "d", "e"]


def test_the_critical_path_goes_through_nested_dags():
    inner = dag_of([("x", "z"), ("y", "z")], make=sleeping({"x": 0.0, "y": 0.02, "z": 0.0}))
    outer = AgentDAG("outer")
    outer.add_node("inner", inner)
    outer.add_node("after", lambda: 1)
    outer.add_edge("inner", "after")
    assert critical_path(run(outer)) == ["inner/y", "inner/z", "after"]


def test_a_frame_without_its_dag_tells_the_chain_from_the_times():
    _, frame = virtual_run(UNEVEN, UNEVEN_SECONDS)
    assert critical_path(frame) == ["a", "b", "e"]


def test_runs_of_nothing_have_bounds_of_nothing():
    found = bounds(run(AgentDAG("empty")), max_concurrency=2)
    assert (found.work, found.span, found.lower, found.upper) == (0.0, 0.0, 0.0, 0.0)
    assert math.isnan(found.ideal_speedup)
    assert critical_path(run(AgentDAG("empty"))) == []


def test_a_failed_run_has_the_bounds_of_what_ran():
    def fails():
        raise ValueError("no")

    dag = dag_of([("a", "b"), ("b", "c")], make=lambda name: fails if name == "b" else int)
    result = run(dag)
    assert result.status == "failed"
    assert critical_path(result) == ["a", "b"]
    assert bounds(result).span <= result.execution_time_seconds


def test_a_frame_of_another_dag_or_without_columns_is_refused():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS)
    with pytest.raises(OptionError, match="another DAG than 'other'"):
        bounds(frame, dag_of(DIAMOND, name="other"))
    with pytest.raises(OptionError, match="no column 'queued'"):
        critical_path(frame.drop(columns="queued"), dag)
    with pytest.raises(OptionError, match="no column 'ended'"):
        makespan(pd.DataFrame({"node": ["a"]}))


def test_the_text_names_what_was_lost():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule="levels")
    assert "at best 5 s" in str(bounds(frame, dag))
    assert "barrier 2 s" in str(bounds(frame, dag))
