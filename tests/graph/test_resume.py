"""A run of a journal goes on where it stopped, and nothing that settled runs again."""

import asyncio
import sqlite3

import pandas as pd
import pytest
from graph_makers import dag_of, statuses
from run_logs import Log, cancelled_after

from linus_nb.errors import (
    JournalError,
    OptionError,
    RunBusyError,
    UnknownRunError,
    UnreadableError,
)
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor, SharedState

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


async def test_after_a_failure_only_what_had_not_settled_runs(path):
    log = Log()
    executor = DAGExecutor(log.chain("a", "b", "c"), journal=path)
    log.broken.add("b")
    first = await executor.aexecute({"x": 1})
    log.broken.clear()
    log.take()
    result = await executor.aresume()
    assert log.take() == ["b", "c"]
    assert (result.status, result.run_id) == ("success", first.run_id)
    assert result.node_results == {"a": "a done", "b": "b done", "c": "c done"}
    assert result.nodes["a"].reused
    assert not result.nodes["b"].reused
    assert result.final_state["x"] == 1


async def test_after_a_stop_what_was_in_flight_runs_again(path):
    log = Log()
    executor = DAGExecutor(log.chain("a", "b", "c"), journal=path)
    await cancelled_after(executor, log, "b")
    assert log.take() == ["a", "b"]
    assert (await executor.aresume()).status == "success"
    assert log.take() == ["b", "c"]


async def test_another_executor_of_the_same_dag_goes_on(path):
    log = Log()
    await cancelled_after(DAGExecutor(log.chain("a", "b"), journal=path), log, "b")
    log.take()
    state = SharedState()
    result = await DAGExecutor(log.chain("a", "b"), state, journal=path).aresume()
    assert (log.take(), result["a"]) == (["b"], "a done")
    assert state.get("a") == "a done"


def test_a_finished_run_is_returned_as_it_is(path):
    log = Log()
    dag = log.chain("a", "b")
    dag.add_node(AgentNode("flaky", log.node("flaky"), on_error="skip"))
    log.broken.add("flaky")
    executor = DAGExecutor(dag, journal=path)
    first = executor.execute({"x": [1]})
    log.take()
    result = executor.resume()
    assert log.take() == []
    assert (result.status, result.run_id) == ("partial", first.run_id)
    assert result.node_results == first.node_results
    assert result.errors == first.errors
    assert result.final_state == first.final_state
    assert statuses(result) == statuses(first)
    assert result.edges == first.edges
    pd.testing.assert_frame_equal(result.timings, first.timings)
    assert result.execution_time_seconds == pytest.approx(first.execution_time_seconds)


def test_skipped_and_handled_nodes_do_not_run_again(path):
    log = Log()
    dag = dag_of({"end": log.node("end")})
    for name, on_error in (("skip", "skip"), ("go on", "continue")):
        dag.add_node(AgentNode(name, log.node(name), on_error=on_error))
        dag.add_edge(name, "end")
    log.broken = {"skip", "go on", "end"}
    executor = DAGExecutor(dag, journal=path)
    assert executor.execute().status == "failed"
    log.broken.clear()
    log.take()
    result = executor.resume()
    assert log.take() == ["end"]
    assert statuses(result) == {"end": "completed", "skip": "skipped", "go on": "completed"}
    assert set(result.errors) == {"skip", "go on"}
    assert result.status == "partial"


class TestConditions:
    def test_verdicts_are_kept_with_their_source(self, path):
        log, asked = Log(), []

        def condition(state):
            asked.append(state["a"])
            return False

        dag = dag_of(
            {n: log.node(n) for n in ("a", "dead", "b")}, [("a", "dead", condition), "a b"]
        )
        log.broken.add("b")
        executor = DAGExecutor(dag, journal=path)
        executor.execute()
        log.broken.clear()
        result = executor.resume()
        assert asked == ["a done"]
        assert statuses(result) == {"a": "completed", "dead": "skipped", "b": "completed"}
        assert result.edges == {("a", "dead"): False, ("a", "b"): True}

    def test_a_changed_condition_is_asked_again(self, path):
        log = Log()
        log.broken.add("b")
        nodes = {n: log.node(n) for n in ("a", "c", "b")}
        no = dag_of(nodes, [("a", "c", lambda s: False), "a b"])
        DAGExecutor(no, journal=path).execute()
        log.broken.clear()
        log.take()
        yes = dag_of(nodes, [("a", "c", lambda s: True), "a b"])
        result = DAGExecutor(yes, journal=path).resume()
        assert sorted(log.take()) == ["b", "c"]
        assert result.status == "success"

    def test_a_condition_that_raised_is_asked_again(self, path):
        log, mood = Log(), ["raise"]

        def condition(state):
            return state["nope"] if mood == ["raise"] else True

        dag = dag_of({n: log.node(n) for n in "ab"}, [("a", "b", condition)])
        executor = DAGExecutor(dag, journal=path)
        assert executor.execute().status == "failed"
        mood[:] = ["work"]
        assert executor.resume().status == "success"
        assert log.take().count("b") == 1

    def test_a_branch_takes_the_same_way(self, path):
        log = Log()
        dag = dag_of({n: log.node(n) for n in ("a", "left", "right", "end")})
        dag.add_branch("a", lambda s: "r", {"l": "left", "r": "right"})
        dag.add_edge("left", "end")
        dag.add_edge("right", "end")
        log.broken.add("end")
        executor = DAGExecutor(dag, journal=path)
        executor.execute()
        log.broken.clear()
        log.take()
        assert executor.resume().status == "success"
        assert log.take() == ["end"]


class TestChanges:
    def stopped(self, path, nodes, log):
        log.broken.add("end")
        DAGExecutor(self.dag(nodes, log), journal=path).execute({"x": 1})
        log.broken.clear()
        log.take()

    def dag(self, nodes, log):
        return dag_of({**nodes, "end": log.node("end")}, ["a b", "b end", "c end"])

    def test_an_edited_node_runs_again_and_what_gets_another_input(self, path):
        log = Log()

        def nodes(word):
            return {"a": lambda: word, "b": lambda a: log.ran.append("b"), "c": log.node("c")}

        self.stopped(path, nodes("one"), log)
        result = DAGExecutor(self.dag(nodes("two"), log), journal=path).resume()
        assert log.take() == ["b", "end"]
        assert result["a"] == "two"
        assert result.nodes["a"].reason == "its definition has changed"
        assert result.nodes["b"].reason == "its input has changed"
        assert result.nodes["c"].reason is None
        assert any("'a' (its definition has changed)" in notice for notice in result.notices)

    def test_an_edited_node_with_the_same_output_changes_nothing_below(self, path):
        log = Log()
        b = lambda a: log.ran.append("b")  # noqa: E731 - the very same in both DAGs
        self.stopped(path, {"a": lambda: 2, "b": b, "c": log.node("c")}, log)
        dag = self.dag({"a": lambda: 1 + 1 + 0 * 5, "b": b, "c": log.node("c")}, log)
        assert DAGExecutor(dag, journal=path).resume().nodes["b"].reused
        assert log.take() == ["end"]

    def test_a_removed_node_is_forgotten_and_a_new_one_runs(self, path):
        log = Log()
        log.broken.add("c")
        DAGExecutor(log.chain("a", "b", "c"), journal=path).execute()
        log.broken.clear()
        log.take()
        dag = dag_of({n: log.node(n) for n in ("a", "new", "c")}, ["a new", "new c"])
        result = DAGExecutor(dag, journal=path).resume()
        assert log.take() == ["new", "c"]
        assert result.nodes["new"].reason == "it had not settled"

    def test_a_finished_run_of_an_edited_node_says_so_and_runs_nothing(self, path):
        DAGExecutor(dag_of({"a": lambda: 1}), journal=path).execute()
        result = DAGExecutor(dag_of({"a": lambda: 2}), journal=path).resume()
        assert result["a"] == 1
        assert any("['a']" in notice for notice in result.notices)

    def test_a_finished_run_of_another_shape_is_refused(self, path):
        DAGExecutor(dag_of({"a": lambda: 1}), journal=path).execute()
        with pytest.raises(JournalError, match="has finished"):
            DAGExecutor(dag_of({"a": lambda: 1, "b": lambda: 2}), journal=path).resume()

    def test_a_node_that_changes_what_it_has_captured_is_still_the_same(self, path):
        seen, log = {"count": 0}, Log()

        def a():
            seen["count"] += 1
            return 1

        def counting():
            count = 0

            def c():
                nonlocal count
                count += 1
                return count

            return c

        dag = self.dag({"a": a, "b": log.node("b"), "c": counting()}, log)
        log.broken.add("end")
        executor = DAGExecutor(dag, journal=path)
        executor.execute()
        executor.resume()
        log.broken.clear()
        result = executor.resume()
        assert (seen, result["c"], result.status) == ({"count": 1}, 1, "success")


class TestNested:
    def dags(self, log):
        inner = log.chain("x", "y")
        return dag_of(
            {"a": log.node("a"), "inner": inner, "z": log.node("z")}, ["a inner", "inner z"]
        )

    async def test_the_children_that_settled_do_not_run_again(self, path):
        log = Log()
        await cancelled_after(DAGExecutor(self.dags(log), journal=path), log, "y")
        log.take()
        result = await DAGExecutor(self.dags(log), journal=path).aresume()
        assert log.take() == ["y", "z"]
        assert result.nodes["inner"].child.nodes["x"].reused
        assert result["inner"] == "y done"

    async def test_a_nested_dag_that_settled_is_taken_over_whole(self, path):
        log = Log()
        await cancelled_after(DAGExecutor(self.dags(log), journal=path), log, "z")
        log.take()
        result = await DAGExecutor(self.dags(log), journal=path).aresume()
        assert log.take() == ["z"]
        assert result.nodes["inner"].child.node_results == {"x": "x done", "y": "y done"}

    def test_an_error_that_a_child_handled_keeps_the_run_partial(self, path):
        log = Log()
        inner = AgentDAG("inner")
        inner.add_node(AgentNode("x", log.node("x"), on_error="continue"))
        dag = dag_of({"inner": inner, "z": log.node("z")}, ["inner z"])
        log.broken = {"x", "z"}
        executor = DAGExecutor(dag, journal=path)
        executor.execute()
        log.broken.clear()
        assert executor.resume().status == "partial"


class TestRefusals:
    def test_without_a_journal(self):
        with pytest.raises(OptionError, match=r"journal='runs.db'"):
            DAGExecutor(dag_of({"a": lambda: 1})).resume()

    def test_a_journal_that_is_not_there_is_not_made(self, path):
        with pytest.raises(JournalError, match="there is no journal"):
            DAGExecutor(dag_of({"a": lambda: 1}), journal=path).resume()
        assert not path.exists()

    def test_an_unknown_run(self, path):
        executor = DAGExecutor(dag_of({"a": lambda: 1}), journal=path)
        executor.execute()
        with pytest.raises(UnknownRunError, match="'nope'"):
            executor.resume("nope")
        with pytest.raises(UnknownRunError, match="'other'"):
            DAGExecutor(dag_of({"a": lambda: 1}, name="other"), journal=path).resume()

    async def test_a_run_that_is_going_on_has_one_owner(self, path):
        log = Log()
        log.hanging.add("b")
        executor = DAGExecutor(log.chain("a", "b"), journal=path)
        going_on = asyncio.create_task(executor.aexecute())
        await log.hangs.wait()
        with pytest.raises(RunBusyError, match="another executor"):
            await DAGExecutor(log.chain("a", "b"), journal=path).aresume()
        going_on.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going_on
        log.hanging.clear()
        assert (await executor.aresume()).status == "success"

    async def test_of_two_that_resume_one_is_refused(self, path):
        log = Log()
        await cancelled_after(DAGExecutor(log.chain("a", "b"), journal=path), log, "b")
        both = [DAGExecutor(log.chain("a", "b"), journal=path).aresume() for _ in range(2)]
        first, second = await asyncio.gather(*both, return_exceptions=True)
        refused = [o for o in (first, second) if isinstance(o, RunBusyError)]
        assert len(refused) == 1
        assert log.take() == ["a", "b", "b"]

    def test_a_result_that_cannot_be_read_is_told_and_nothing_is_lost(self, path):
        log = Log()
        log.broken.add("b")
        executor = DAGExecutor(log.chain("a", "b"), journal=path)
        executor.execute()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE nodes SET output = '{' WHERE path = 'a'")
        connection.close()
        with pytest.raises(UnreadableError, match="result of 'a' cannot be read"):
            executor.resume()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE nodes SET output = '\"mended\"' WHERE path = 'a'")
        connection.close()
        log.broken.clear()
        assert executor.resume()["a"] == "mended"


async def test_an_older_run_can_be_named(path):
    log = Log()
    executor = DAGExecutor(log.chain("a", "b"), journal=path)
    log.broken.add("b")
    first = await executor.aexecute({"run": 1})
    await executor.aexecute({"run": 2})
    log.broken.clear()
    result = await executor.aresume(first.run_id)
    assert (result.run_id, result.final_state["run"]) == (first.run_id, 1)


async def test_a_resumed_run_can_be_stopped_and_resumed_again(path):
    log = Log()
    executor = DAGExecutor(log.chain("a", "b", "c", "d"), journal=path)
    await cancelled_after(executor, log, "b")
    log.take()
    log.broken.add("c")
    assert (await executor.aresume()).status == "failed"
    log.broken.clear()
    assert (await executor.aresume()).status == "success"
    assert log.take() == ["b", "c", "c", "d"]


async def test_a_run_with_limits_holds_a_slot_until_the_result_is_recorded(path):
    log = Log()
    dag = dag_of({name: log.node(name) for name in "abcd"})
    executor = DAGExecutor(dag, journal=path, max_concurrency=1)
    log.broken.add("c")
    await executor.aexecute()
    log.broken.clear()
    assert (await executor.aresume()).status == "success"
    assert sorted(log.take()) == ["a", "b", "c", "c", "d"]


@pytest.mark.parametrize("schedule", ["sequential", "levels", "dataflow"])
def test_every_schedule_resumes(path, schedule):
    log = Log()
    dag = dag_of({n: log.node(n) for n in "abcde"}, ["a b", "a c", "b d", "c d", "d e"])
    executor = DAGExecutor(dag, journal=path, schedule=schedule)
    log.broken.add("d")
    executor.execute()
    log.broken.clear()
    log.take()
    result = executor.resume()
    assert (log.take(), result.schedule) == (["d", "e"], schedule)
