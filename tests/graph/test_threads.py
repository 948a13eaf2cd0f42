"""Nodes that are not async: one thread each, none of which holds up another."""

import asyncio
import inspect
import threading

from graph_makers import dag_of, started_until

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor, options
from linus_nb.graph.threads import Threads


class TestThreads:
    def test_a_thread_is_left_to_itself_and_named_at_once(self):
        release = threading.Event()
        executor = DAGExecutor(dag_of({"deaf": release.wait, "good": lambda: 1}, ["good deaf"]))

        async def run():
            loop = asyncio.get_running_loop()
            task = await started_until(executor, "node_started", "deaf")
            begun = loop.time()
            task.cancel()
            await asyncio.wait([task])
            return loop.time() - begun

        try:
            assert asyncio.run(run()) < 0.15
        finally:
            release.set()
        assert executor.last_result.abandoned == ["deaf"]

    def test_a_call_that_waits_for_a_thread_is_not_named(self, monkeypatch):
        monkeypatch.setattr(options, "most_threads", 1)
        release = threading.Event()
        executor = DAGExecutor(dag_of({"first": release.wait, "second": lambda: 1}))

        async def run():
            task = await started_until(executor, "node_started", "second")
            task.cancel()
            await asyncio.wait([task])

        try:
            asyncio.run(run())
        finally:
            release.set()
        assert executor.last_result.abandoned == ["first"]

    def test_hung_threads_never_hold_up_other_nodes(self, monkeypatch):
        monkeypatch.setattr(options, "most_threads", 2)
        release = threading.Event()
        dag = AgentDAG("d")
        for i in range(4):
            dag.add_node(AgentNode(f"h{i}", release.wait, timeout_seconds=0.03, on_error="skip"))
        dag.add_node(AgentNode("good", lambda: "ok"))
        try:
            result = DAGExecutor(dag).execute(parallel=True)
        finally:
            release.set()
        assert (result["good"], len(result.abandoned)) == ("ok", 4)

    def test_a_timeout_counts_from_the_start_of_the_work(self, monkeypatch):
        monkeypatch.setattr(options, "most_threads", 1)
        pause = threading.Event().wait
        dag = AgentDAG("d")
        for i in range(4):
            dag.add_node(AgentNode(f"n{i}", lambda: pause(0.05), timeout_seconds=0.15))
        assert DAGExecutor(dag).execute(parallel=True).status == "success"

    def test_sync_nodes_run_at_once_and_the_loop_goes_on(self):
        together = threading.Barrier(8)
        dag = dag_of({f"n{i}": lambda: together.wait(5) for i in range(8)})

        async def run():
            gaps, last = [], asyncio.get_running_loop().time()
            task = asyncio.ensure_future(DAGExecutor(dag).aexecute())
            while not task.done():
                await asyncio.sleep(0.005)
                gaps.append(asyncio.get_running_loop().time() - last)
                last += gaps[-1]
            return task.result(), max(gaps)

        result, longest_gap = asyncio.run(run())
        assert sorted(result.node_results.values()) == list(range(8))
        assert longest_gap < 0.1

    def test_no_thread_is_left_when_the_run_is_over(self):
        before = {t for t in threading.enumerate() if t.name.startswith("linus_nb-node")}
        DAGExecutor(dag_of({n: lambda: 1 for n in "abc"})).execute(parallel=True)
        left = {t for t in threading.enumerate() if t.name.startswith("linus_nb-node")} - before
        for thread in left:
            thread.join(5)
        assert not any(thread.is_alive() for thread in left)

    def test_a_coroutine_that_a_function_returns_too_late_is_closed(self):
        release, made = threading.Event(), []

        async def never_begun():
            raise AssertionError

        def function():
            release.wait()
            made.append(never_begun())
            return made[0]

        async def run():
            threads = Threads(1)
            call = asyncio.create_task(threads.call(function))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])
            release.set()
            async with asyncio.timeout(10):
                while not made or inspect.getcoroutinestate(made[0]) != "CORO_CLOSED":  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            threads.close()

        asyncio.run(run())
