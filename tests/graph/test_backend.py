"""A backend gets each attempt as a call; everything else stays with the run."""

import asyncio

import pytest
from graph_makers import dag_of, sleeper, statuses, stubborn
from virtual_time import on_virtual_time

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.graph.attempt import Attempt


def now():
    return asyncio.get_running_loop().time()


class Elsewhere:
    """Works on the same loop, begins a second late, and has a clock that tells half the time."""

    def __init__(self, name="elsewhere", late=1.0):
        self.name = name
        self.late = late
        self.nodes = []

    async def make(self, call):
        self.nodes.append(call.node)
        await asyncio.sleep(self.late)
        call.begun(self.name)
        begun = now()
        args, kwargs = call.arguments
        try:
            value = call.callee.function(*args, **kwargs)
            return await value if call.callee.is_async else value
        finally:
            call.ended((now() - begun) / 2)


@on_virtual_time
async def test_calls_go_to_the_backend_and_what_they_wait_there_is_waiting():
    dag = dag_of({"a": sleeper(2, "A"), "b": lambda a: a.lower()}, ["a b"])
    backend = Elsewhere()
    result = await DAGExecutor(dag, backend=backend).aexecute()
    assert (backend.nodes, result["b"]) == (["a", "b"], "a")
    [attempt] = result.nodes["a"].attempts
    assert (attempt.worker, attempt.seconds) == ("elsewhere", pytest.approx(1))


def test_a_backends_clock_decides_on_the_duration_and_the_rest_was_waiting():
    attempt = Attempt(0, 1, queued=1.0, released=1.5, started=2.0, seconds=3.0)
    attempt.end(10.0)
    assert (attempt.started, attempt.ended) == (7.0, 10.0)
    fast = Attempt(0, 1, queued=1.0, released=1.5, started=2.0, seconds=30.0)
    fast.end(10.0)
    assert (fast.started, fast.ended) == (1.5, 10.0)


@on_virtual_time
async def test_nested_dags_and_nodes_without_a_thread_stay_here():
    inner = dag_of({"x": sleeper(1, "X")}, name="inner")
    dag = dag_of({"n": inner, "here": AgentNode("here", lambda: "H", thread=False)})
    backend = Elsewhere()
    result = await DAGExecutor(dag, backend=backend).aexecute()
    assert backend.nodes == ["n/x"]
    assert (result["n"], result["here"]) == ("X", "H")


@on_virtual_time
async def test_a_timeout_counts_from_the_begin_of_the_work():
    dag = AgentDAG("timed")
    dag.add_node(AgentNode("quick", sleeper(2, "Q"), timeout_seconds=3))
    dag.add_node(AgentNode("slow", sleeper(9), timeout_seconds=3, on_error="skip"))
    result = await DAGExecutor(dag, backend=Elsewhere(late=100.0)).aexecute()
    assert statuses(result) == {"quick": "completed", "slow": "skipped"}
    assert now() == pytest.approx(103)


@on_virtual_time
async def test_a_retry_is_a_further_call():
    calls = []

    async def work():
        calls.append(1)
        if len(calls) < 3:
            raise ValueError(len(calls))
        return "third"

    dag = dag_of({"n": AgentNode("n", work, retry_count=2, retry_backoff=1)})
    backend = Elsewhere()
    result = await DAGExecutor(dag, backend=backend).aexecute()
    assert (result["n"], backend.nodes) == ("third", ["n", "n", "n"])
    assert [attempt.worker for attempt in result.nodes["n"].attempts] == ["elsewhere"] * 3


@on_virtual_time
async def test_limits_hold_before_a_call_goes_out():
    dag = dag_of({name: sleeper(1) for name in "abcd"})
    await DAGExecutor(dag, backend=Elsewhere(late=0), max_concurrency=2).aexecute()
    assert now() == pytest.approx(2)


@on_virtual_time
async def test_a_call_that_would_not_stop_is_abandoned():
    executor = DAGExecutor(dag_of({"n": stubborn(9)}), backend=Elsewhere())
    task = asyncio.ensure_future(executor.aexecute())
    await asyncio.sleep(2)
    task.cancel()
    await asyncio.wait([task])
    assert executor.last_result.abandoned == ["n"]
    assert now() <= 2.2
    await asyncio.sleep(9)


@on_virtual_time
async def test_work_that_begins_anew_has_its_whole_time_again_and_says_why():
    class Losing(Elsewhere):
        async def make(self, call):
            call.begun("lost")
            await asyncio.sleep(2)
            call.ended(None)
            call.notice("worker lost was lost")
            return await super().make(call)

    dag = dag_of({"n": AgentNode("n", sleeper(2, "N"), timeout_seconds=3)})
    result = await DAGExecutor(dag, backend=Losing(late=0)).aexecute()
    assert (result["n"], result.nodes["n"].attempts[0].worker) == ("N", "elsewhere")
    assert result.notices == ["worker lost was lost"]
    assert len(result.nodes["n"].attempts) == 1
