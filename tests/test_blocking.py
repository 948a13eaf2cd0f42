"""Blocking calls and background runs, from every kind of caller."""

import asyncio
import contextvars
import signal
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from linus_nb.blocking import keep_awake, run_blocking, submit
from linus_nb.errors import OptionError
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


class TestHandles:
    def slow(self):
        dag = AgentDAG("slow")
        dag.add_node(AgentNode("first", answer))
        dag.add_node(AgentNode("slow", lambda_sleeper(30)))
        return DAGExecutor(dag)

    def test_a_script_starts_and_asks_for_the_result(self):
        handle = answering().start()
        assert handle.result(5)["b"] == 42
        assert (handle.done, handle.status) == (True, "success")

    def test_a_script_stops_a_run_and_has_its_result(self):
        handle = self.slow().start()
        assert handle.status == "running"
        handle.cancel()
        result = handle.result(5)
        assert (result.status, handle.status) == ("cancelled", "cancelled")
        handle.cancel()
        assert handle.result() is not None

    def test_a_cancel_at_once_gives_a_complete_result(self):
        for _ in range(20):
            handle = self.slow().start()
            handle.cancel()
            result = handle.result(5)
            assert result.status == "cancelled"
            assert {n.status for n in result.nodes.values()} <= {"completed", "cancelled"}

    def test_a_loop_awaits_it_any_number_of_times(self):
        async def cell():
            handle = answering().start()
            results = [await handle, await handle]
            assert handle.result() is not results
            return [result["b"] for result in results]

        assert asyncio.run(cell()) == [42, 42]

    def test_a_stopped_run_has_a_result_to_await(self):
        async def cell():
            handle = self.slow().start()
            await asyncio.sleep(0.01)
            handle.cancel()
            return await handle

        result = asyncio.run(cell())
        assert (result.status, result["first"]) == ("cancelled", 42)

    def test_interrupting_the_await_leaves_the_run_going(self):
        async def cell():
            dag = AgentDAG("d")
            dag.add_node(AgentNode("n", lambda_sleeper(0.05)))
            handle = DAGExecutor(dag).start()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await handle
            assert handle.status == "running"
            return await handle

        assert asyncio.run(cell()).status == "success"

    def test_waiting_on_the_runs_own_loop_is_refused_with_what_to_type(self):
        async def cell():
            handle = answering().start()
            with pytest.raises(OptionError, match="await handle"):
                handle.result()
            return await handle

        assert asyncio.run(cell())["b"] == 42

    def test_a_result_that_takes_too_long_is_a_timeout(self):
        handle = self.slow().start()
        with pytest.raises(TimeoutError):
            handle.result(0.01)
        handle.cancel()
        assert handle.result(5).status == "cancelled"

    def test_a_failed_run_has_its_result_too(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", lambda: 1 / 0))
        assert DAGExecutor(dag).start().result(5).status == "failed"

    def test_its_repr_tells_how_far_it_is(self):
        handle = answering().start()
        handle.result(5)
        assert repr(handle) == "RunHandle('answering', success, 2 of 2 nodes)"


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


def interrupt_soon():
    """Send the main thread what Ctrl-C sends."""
    main = threading.main_thread().ident
    threading.Timer(0.02, signal.pthread_kill, (main, signal.SIGINT)).start()


def lambda_sleeper(seconds):
    async def work():
        await asyncio.sleep(seconds)

    return work
