"""What has not changed is not run again: ``reuse=True``, and a result's ``arerun``."""

import asyncio
import gc
import weakref

import pandas as pd
import pytest
from graph_makers import dag_of, statuses
from run_logs import Log, cancelled_after

from linus_nb.errors import OptionError, UnknownNodeError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.graph.durable.memories import MOST_NAMES, forget

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_memories():
    forget()
    yield
    forget()


def reused(result):
    return [name for name, node in result.nodes.items() if node.reused]


class TestReuse:
    def test_an_unchanged_run_runs_nothing(self):
        log = Log()
        executor = DAGExecutor(log.chain("a", "b"))
        first = executor.execute({"x": 1})
        log.take()
        result = executor.execute({"x": 1}, reuse=True)
        assert log.take() == []
        assert reused(result) == ["a", "b"]
        assert result.node_results == first.node_results
        assert (result.status, result.final_state) == ("success", first.final_state)
        assert result.run_id != first.run_id
        assert list(result.timings["status"]) == ["reused", "reused"]

    def test_an_object_that_is_no_data_counts_as_the_same_only_if_it_is(self):
        class Client:
            def __init__(self, name):
                self._name = name

        dag = dag_of({"a": lambda client: client._name})
        dag.add_node("b", lambda a: a)
        dag.add_edge("a", "b", lambda state: state["client"]._name == "one")
        executor, one = DAGExecutor(dag), Client("one")
        assert executor.execute({"client": one})["b"] == "one"
        assert reused(executor.execute({"client": one}, reuse=True)) == ["a", "b"]
        other = executor.execute({"client": Client("two")}, reuse=True)
        assert (other["a"], reused(other)) == ("two", [])
        assert other.nodes["b"].status == "skipped"

    def test_without_it_everything_runs(self):
        log = Log()
        executor = DAGExecutor(log.chain("a", "b"))
        executor.execute()
        assert reused(executor.execute()) == []
        assert log.take() == ["a", "b"] * 2

    def test_another_initial_state_runs_what_reads_it(self):
        ran = []
        dag = AgentDAG("d")
        dag.node("a", lambda x: ran.append("a") or x)
        dag.node("b", lambda y: ran.append("b") or y)
        dag.node("c", lambda a: ran.append("c") or a > 0)
        executor = DAGExecutor(dag)
        executor.execute({"x": 1, "y": 1})
        ran.clear()
        result = executor.execute({"x": 2, "y": 1}, reuse=True)
        assert (ran, reused(result)) == (["a", "c"], ["b"])
        ran.clear()
        assert executor.execute({"x": 3, "y": 1}, reuse=True)["c"] is True

    def test_an_edited_prompt_runs_its_node_and_what_follows(self):
        log = Log()

        class Agent:
            def __init__(self, name):
                self.name = name

            async def arun(self, task):
                log.ran.append(self.name)
                return f"{self.name}: {task}"

        def cell(prompt):
            dag = AgentDAG("cell")
            dag.node("facts", lambda: log.ran.append("facts") or "facts")
            dag.node("left", Agent("left"), prompt="left of {facts}")
            dag.node("right", Agent("right"), prompt=prompt)
            dag.node("end", lambda left, right: log.ran.append("end") or left + right)
            return DAGExecutor(dag).execute(reuse=True)

        cell("right of {facts}")
        log.take()
        result = cell("far right of {facts}")
        assert log.take() == ["right", "end"]
        assert result["end"] == "left: left of factsright: far right of facts"
        assert result.nodes["right"].reason == "its definition has changed"
        assert cell("far right of {facts}").node_results == result.node_results
        assert log.take() == []

    def test_a_helper_that_was_edited_counts(self):
        space = {}
        exec("def helper(): return 1\ndef a(): return helper()", space)  # noqa: S102 - a cell
        executor = DAGExecutor(dag_of({"a": space["a"]}))
        executor.execute()
        exec("def helper(): return 2", space)  # noqa: S102
        assert executor.execute(reuse=True)["a"] == 2

    def test_captured_data_that_were_changed_in_place_count(self):
        config, frame, model = {"k": 1}, pd.DataFrame({"v": [1]}), Log()
        dag = dag_of(
            {"a": lambda: config["k"], "b": lambda: int(frame["v"].sum()), "c": model.node("c")}
        )
        executor = DAGExecutor(dag)
        executor.execute()
        config["k"] = 2
        frame.loc[0, "v"] = 5
        result = executor.execute(reuse=True)
        assert (result["a"], result["b"]) == (2, 5)

    def test_a_node_that_notes_its_calls_is_still_the_same(self):
        calls = []
        dag = dag_of({n: (lambda n=n: calls.append(n) or n) for n in "ab"}, ["a b"])
        executor = DAGExecutor(dag)
        for _ in range(3):
            executor.execute(reuse=True)
        assert calls == ["a", "b"]

    def test_too_much_captured_data_after_a_plain_run_is_run_again_once(self):
        calls, data = [], list(range(20_000))
        executor = DAGExecutor(dag_of({"a": lambda: calls.append(len(data))}))
        executor.execute()
        for _ in range(3):
            executor.execute(reuse=True)
        assert calls == [20_000, 20_000]

    def test_failures_run_again_handled_or_not(self):
        log = Log()
        dag = dag_of({n: log.node(n) for n in "abc"}, ["a c"])
        dag.add_node(AgentNode("skip", log.node("skip"), on_error="skip"))
        log.broken = {"c", "skip"}
        executor = DAGExecutor(dag)
        executor.execute()
        log.broken.clear()
        log.take()
        assert executor.execute(reuse=True).status == "success"
        assert sorted(log.take()) == ["c", "skip"]

    async def test_what_a_stopped_run_finished_is_reused(self):
        log = Log()
        executor = DAGExecutor(log.chain("a", "b", "c"))
        await cancelled_after(executor, log, "b")
        log.take()
        assert (await executor.aexecute(reuse=True)).status == "success"
        assert log.take() == ["b", "c"]

    def test_what_the_last_run_did_not_reach_is_remembered_from_before(self):
        log = Log()
        executor = DAGExecutor(log.chain("a", "b", "c"))
        executor.execute()
        log.broken.add("a")
        executor.execute()
        log.broken.clear()
        log.take()
        executor.execute(reuse=True)
        assert log.take() == ["a"]

    def test_results_that_the_user_changed_afterwards_are_not_reused_so(self):
        executor = DAGExecutor(dag_of({"a": lambda: [1]}))
        executor.execute()["a"].append(2)
        assert executor.execute(reuse=True)["a"] == [1]

    @pytest.mark.parametrize("schedule", ["sequential", "levels", "dataflow"])
    def test_every_schedule_reuses(self, schedule):
        log = Log()
        dag = dag_of({n: log.node(n) for n in "abcd"}, ["a b", "a c", "b d", "c d"])
        executor = DAGExecutor(dag, schedule=schedule, max_concurrency=1)
        executor.execute()
        log.take()
        dag.add_node(AgentNode("c", log.node("c", value=3)))
        assert reused(executor.execute(reuse=True)) == ["a", "b"]
        assert log.take() == ["c", "d"]

    def test_start_and_astream_reuse_too(self):
        log = Log()
        executor = DAGExecutor(log.chain("a"))
        executor.execute()
        assert reused(executor.start(reuse=True).result()) == ["a"]

    async def test_the_events_of_a_reused_node_are_its_end(self):
        log = Log()
        executor = DAGExecutor(log.chain("a", "b"))
        await executor.aexecute()
        events = [event async for event in executor.astream(reuse=True)]
        assert [e.kind for e in events if e.node == "a"] == ["node_finished", "edge_decided"]
        assert events[-1].result.nodes["a"].reused

    def test_a_nested_dag_runs_only_what_was_edited(self):
        log = Log()

        def dag(value):
            inner = dag_of({"x": log.node("x"), "y": log.node("y", value=value)}, ["x y"], "inner")
            return dag_of({"inner": inner, "z": log.node("z")}, ["inner z"], "outer")

        DAGExecutor(dag(1)).execute(reuse=True)
        log.take()
        result = DAGExecutor(dag(2)).execute(reuse=True)
        assert log.take() == ["y", "z"]
        assert result.nodes["inner"].child.nodes["x"].reused
        assert DAGExecutor(dag(2)).execute(reuse=True).nodes["inner"].child["y"] == 2
        assert log.take() == []

    def test_two_alternatives_of_one_key_are_told_apart(self):
        dag = dag_of({"a": lambda x: x})
        for name in ("low", "high"):
            dag.add_node(AgentNode(name, lambda a, n=name: f"{n} {a}", output_key="out"))
        dag.add_edge("a", "low", lambda s: s["x"] < 5)
        dag.add_edge("a", "high", lambda s: s["x"] >= 5)
        executor = DAGExecutor(dag)
        for x, expected in ((1, "low 1"), (7, "high 7"), (7, "high 7"), (1, "low 1")):
            assert executor.execute({"x": x}, reuse=True).final_state["out"] == expected

    def test_verdicts_are_reused_only_if_what_the_condition_saw_is_the_same(self):
        asked = []
        dag = dag_of(
            {"a": lambda: 1, "b": lambda: 2}, [("a", "b", lambda s: asked.append(s["x"]) or 1)]
        )
        executor = DAGExecutor(dag)
        for x in (1, 1, 2):
            executor.execute({"x": x}, reuse=True)
        assert asked == [1, 2]


class TestMemories:
    def test_a_dag_that_is_gone_is_not_kept_alive_by_a_plain_run(self):
        def run():
            executor = DAGExecutor(dag_of({"a": lambda: 1}))
            asyncio.run(executor.aexecute())
            return weakref.ref(executor.dag)

        gone = run()
        gc.collect()
        assert gone() is None

    def test_a_plain_run_is_not_remembered_for_other_dags_of_the_name(self):
        log = Log()
        DAGExecutor(log.chain("a")).execute()
        DAGExecutor(log.chain("a")).execute(reuse=True)
        assert log.take() == ["a", "a"]

    def test_only_so_many_names_are_remembered(self):
        calls = []
        for number in (*range(MOST_NAMES + 1), 0):
            dag = dag_of({"a": lambda: calls.append(1)}, name=f"dag {number}")
            DAGExecutor(dag).execute(reuse=True)
        assert len(calls) == MOST_NAMES + 2


class TestRerun:
    def failed(self, log):
        dag = dag_of({n: log.node(n) for n in "abcd"}, ["a b", "b c"])
        dag.add_node(AgentNode("go on", log.node("go on"), on_error="continue"))
        log.broken = {"b", "go on"}
        result = DAGExecutor(dag, schedule="sequential").execute({"x": 1})
        log.broken.clear()
        log.take()
        return result

    async def test_failed_runs_what_failed_or_never_ran(self):
        log = Log()
        result = await self.failed(log).arerun(failed=True)
        assert sorted(log.take()) == ["b", "c", "go on"]
        assert (reused(result), result.status) == (["a", "d"], "success")
        assert result.final_state["x"] == 1

    def test_from_node_runs_it_and_all_that_come_after(self):
        log = Log()
        dag = dag_of({n: log.node(n) for n in "abcd"}, ["a b", "b c"])
        result = DAGExecutor(dag).execute()
        log.take()
        again = result.rerun(from_node="b")
        assert log.take() == ["b", "c"]
        assert again.nodes["c"].reason == "it was asked for"
        assert again.run_id != result.run_id

    def test_an_older_result_can_be_rerun(self):
        executor = DAGExecutor(dag_of({"a": lambda x: x, "b": lambda a: a}, ["a b"]))
        first = executor.execute({"x": 1})
        executor.execute({"x": 2})
        assert first.rerun(from_node="b")["b"] == 1

    def test_a_rerun_can_be_rerun(self):
        log = Log()
        log.broken.add("b")
        result = DAGExecutor(log.chain("a", "b")).execute()
        result = result.rerun(failed=True)
        log.broken.clear()
        assert result.rerun(failed=True).status == "success"
        assert log.take() == ["a", "b", "b", "b"]

    def test_a_failed_child_is_rerun_inside_its_parent(self):
        log = Log()
        log.broken.add("y")
        dag = dag_of({"inner": log.chain("x", "y"), "z": log.node("z")}, ["inner z"])
        result = DAGExecutor(dag).execute()
        log.broken.clear()
        log.take()
        assert result.rerun(failed=True).status == "success"
        assert log.take() == ["y", "z"]

    def test_from_a_nested_dag_all_its_children_run(self):
        log = Log()
        dag = dag_of({"a": log.node("a"), "inner": log.chain("x", "y")}, ["a inner"])
        result = DAGExecutor(dag).execute()
        log.take()
        result.rerun(from_node="inner")
        assert log.take() == ["x", "y"]

    def test_it_keeps_the_schedule_and_the_journal(self, tmp_path):
        log = Log()
        executor = DAGExecutor(log.chain("a", "b"), journal=tmp_path / "runs.db")
        again = executor.execute(schedule="dataflow").rerun(from_node="b")
        assert again.schedule == "dataflow"
        log.take()
        assert executor.resume().run_id == again.run_id
        assert log.take() == []

    def test_it_needs_to_know_what_to_run(self):
        result = DAGExecutor(dag_of({"a": lambda: 1})).execute()
        for options in ({}, {"failed": True, "from_node": "a"}):
            with pytest.raises(OptionError, match="what to run again"):
                result.rerun(**options)
        with pytest.raises(UnknownNodeError, match="no node 'b'"):
            result.rerun(from_node="b")

    def test_the_result_of_a_nested_run_says_where_to_rerun(self):
        log = Log()
        result = DAGExecutor(dag_of({"inner": log.chain("x")})).execute()
        with pytest.raises(OptionError, match="inside of another run"):
            result.nodes["inner"].child.rerun(failed=True)

    def test_a_nested_error_that_was_handled_stays_and_keeps_the_run_partial(self):
        log = Log()
        inner = AgentDAG("inner")
        inner.add_node(AgentNode("x", log.node("x"), on_error="continue"))
        log.broken.add("x")
        result = DAGExecutor(dag_of({"inner": inner, "z": log.node("z")}, ["inner z"])).execute()
        again = result.rerun(from_node="z")
        assert (again.status, statuses(again)) == ("partial", statuses(result))
