"""A DAG gives on a cluster what it gives here. ``LINUS_NB_CAMPAIGN=1`` runs the full sizes."""

import os
import sys
import tempfile
from pathlib import Path

import cluster_nodes as nodes
import pytest
from hypothesis import HealthCheck, given, settings

sys.path.append(str(Path(__file__).parent.parent / "graph"))
from generated_dags import condition, designs
from graph_makers import dag_of, statuses

from linus_nb.graph import AgentNode, DAGExecutor

CAMPAIGN = os.environ.get("LINUS_NB_CAMPAIGN") == "1"


def run_in_new_folder(design, backend):
    with tempfile.TemporaryDirectory() as folder:
        dag = nodes.build(design, Path(folder), condition)
        return DAGExecutor(dag, backend=backend).execute(schedule="dataflow")


@settings(
    max_examples=200 if CAMPAIGN else 10, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(design=designs())
def test_generated_dags_give_equal_results_node_by_node(design, backend):
    here, there = (run_in_new_folder(design, where) for where in (None, backend))
    assert statuses(there) == statuses(here)
    assert there.node_results == here.node_results
    assert there.errors == here.errors
    assert there.edges.keys() == here.edges.keys()
    assert there.status == here.status
    assert [len(n.attempts) for n in there.nodes.values()] == [
        len(n.attempts) for n in here.nodes.values()
    ]


@pytest.mark.anyio
async def test_the_nodes_of_a_fan_work_in_both_processes_and_know_their_names(own_backend):
    dag = dag_of({f"n{number}": nodes.process_of_node for number in range(6)})
    result = await DAGExecutor(dag, backend=own_backend).aexecute()
    processes, names = zip(*result.node_results.values(), strict=True)
    assert names == tuple(dag.nodes)
    assert len(set(processes)) == 2
    assert os.getpid() not in processes


def test_a_nested_dag_is_led_from_here_and_its_nodes_work_there(backend):
    inner = dag_of({"x": nodes.process_of_node}, name="inner")
    result = DAGExecutor(dag_of({"n": inner}), backend=backend).execute()
    process, name = result["n"]
    assert (process != os.getpid(), name) == (True, "n/x")
    assert list(result.timings["worker"]) in (["loop", "0"], ["loop", "1"])


def test_a_node_without_a_thread_stays_here(backend):
    dag = dag_of({"here": AgentNode("here", os.getpid, thread=False), "there": os.getpid})
    result = DAGExecutor(dag, backend=backend).execute()
    assert result["here"] == os.getpid() != result["there"]


def test_a_function_that_returns_an_awaitable_is_awaited_there(backend):
    def work():
        return nodes.process_of_node()

    result = DAGExecutor(dag_of({"n": work}), backend=backend).execute()
    assert result["n"][0] != os.getpid()


def test_nodes_cannot_change_what_others_read_or_what_the_notebook_holds(backend):
    seen = []

    def change(numbers):
        numbers.append(4)
        seen.append(numbers)
        return numbers

    dag = dag_of({"a": change, "b": change, "c": lambda numbers, a: (numbers, a)}, ["a c"])
    result = DAGExecutor(dag, backend=backend).execute({"numbers": [1, 2, 3]})
    assert result["b"] == [1, 2, 3, 4]
    assert result["c"] == ([1, 2, 3], [1, 2, 3, 4])
    assert seen == []


def test_an_error_comes_back_with_its_class_cause_and_the_line_that_raised_it(backend):
    class OwnError(Exception):
        pass

    def work():
        try:
            [].pop()
        except IndexError as error:
            raise OwnError("no items") from error

    result = DAGExecutor(dag_of({"n": work}), backend=backend).execute()
    error = result.nodes["n"].exception
    assert (type(error), str(error)) == (OwnError, "no items")
    assert isinstance(error.__cause__, IndexError)
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert frames[-1] == "work"
    assert result.errors == {"n": "OwnError: no items"}


@pytest.mark.parametrize(
    "fail", [nodes.raise_its_own_cause, nodes.raise_a_circle, nodes.raise_the_unspeakable]
)
def test_an_error_that_is_hard_to_send_fails_its_node_all_the_same(backend, fail):
    here, there = (
        DAGExecutor(
            dag_of({"a": AgentNode("a", fail, timeout_seconds=20)}), backend=where
        ).execute()
        for where in (None, backend)
    )
    assert there.errors == here.errors


def test_timings_name_the_worker_and_take_its_own_clock(backend):
    def work():
        nodes.wait_for_file(Path("/nowhere"), seconds=0.2)
        return "waited"

    result = DAGExecutor(dag_of({"n": work}), backend=backend).execute()
    [row] = result.timings.to_dict("records")
    assert row["worker"] in ("0", "1")
    assert 0.2 <= row["duration"] < 0.3
    waits = row["wait_dependencies"] + row["wait_barrier"] + row["wait_slot"]
    assert waits + row["duration"] == pytest.approx(row["ended"])
    assert row["wait_slot"] > 0


def test_a_journal_is_written_here_and_a_resumed_run_repeats_nothing(backend, tmp_path):
    flag, counted = tmp_path / "flag", tmp_path / "counted"

    def first():
        return nodes.count_up(counted)

    def second(first):
        if nodes.count_up(flag) == 1:
            raise OSError("not yet")
        return first + 1

    executor = DAGExecutor(
        dag_of({"first": first, "second": second}, ["first second"]),
        journal=tmp_path / "runs.db",
        backend=backend,
    )
    assert executor.execute().status == "failed"
    result = executor.resume()
    assert (result.status, result["second"], counted.stat().st_size) == ("success", 2, 1)


@pytest.mark.anyio
async def test_the_rows_of_a_table_go_to_all_workers(own_backend):
    async def process(double):
        return (await nodes.process_of_node())[0]

    dag = dag_of({"double": lambda x: 2 * x, "process": process}, ["double process"])
    rows = [{"x": number} for number in range(40)]
    executor = DAGExecutor(dag, backend=own_backend)
    frame = await executor.amap(rows, columns=["double", "process"], progress=False)
    assert list(frame["double"]) == [2 * number for number in range(40)]
    assert set(frame["status"]) == {"success"}
    assert frame["process"].nunique() == 2
