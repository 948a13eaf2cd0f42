"""Background runs, from a script and from a loop."""

import asyncio

import pytest
from graph_makers import sleeper

from linus_nb.errors import OptionError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


def answering():
    """Return an executor whose run takes turns of the loop and a thread."""
    dag = AgentDAG("answering")
    dag.add_node(AgentNode("a", sleeper(0, 42)))
    dag.add_node(AgentNode("b", lambda a: a))
    dag.add_edge("a", "b")
    return DAGExecutor(dag)


class TestHandles:
    def slow(self):
        dag = AgentDAG("slow")
        dag.add_node(AgentNode("first", sleeper(0, 42)))
        dag.add_node(AgentNode("slow", sleeper(30)))
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
            dag.add_node(AgentNode("n", sleeper(0.05)))
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
