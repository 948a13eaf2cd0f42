"""Blocking calls and background runs, from every kind of caller."""

import asyncio
import contextvars
import signal
import sys
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from linus_nb.awake import keep_awake
from linus_nb.blocking import run_blocking, submit, warn_of_old_nest_asyncio
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


async def answer():
    await asyncio.sleep(0)
    return 42


def answering():
    """Return an executor whose run takes turns of the loop and a thread."""
    dag = AgentDAG("answering")
    dag.add_node(AgentNode("a", answer))
    dag.add_node(AgentNode("b", lambda a: a))
    dag.add_edge("a", "b")
    return DAGExecutor(dag)


def ask():
    return answering().execute()["b"]


class TestCallersThatNeverDeadlock:
    def test_a_script(self):
        assert [ask() for _ in range(4)] == [42] * 4

    def test_a_running_loop_as_in_a_cell(self):
        async def cell():
            return ask()

        assert asyncio.run(cell()) == 42

    def test_a_running_loop_alternately_with_await(self):
        executor = answering()

        async def cell():
            both = []
            for _ in range(4):
                both += [executor.execute()["b"], (await executor.aexecute())["b"]]
            return both

        assert asyncio.run(cell()) == [42] * 8

    def test_a_callback_of_a_running_loop(self):
        async def main():
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(lambda: future.set_result(ask()))
            return await future

        assert asyncio.run(main()) == 42

    def test_many_threads_at_once(self):
        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(lambda _: ask(), range(32))) == [42] * 32

    @pytest.mark.parametrize("thread", [True, False])
    @pytest.mark.parametrize("depth", [1, 2, 4])
    def test_a_node_of_another_run_at_any_depth(self, depth, thread):
        def nested(depth):
            if not depth:
                return ask()
            dag = AgentDAG(f"depth {depth}")
            dag.add_node(AgentNode("n", lambda: nested(depth - 1), thread=thread))
            return DAGExecutor(dag).execute().raise_for_status()["n"]

        assert nested(depth) == 42

    def test_an_async_node_of_another_run(self):
        async def node():
            return ask()

        dag = AgentDAG("outer")
        dag.add_node(AgentNode("n", node))
        assert DAGExecutor(dag).execute()["n"] == 42

    def test_threads_and_loops_in_turns(self):
        def nested(depth):
            if not depth:
                return ask()
            dag = AgentDAG(f"depth {depth}")
            dag.add_node(AgentNode("n", lambda: nested(depth - 1), thread=bool(depth % 2)))
            dag.add_node(AgentNode("m", lambda: nested(depth - 1), thread=not depth % 2))
            result = DAGExecutor(dag).execute(parallel=True).raise_for_status()
            assert result["n"] == result["m"]
            return result["n"]

        assert nested(4) == 42

    def test_a_condition_on_the_loop(self):
        dag = AgentDAG("outer")
        dag.add_node(AgentNode("a", answer))
        dag.add_node(AgentNode("b", answer))
        dag.add_edge("a", "b", lambda state: ask() == 42)
        assert DAGExecutor(dag).execute()["b"] == 42

    def test_a_listener_on_the_loop(self):
        asked = []
        dag = AgentDAG("outer")
        dag.add_node(AgentNode("a", answer))
        executor = DAGExecutor(dag, on_event=lambda event: asked.append(ask()))
        assert executor.execute()["a"] == 42
        assert set(asked) == {42}

    def test_an_event_handler_of_uvicorns_kind(self):
        """A server's handler: a task of a loop that serves others meanwhile."""

        async def serve():
            executor = answering()
            results = await asyncio.gather(*(executor.aexecute() for _ in range(20)))
            return [result["b"] for result in results]

        assert asyncio.run(serve()) == [42] * 20


class TestRunBlocking:
    def test_it_raises_what_the_coroutine_raises(self):
        async def fail():
            raise KeyError("k")

        with pytest.raises(KeyError, match="k"):
            run_blocking(fail())

    def test_it_sees_the_callers_context_variables(self):
        variable = contextvars.ContextVar("variable")
        variable.set("mine")

        async def read():
            return variable.get()

        assert run_blocking(read()) == "mine"

    def test_a_coroutine_that_is_cancelled_raises_cancelled_error(self):
        async def cancelled():
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            run_blocking(cancelled())

    def test_an_interrupt_of_the_caller_cancels_the_coroutine(self):
        cancelled = threading.Event()

        async def wait():
            interrupt_soon()
            try:
                await asyncio.sleep(30)
            finally:
                cancelled.set()

        with pytest.raises(KeyboardInterrupt):
            run_blocking(wait())
        assert cancelled.is_set()

    def test_an_interrupt_of_execute_keeps_what_finished(self):
        dag = AgentDAG("d")

        async def wait(first):
            interrupt_soon()
            await asyncio.sleep(30)

        dag.add_node(AgentNode("first", answer))
        dag.add_node(AgentNode("wait", wait))
        dag.add_edge("first", "wait")
        executor = DAGExecutor(dag)
        with pytest.raises(KeyboardInterrupt):
            executor.execute()
        assert executor.last_result.status == "cancelled"
        assert executor.last_result.node_results == {"first": 42, "wait": None}

    @pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
    def test_a_coroutine_that_exits_takes_no_loop_with_it(self, kind):
        async def leave():
            raise kind("now")

        async def leave_in_a_task():
            await asyncio.create_task(leave())

        for coroutine in (leave, leave_in_a_task):
            with pytest.raises(kind, match="now"):
                run_blocking(coroutine())
            assert run_blocking(answer()) == 42

    def test_one_background_loop_serves_all_callers(self):
        async def where():
            return threading.current_thread().name

        assert {run_blocking(where()) for _ in range(5)} == {"linus_nb-loop-0"}


class TestSubmit:
    def test_it_uses_the_running_loop(self):
        async def main():
            call = submit(answer())
            assert call.is_on_this_loop()
            return await asyncio.wrap_future(call.future)

        assert asyncio.run(main()) == 42

    def test_it_uses_the_background_loop_where_none_runs(self):
        call = submit(answer())
        assert not call.is_on_this_loop()
        assert call.future.result(5) == 42

    def test_a_cancel_at_once_still_lets_the_coroutine_begin_and_clean_up(self):
        seen = []

        async def work():
            seen.append("begun")
            try:
                await asyncio.sleep(30)
            finally:
                seen.append("cleaned up")

        for _ in range(20):
            seen.clear()
            call = submit(work())
            call.cancel_soon()
            with pytest.raises(CancelledError):
                call.future.result(5)
            assert seen == ["begun", "cleaned up"]


def test_keep_awake_wakes_a_sleeping_loop():
    async def main():
        loop = asyncio.get_running_loop()
        turns = 0

        def count():
            nonlocal turns
            turns += 1

        real = loop._run_once
        loop._run_once = lambda: (count(), real())[1]
        with keep_awake(0.01):
            await asyncio.sleep(0.1)
        return turns

    assert asyncio.run(main()) >= 8


def test_all_who_keep_a_loop_awake_share_one_timer():
    async def main():
        loop = asyncio.get_running_loop()
        with keep_awake(), keep_awake(), keep_awake():
            held = len(loop._scheduled)
            with keep_awake(0.01):  # wants to be woken more often
                more = len(loop._scheduled)
        return held, more, [timer for timer in loop._scheduled if not timer.cancelled()]

    assert asyncio.run(main()) == (1, 2, [])


def interrupt_soon():
    """Send the main thread what Ctrl-C sends."""
    main = threading.main_thread().ident
    threading.Timer(0.02, signal.pthread_kill, (main, signal.SIGINT)).start()


class TestOldNestAsyncio:
    def test_a_process_that_it_has_patched_is_warned(self, monkeypatch, caplog):
        monkeypatch.setitem(sys.modules, "nest_asyncio", object())
        monkeypatch.delitem(sys.modules, "nest_asyncio2", raising=False)
        monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
        assert warn_of_old_nest_asyncio()
        assert "nest_asyncio has patched this process" in caplog.text

    def test_a_process_that_only_has_it_is_not(self, monkeypatch, caplog):
        monkeypatch.setitem(sys.modules, "nest_asyncio", object())
        monkeypatch.delattr(asyncio, "_nest_patched", raising=False)
        assert not warn_of_old_nest_asyncio()
        assert caplog.text == ""
