"""What-if: the engine's ordering code on a virtual clock."""

import asyncio
import time

import pandas as pd
import pytest
from timing_samples import UNEVEN, UNEVEN_SECONDS, by_node, dag_of, run, sleeping, virtual_run

from linus_nb.errors import OptionError, UnknownNodeError
from linus_nb.graph import AgentDAG, DAGExecutor
from linus_nb.timings import makespan, simulate


@pytest.mark.parametrize(
    ("schedule", "slots", "seconds"),
    [
        ("sequential", None, 9.0),
        ("levels", None, 7.0),
        ("dataflow", None, 5.0),
        ("levels", 1, 9.0),
        ("dataflow", 1, 9.0),
    ],
)
def test_schedules_and_slots_give_the_makespan_worked_out_by_hand(schedule, slots, seconds):
    _, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule=schedule, max_concurrency=slots)
    assert makespan(frame) == seconds


def test_the_simulated_frame_is_a_frame_of_timings():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule="levels")
    assert frame.dtypes.to_dict() == run(dag).timings.dtypes.to_dict()
    waits = by_node(frame)["wait_barrier"].to_dict()
    assert waits == {"a": 0.0, "b": 0.0, "c": 0.0, "d": 3.0, "e": 0.0}


def test_a_limit_on_a_resource_holds():
    dag = AgentDAG("gpu")
    for name in "abc":
        dag.add_node(name, lambda: None, resource="gpu")
    seconds = dict.fromkeys("abc", 1.0)
    assert makespan(simulate(run(dag), durations=seconds, limits={"gpu": 2})) == 2.0
    assert makespan(simulate(run(dag), durations=seconds)) == 1.0


def test_a_cut_edge_lets_its_target_start_earlier():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS)
    cut = dag.copy()
    cut.remove_edge("b", "e")
    assert makespan(simulate(frame, cut, durations={"e": 3.0})) == 7.0
    assert makespan(simulate(frame, dag, durations={"e": 3.0})) == 8.0


def test_what_was_skipped_is_skipped_again():
    dag = dag_of([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    dag.remove_edge("a", "b")
    dag.add_edge("a", "b", lambda _: False)
    frame = simulate(run(dag), durations={"a": 1.0, "c": 1.0, "d": 1.0})
    assert makespan(frame) == 3.0
    assert by_node(frame).loc["b", "status"] == "skipped"


def test_attempts_and_the_pauses_between_them_are_replayed():
    tries = iter([True, False])

    def flaky():
        if next(tries):
            raise ValueError("once")

    dag = AgentDAG("retry")
    dag.add_node("n", flaky, retry_count=1, retry_backoff=0.02)
    result = run(dag)
    frame = simulate(result)
    assert frame["status"].tolist() == ["failed", "completed"]
    assert makespan(frame) == pytest.approx(result.timings["ended"].max(), abs=0.01)
    assert makespan(frame) >= 0.02


def test_a_nested_dag_shares_the_slots_and_holds_none_itself():
    inner = AgentDAG("inner")
    for name in "xy":
        inner.add_node(name, lambda: None)
    outer = AgentDAG("outer")
    outer.add_node("inner", inner)
    seconds = {"inner/x": 1.0, "inner/y": 2.0}
    one, two = (simulate(run(outer), durations=seconds, max_concurrency=k) for k in (1, 2))
    assert (makespan(one), makespan(two)) == (3.0, 2.0)
    assert two["node"].tolist() == ["inner", "inner/x", "inner/y"]
    whole = simulate(run(outer), durations={"inner": 7.0})
    assert makespan(whole) == 7.0


def test_a_dag_of_nothing_takes_no_time():
    assert makespan(simulate(run(AgentDAG("empty")))) == 0.0


def test_a_frame_that_was_on_disk_gives_the_same(tmp_path):
    dag, frame = virtual_run((("1", "2"), ("1", "3")), {"1": 1.0, "2": 2.0, "3": 0.5})
    frame.to_csv(tmp_path / "timings.csv", index=False)
    read = pd.read_csv(tmp_path / "timings.csv")
    assert makespan(simulate(read, dag, max_concurrency=1)) == 3.5


def test_bad_questions_are_refused_with_what_to_type():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS)
    with pytest.raises(OptionError, match="does not hold the edges"):
        simulate(frame)
    with pytest.raises(OptionError, match="no column 'duration'"):
        simulate(frame.drop(columns="duration"), dag)
    with pytest.raises(OptionError, match="another DAG"):
        simulate(frame, dag_of([("other", "dag")]))
    with pytest.raises(OptionError, match="holds 2 runs"):
        simulate(pd.concat([frame, run(dag).timings]), dag)
    with pytest.raises(OptionError, match="not list"):
        simulate([1, 2], dag)
    with pytest.raises(OptionError, match="schedule='quick'"):
        simulate(frame, dag, schedule="quick")
    with pytest.raises(OptionError, match="max_concurrency=0"):
        simulate(frame, dag, max_concurrency=0)
    with pytest.raises(OptionError, match=r"'a'.*=-1"):
        simulate(frame, dag, durations={"a": -1})
    with pytest.raises(UnknownNodeError, match="no node 'z'"):
        simulate(frame, dag, durations={"z": 1})


@pytest.mark.anyio
async def test_a_run_that_was_stopped_cannot_be_simulated_without_the_missing_times():
    started = asyncio.Event()

    async def waits():
        started.set()
        await asyncio.Event().wait()

    dag = AgentDAG("stopped")
    dag.add_node("n", waits)
    handle = DAGExecutor(dag).start()
    await started.wait()
    handle.cancel()
    result = await handle
    with pytest.raises(OptionError, match="was stopped"):
        simulate(result)
    assert makespan(simulate(result, durations={"n": 2.0})) == 2.0


KNOWN = {"a": 0.02, "b": 0.2, "c": 0.08, "d": 0.12, "e": 0.05}


@pytest.mark.parametrize(
    "options",
    [
        {"schedule": "sequential"},
        {"schedule": "levels"},
        {"schedule": "dataflow"},
        {"schedule": "dataflow", "max_concurrency": 1},
    ],
    ids=str,
)
def test_the_answer_is_within_five_per_cent_of_the_real_rerun(options):
    dag = dag_of(UNEVEN, make=sleeping(KNOWN))
    foreseen = min(makespan(simulate(run(dag, schedule="levels"), **options)) for _ in range(3))
    rerun = min(run(dag, **options).execution_time_seconds for _ in range(3))
    assert foreseen == pytest.approx(rerun, rel=0.05)


def test_a_thousand_nodes_are_simulated_in_well_under_a_second():
    names = [f"n{number}" for number in range(1000)]
    dag = dag_of([(names[k // 2], names[k]) for k in range(1, 1000)])
    frame = simulate(run(dag), durations=dict.fromkeys(names, 1.0))
    begun = time.perf_counter()
    simulate(frame, dag, max_concurrency=8)
    assert time.perf_counter() - begun < 0.5  # 0.03 s on a quiet machine
