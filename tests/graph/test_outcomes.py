"""Failures, retries, timeouts: what a node's end means for itself and for its run."""

import asyncio
import traceback

import pytest
from graph_makers import dag_of, one_node, sleeper, statuses, stubborn
from virtual_time import on_virtual_time, run_dag, seconds

from linus_nb.errors import NodeFailedError, NodeTimeoutError, RunFailedError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.graph.schedule import Retry, after_failure

SCHEDULES = ["sequential", "levels", "dataflow"]


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


OUTCOMES = {
    "exception": ValueError("bad"),
    "cancelled": asyncio.CancelledError(),
    "stop iteration": StopIteration(3),
    "stop async iteration": StopAsyncIteration(),
    "system exit": SystemExit(2),
    "keyboard interrupt": KeyboardInterrupt(),
    "generator exit": GeneratorExit(),
    "group": ExceptionGroup("several", [ValueError("one"), TypeError("two")]),
    "base group": BaseExceptionGroup("several", [KeyboardInterrupt()]),
    "unprintable": Unprintable(),
    "timeout": TimeoutError(),
}


def raiser(error, kind):
    if kind == "sync":

        def work():
            raise error

    else:

        async def work():
            raise error

    return work


class TestWhateverANodeRaises:
    @pytest.mark.parametrize("thread", [True, False], ids=["thread", "loop"])
    @pytest.mark.parametrize("kind", ["sync", "async"])
    @pytest.mark.parametrize("error", OUTCOMES.values(), ids=OUTCOMES.keys())
    def test_is_its_failure_with_cause_and_traceback_kept(self, error, kind, thread):
        dag = dag_of({"good": lambda: "done", "after": lambda n: n})
        dag.add_node(AgentNode("n", raiser(error, kind), thread=thread))
        dag.add_edge("good", "n")
        dag.add_edge("n", "after")
        result = DAGExecutor(dag).execute()
        assert result.status == "failed"
        assert statuses(result) == {"good": "completed", "n": "failed", "after": "cancelled"}
        assert list(result.errors) == ["n"]
        kept = result.nodes["n"].exception
        assert error in (kept, kept.__cause__)
        assert "in work" in "".join(traceback.format_exception(kept)) or type(error) is Unprintable

    @pytest.mark.parametrize("error", OUTCOMES.values(), ids=OUTCOMES.keys())
    def test_is_handled_by_on_error(self, error):
        result = one_node(raiser(error, "async"), on_error="skip")
        assert (result.status, statuses(result)) == ("partial", {"n": "skipped"})

    def test_is_told_by_its_type_if_it_has_no_text(self):
        assert one_node(raiser(Unprintable(), "async")).errors == {
            "n": "Unprintable (its text raised RuntimeError)"
        }

    def test_does_not_hang_the_run_if_its_attributes_raise(self):
        class Hostile(Exception):
            @property
            def response(self):
                raise RuntimeError("no response")

        assert statuses(one_node(raiser(Hostile(), "async"))) == {"n": "failed"}

    def test_keeps_the_response_so_far_of_an_agents_error(self):
        from linus_nb.errors import AgentError

        result = one_node(raiser(AgentError("no answer", response="so far"), "async"))
        assert result.nodes["n"].response == "so far"


class TestOnErrorFail:
    @on_virtual_time
    async def test_a_failure_keeps_what_finished_and_cancels_what_runs(self):
        dag = dag_of(
            {
                "a": sleeper(0.05, error=ValueError("A")),
                "b": sleeper(0.2, "B"),
                "c": sleeper(0.01, "C"),
            }
        )
        result = await run_dag(dag)
        assert result.status == "failed"
        assert statuses(result) == {"a": "failed", "b": "cancelled", "c": "completed"}
        assert result.node_results == {"a": None, "b": None, "c": "C"}
        assert result.execution_time_seconds == seconds(0.05)

    @on_virtual_time
    async def test_every_error_is_listed_not_just_the_first(self):
        async def fails_while_stopped():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                raise OSError("while stopping") from None

        dag = dag_of({"a": sleeper(0.05, error=ValueError("A")), "b": fails_while_stopped})
        result = await run_dag(dag)
        assert result.errors == {"a": "ValueError: A", "b": "OSError: while stopping"}

    @on_virtual_time
    async def test_two_failures_at_one_instant_are_both_failures(self):
        dag = dag_of({n: sleeper(0.05, error=ValueError(n)) for n in "ab"})
        result = await run_dag(dag)
        assert set(result.errors) == {"a", "b"}

    @on_virtual_time
    async def test_what_finishes_while_being_stopped_is_kept(self):
        dag = dag_of({"a": sleeper(0.05, error=ValueError("A")), "b": stubborn(0.1, value="kept")})
        result = await run_dag(dag)
        assert result["b"] == "kept"
        assert statuses(result)["b"] == "completed"

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_what_never_started_is_cancelled_not_skipped(self, schedule):
        dag = dag_of({"a": raiser(ValueError("A"), "async"), "b": lambda a: a}, ["a b"])
        result = DAGExecutor(dag).execute(schedule=schedule)
        assert statuses(result) == {"a": "failed", "b": "cancelled"}
        assert result.nodes["b"].attempts == []

    def test_raise_for_status_names_all_and_keeps_the_cause(self):
        result = one_node(raiser(ValueError("A"), "async"))
        with pytest.raises(RunFailedError, match="'n': ValueError: A") as caught:
            result.raise_for_status()
        assert caught.value.result is result
        assert isinstance(caught.value.__cause__, ValueError)

    def test_a_failure_is_logged_as_a_warning(self, caplog):
        one_node(raiser(ValueError("A 100%s"), "async"))
        assert "'n': ValueError: A 100%s" in caplog.text


class TestOnErrorSkipAndContinue:
    def run(self, on_error, reader, **options):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", raiser(ValueError("A"), "sync"), on_error=on_error, **options))
        dag.add_node(AgentNode("b", reader))
        dag.add_edge("a", "b")
        return DAGExecutor(dag).execute()

    def test_skip_runs_the_dependants_without_its_key(self):
        result = self.run("skip", lambda state: dict(state))
        assert statuses(result) == {"a": "skipped", "b": "completed"}
        assert (result["b"], "a" in result.final_state) == ({}, False)

    def test_continue_runs_the_dependants_with_none_under_its_key(self):
        result = self.run("continue", lambda state: dict(state))
        assert statuses(result) == {"a": "completed", "b": "completed"}
        assert (result["b"], result.final_state["a"]) == ({"a": None}, None)

    @pytest.mark.parametrize(
        ("on_error", "counts"), [("skip", (1, 0, 1, 0)), ("continue", (2, 0, 0, 0))]
    )
    def test_the_error_is_kept_and_the_run_is_partial(self, on_error, counts):
        result = self.run(on_error, lambda: 1)
        assert result.status == "partial"
        assert result.errors == {"a": "ValueError: A"}
        assert counts == (
            result.completed_nodes,
            result.failed_nodes,
            result.skipped_nodes,
            result.cancelled_nodes,
        )
        assert result.raise_for_status() is result

    def test_a_parameters_default_stands_in_for_a_skipped_key(self):
        def reader(a="default"):
            return a

        assert self.run("skip", reader)["b"] == "default"
        assert self.run("continue", reader)["b"] is None

    def test_a_required_parameter_of_a_skipped_key_is_none(self):
        assert self.run("skip", lambda a, state: [a])["b"] == [None]


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
        import threading

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
        import threading

        release, ended = threading.Event(), threading.Event()

        def work():
            release.wait()
            ended.set()
            return "late"

        result = one_node(work, timeout_seconds=0.05)
        release.set()
        ended.wait()
        assert (result["n"], result.nodes["n"].status) == (None, "failed")


def test_a_threads_stop_iteration_is_told_as_such():
    kept = one_node(raiser(StopIteration(3), "sync")).nodes["n"].exception
    assert isinstance(kept, NodeFailedError)
    assert isinstance(kept.__cause__, StopIteration)


def test_every_attempt_has_an_end_when_the_run_has_ended():
    async def run():
        dag = dag_of({n: sleeper(0.01, error=ValueError(n)) for n in "abc"})
        return await DAGExecutor(dag, max_concurrency=1).aexecute()

    result = asyncio.run(run())
    attempts = [attempt for node in result.nodes.values() for attempt in node.attempts]
    assert {attempt.status for attempt in attempts} == {"failed", "cancelled"}
