"""Further attempts and their delays; attempts that run too long."""

import asyncio
import threading

from graph_makers import one_node, sleeper, statuses, stubborn
from virtual_time import on_virtual_time, run_dag, seconds

from linus_nb.errors import NodeTimeoutError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.graph.schedule import Retry, after_failure


def failing_times(times, seen=None):
    """Return a node function that fails ``times`` times and then gives its attempt's number."""
    attempts = []

    async def work(items):
        attempts.append(items)
        items.append("mine")
        if seen is not None:
            seen.append(list(items))
        if len(attempts) <= times:
            raise ValueError(f"attempt {len(attempts)}")
        return len(attempts)

    return work


class TestRetries:
    @on_virtual_time
    async def test_a_node_is_tried_again_with_its_original_input(self):
        seen = []
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", failing_times(2, seen), retry_count=2, retry_backoff=0))
        result = await run_dag(dag, {"items": [1]})
        assert result["n"] == 3
        assert seen == [[1, "mine"]] * 3

    @on_virtual_time
    async def test_backoff_doubles(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", failing_times(3), retry_count=3, retry_backoff=0.5))
        result = await run_dag(dag, {"items": []})
        assert result.execution_time_seconds == seconds(0.5 + 1 + 2)
        assert [attempt.started for attempt in result.nodes["n"].attempts] == [
            seconds(at) for at in (0, 0.5, 1.5, 3.5)
        ]

    @on_virtual_time
    async def test_success_after_a_failure_leaves_no_error_but_keeps_the_attempts(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", failing_times(1), retry_count=1))
        result = await run_dag(dag, {"items": []})
        assert (result.status, result.errors) == ("success", {})
        assert [a.error for a in result.nodes["n"].attempts] == ["ValueError: attempt 1", None]

    @on_virtual_time
    async def test_the_last_failure_counts(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", failing_times(9), retry_count=2, on_error="continue"))
        result = await run_dag(dag, {"items": []})
        assert result.errors == {"n": "ValueError: attempt 3"}
        assert len(result.nodes["n"].attempts) == 3

    def test_backoff_never_exceeds_thirty_seconds_whatever_the_attempt(self):
        node = AgentNode("n", print, retry_count=5_000, retry_backoff=0.5)
        assert after_failure(node, 4_999) == Retry(30.0)

    def test_no_backoff_stays_none_whatever_the_attempt(self):
        node = AgentNode("n", print, retry_count=5_000, retry_backoff=0.0)
        assert after_failure(node, 4_999) == Retry(0.0)

    @on_virtual_time
    async def test_a_slot_is_free_during_the_delay(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", failing_times(1), retry_count=1, retry_backoff=1))
        dag.add_node(AgentNode("b", sleeper(1)))
        result = await run_dag(dag, {"items": []}, slots=1)
        assert result.execution_time_seconds == seconds(1)

    @on_virtual_time
    async def test_a_run_that_ends_ends_the_delay(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", failing_times(1), retry_count=1, retry_backoff=20))
        dag.add_node(AgentNode("b", sleeper(1, error=ValueError("B"))))
        result = await run_dag(dag, {"items": []})
        assert result.execution_time_seconds == seconds(1)
        assert statuses(result) == {"a": "cancelled", "b": "failed"}


class TestTimeouts:
    @on_virtual_time
    async def test_a_node_that_runs_too_long_fails(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", sleeper(9), timeout_seconds=0.5))
        result = await run_dag(dag)
        assert result.execution_time_seconds == seconds(0.5)
        assert isinstance(result.nodes["n"].exception, NodeTimeoutError)
        assert isinstance(result.nodes["n"].exception, TimeoutError)
        assert "'n' ran longer than timeout_seconds=0.5" in result.errors["n"]

    @on_virtual_time
    async def test_a_node_in_time_is_left_alone(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", sleeper(0.4, "ok"), timeout_seconds=0.5))
        dag.add_node(AgentNode("m", sleeper(1)))
        assert (await run_dag(dag))["n"] == "ok"

    @on_virtual_time
    async def test_the_time_counts_anew_for_each_attempt(self):
        dag = AgentDAG("d")
        dag.add_node(
            AgentNode("n", sleeper(9), timeout_seconds=0.5, retry_count=2, retry_backoff=1)
        )
        result = await run_dag(dag)
        assert result.execution_time_seconds == seconds(0.5 * 3 + 1 + 2)

    @on_virtual_time
    async def test_waiting_for_a_slot_does_not_count(self):
        dag = AgentDAG("d")
        for name in "abc":
            dag.add_node(AgentNode(name, sleeper(0.4), timeout_seconds=0.5))
        result = await run_dag(dag, slots=1)
        assert result.status == "success"

    @on_virtual_time
    async def test_a_value_that_comes_too_late_is_no_value(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", stubborn(0.1), timeout_seconds=0.5))
        result = await run_dag(dag)
        assert (result["n"], statuses(result)) == (None, {"n": "failed"})
        assert result.abandoned == []

    @on_virtual_time
    async def test_a_node_that_swallows_its_cancellation_is_given_up_and_named(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", stubborn(5), timeout_seconds=0.5, on_error="skip"))
        dag.add_node(AgentNode("after", sleeper(1, "ok")))
        dag.add_edge("n", "after")
        result = await run_dag(dag)
        assert result.execution_time_seconds == seconds(0.5 + 0.2 + 1)
        assert (result["after"], result["n"]) == ("ok", None)
        assert result.abandoned == ["n"]
        await asyncio.sleep(5)
        assert (result["n"], statuses(result)["n"]) == (None, "skipped")

    @on_virtual_time
    async def test_a_given_up_node_gives_its_slot_back(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", stubborn(5), timeout_seconds=0.5, on_error="skip"))
        dag.add_node(AgentNode("m", sleeper(1, "ok")))
        result = await run_dag(dag, slots=1)
        assert result.execution_time_seconds == seconds(0.5 + 0.2 + 1)
        await asyncio.sleep(5)

    @on_virtual_time
    async def test_a_given_up_node_is_tried_again_all_the_same(self):
        calls = []

        async def slow_once():
            calls.append(1)
            if len(calls) == 1:
                await stubborn(5)()
            return len(calls)

        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", slow_once, timeout_seconds=0.5, retry_count=1, retry_backoff=0))
        result = await run_dag(dag)
        assert (result["n"], result.status) == (2, "success")
        await asyncio.sleep(5)

    @on_virtual_time
    async def test_a_node_that_times_out_while_its_run_is_stopped_never_changes_the_result(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", stubborn(5), timeout_seconds=0.5, retry_count=3))
        dag.add_node(AgentNode("m", sleeper(0.45, error=ValueError("M"))))
        result = await run_dag(dag)
        assert statuses(result) == {"n": "cancelled", "m": "failed"}
        await asyncio.sleep(10)
        assert statuses(result) == {"n": "cancelled", "m": "failed"}
        assert result.abandoned == ["n"]

    def test_a_thread_that_runs_too_long_is_left_to_itself_and_named(self):
        release = threading.Event()
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", release.wait, timeout_seconds=0.05, on_error="skip"))
        dag.add_node(AgentNode("after", lambda: "ok"))
        dag.add_edge("n", "after")
        try:
            result = DAGExecutor(dag).execute()
        finally:
            release.set()
        assert (statuses(result)["n"], result["after"]) == ("skipped", "ok")
        assert result.abandoned == ["n"]
        assert result.execution_time_seconds < 0.2

    def test_a_late_value_of_a_thread_is_ignored(self):
        release, ended = threading.Event(), threading.Event()

        def work():
            release.wait()
            ended.set()
            return "late"

        result = one_node(work, timeout_seconds=0.05)
        release.set()
        ended.wait()
        assert (result["n"], result.nodes["n"].status) == (None, "failed")
