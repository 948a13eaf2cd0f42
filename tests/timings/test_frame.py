"""``result.timings``: every run gives the same columns and types."""

import asyncio
from dataclasses import dataclass

import pandas as pd
import pytest
from langchain_core.messages import AIMessage
from timing_samples import DIAMOND, by_node, dag_of, run, sleeping

from linus_nb.agent.metrics import AgentMetrics
from linus_nb.agent.response import AgentResponse
from linus_nb.graph import AgentDAG, DAGExecutor
from linus_nb.graph.frame import DTYPES, make_frame

CONTRACT = [
    "run",
    "node",
    "level",
    "attempt",
    "status",
    "queued",
    "started",
    "ended",
    "duration",
    "wait_dependencies",
    "wait_barrier",
    "wait_slot",
    "server_queue",
    "model_seconds",
    "tool_seconds",
    "worker",
    "model",
    "llm_calls",
    "tool_calls",
    "input_tokens",
    "output_tokens",
    "error",
]


def fails():
    raise ValueError("no luck")


def one_node(agent, **options):
    dag = AgentDAG("one")
    dag.add_node("n", agent, **options)
    return dag


def kinds_of_runs():
    skipping = dag_of([("a", "b")])
    skipping.remove_edge("a", "b")
    skipping.add_edge("a", "b", lambda _: False)
    return {
        "no nodes": AgentDAG("empty"),
        "one node": one_node(lambda: 1),
        "all failed": one_node(fails),
        "a dead edge": skipping,
        "nested": one_node(dag_of(DIAMOND)),
        "cancelled by a failure": dag_of(DIAMOND, make=lambda _: fails),
    }


@pytest.mark.parametrize("dag", kinds_of_runs().values(), ids=kinds_of_runs())
def test_every_kind_of_run_has_all_columns_with_their_types(dag):
    frame = run(dag).timings
    assert list(frame.columns) == CONTRACT
    assert frame.dtypes.to_dict() == make_frame([]).dtypes.to_dict()
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        name: str(kind) for name, kind in DTYPES.items()
    }


def test_waits_and_duration_of_a_first_attempt_add_up_to_its_end():
    frame = run(dag_of(DIAMOND), schedule="levels").timings
    parts = frame[["wait_dependencies", "wait_barrier", "wait_slot", "duration"]].sum(axis=1)
    assert parts.tolist() == pytest.approx(frame["ended"].tolist())


def test_the_last_end_is_the_wall_time():
    seconds = {"start": 0.02, "left": 0.03, "right": 0.01, "end": 0.02}
    result = run(dag_of(DIAMOND, make=sleeping(seconds)))
    assert result.timings["ended"].max() == pytest.approx(
        result.execution_time_seconds, rel=0.01, abs=0.005
    )


def test_a_retried_node_has_a_row_for_each_attempt():
    tries = iter([ValueError("first"), ValueError("second"), None])

    def flaky():
        if (error := next(tries)) is not None:
            raise error

    frame = run(one_node(flaky, retry_count=2, retry_backoff=0)).timings
    assert frame["attempt"].tolist() == [1, 2, 3]
    assert frame["status"].tolist() == ["failed", "failed", "completed"]
    assert frame["wait_dependencies"].tolist()[1:] == [0, 0]
    assert frame["error"].tolist()[:2] == ["ValueError: first", "ValueError: second"]
    assert frame["error"].isna().tolist() == [False, False, True]


def test_a_node_behind_dead_edges_has_one_row_without_times():
    row = by_node(run(kinds_of_runs()["a dead edge"]).timings).loc["b"]
    assert (row["attempt"], row["status"]) == (0, "skipped")
    assert row[["queued", "started", "ended", "duration", "wait_slot"]].isna().all()


def test_a_node_that_never_started_because_the_run_ended_is_cancelled():
    dag = dag_of([("a", "c"), ("b", "c")], make=lambda name: fails if name == "a" else int)
    frame = by_node(run(dag, schedule="sequential").timings)
    assert frame["status"].to_dict() == {"a": "failed", "c": "cancelled", "b": "cancelled"}
    assert frame["started"].isna().to_dict() == {"a": False, "c": True, "b": True}


def test_children_follow_their_parent_with_times_from_the_outermost_start():
    inner = dag_of([("x", "y")])
    outer = AgentDAG("outer")
    outer.add_node("first", lambda: 1)
    outer.add_node("inner", inner)
    outer.add_edge("first", "inner")
    frame = run(outer).timings
    assert frame["node"].tolist() == ["first", "inner", "inner/x", "inner/y"]
    assert frame["level"].tolist() == [0, 1, 0, 1]
    times = by_node(frame)
    assert times.loc["inner/x", "queued"] >= times.loc["inner", "started"]
    assert times.loc["inner/y", "ended"] <= times.loc["inner", "ended"]


def test_waiting_for_a_level_and_for_ones_turn_are_told_apart():
    seconds = {"a": 0.03, "b": 0.0, "c": 0.0, "d": 0.0}
    dag = dag_of([("a", "b"), ("c", "d")], make=sleeping(seconds))
    levels = by_node(run(dag, schedule="levels").timings)
    assert levels.loc["d", "wait_barrier"] > 0.02
    assert levels.loc["d", "wait_slot"] < 0.02
    in_turn = by_node(run(dag, schedule="sequential").timings)
    assert in_turn["wait_barrier"].tolist() == [0, 0, 0, 0]
    assert in_turn.loc["c", "wait_slot"] > 0.02
    assert by_node(run(dag).timings)["wait_barrier"].tolist() == [0, 0, 0, 0]


def test_waiting_for_a_slot_is_told():
    dag = AgentDAG("two")
    for name in "ab":
        dag.add_node(name, sleeping({"a": 0.03, "b": 0.03})(name))
    waits = run(dag, max_concurrency=1).timings["wait_slot"]
    assert waits.max() > 0.02


def test_an_agents_metrics_are_in_its_row_and_the_servers_queue_is_no_model_time():
    metrics = AgentMetrics(
        llm_calls=3,
        total_input_tokens=100,
        total_output_tokens=None,
        successful_tool_calls=2,
        tool_executions=2,
        model_seconds=5.0,
        tool_seconds=0.5,
        server_queue_seconds=2.0,
        model="gemma3:4b",
    )
    row = run(one_node(lambda: AgentResponse("answer", metrics))).timings.iloc[0]
    assert (row["llm_calls"], row["tool_calls"], row["input_tokens"]) == (3, 2, 100)
    assert pd.isna(row["output_tokens"])
    assert (row["server_queue"], row["model_seconds"], row["tool_seconds"]) == (2.0, 3.0, 0.5)
    assert row["model"] == "gemma3:4b"


def test_a_chat_models_message_tells_its_tokens_and_how_long_the_server_worked():
    message = AIMessage(
        "hello",
        usage_metadata={"input_tokens": 7, "output_tokens": 2, "total_tokens": 9},
        response_metadata={"model_name": "m", "eval_duration": 1, "prompt_eval_duration": 1},
    )
    row = run(one_node(lambda: message)).timings.iloc[0]
    assert (row["llm_calls"], row["input_tokens"], row["output_tokens"]) == (1, 7, 2)
    assert row["model"] == "m"
    assert row["server_queue"] == pytest.approx(row["duration"], abs=1e-6)
    assert row["server_queue"] + row["model_seconds"] == pytest.approx(row["duration"])


@dataclass
class Odd:
    """A foreign response whose metrics are of no use."""

    metrics: object
    result: str = "x"
    completion_status: str = "y"


@pytest.mark.parametrize("metrics", [{"llm_calls": 1}, "many", AgentMetrics(model_seconds="soon")])
def test_metrics_of_another_kind_are_no_reason_to_fail(metrics):
    row = run(one_node(lambda: Odd(metrics))).timings.iloc[0]
    assert row["status"] == "completed"
    assert pd.isna(row["model_seconds"])


def test_names_are_kept_whatever_they_hold():
    name = "odd \ud800 \n $x$ / \u65e5"
    dag = AgentDAG("odd")
    dag.add_node(name, lambda: 1, output_key="k")
    assert run(dag).timings["node"].tolist() == [name]


@pytest.mark.anyio
async def test_a_stopped_run_keeps_the_times_of_what_ran():
    started = asyncio.Event()

    async def waits():
        started.set()
        await asyncio.Event().wait()

    executor = DAGExecutor(one_node(waits))
    handle = executor.start()
    await started.wait()
    running = executor.last_result.timings.iloc[0]
    assert (running["status"], pd.isna(running["ended"])) == ("running", True)
    handle.cancel()
    row = (await handle).timings.iloc[0]
    assert row["status"] == "cancelled"
    assert row["duration"] > 0
