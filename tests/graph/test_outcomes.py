"""Failures, retries, timeouts: what a node's end means for itself and for its run."""
# ruff: noqa: PLW0108 - that a function takes parameters of these names is what is tested

import asyncio
import traceback

import pytest
from graph_makers import dag_of, one_node, sleeper, statuses, stubborn
from virtual_time import on_virtual_time, run_dag, seconds

from linus_nb.errors import AgentError, NodeFailedError, RunFailedError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor

SCHEDULES = ["sequential", "levels", "dataflow"]


class UnprintableError(Exception):
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
    "unprintable": UnprintableError(),
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
        assert (
            "in work" in "".join(traceback.format_exception(kept))
            or type(error) is UnprintableError
        )

    @pytest.mark.parametrize("error", OUTCOMES.values(), ids=OUTCOMES.keys())
    def test_is_handled_by_on_error(self, error):
        result = one_node(raiser(error, "async"), on_error="skip")
        assert (result.status, statuses(result)) == ("partial", {"n": "skipped"})

    def test_is_told_by_its_type_if_it_has_no_text(self):
        assert one_node(raiser(UnprintableError(), "async")).errors == {
            "n": "UnprintableError (its text raised RuntimeError)"
        }

    def test_does_not_hang_the_run_if_its_attributes_raise(self):
        class HostileError(Exception):
            @property
            def response(self):
                raise RuntimeError("no response")

        assert statuses(one_node(raiser(HostileError(), "async"))) == {"n": "failed"}

    def test_keeps_the_response_so_far_of_an_agents_error(self):
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
