"""What a run says while it goes on, and in which order."""

import asyncio
import threading

import pytest
from graph_makers import dag_of, sleeper, stubborn
from virtual_time import on_virtual_time, run_dag

from linus_nb.events import Token, current_emitter
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


def kinds(events, node):
    return [event.kind for event in events if event.node == node]


async def events_of(dag, state=None, **options):
    return [event async for event in DAGExecutor(dag).astream(state, **options)]


def speaker(*texts):
    async def work():
        for text in texts:
            current_emitter().emit(Token, text=text)
            await asyncio.sleep(0)

    return work


class TestOrder:
    @on_virtual_time
    async def test_a_node_is_queued_started_and_finished_then_its_edges_are_decided(self):
        events = await events_of(dag_of({"a": sleeper(0), "b": sleeper(0)}, ["a b"]))
        assert [(e.kind, e.node) for e in events] == [
            ("run_started", ""),
            ("node_queued", "a"),
            ("node_started", "a"),
            ("node_finished", "a"),
            ("edge_decided", "a"),
            ("node_queued", "b"),
            ("node_started", "b"),
            ("node_finished", "b"),
            ("run_finished", ""),
        ]
        assert events[0].nodes == ("a", "b")
        assert events[-1].result.status == "success"
        assert len({e.run_id for e in events}) == 1

    @on_virtual_time
    async def test_retries_are_told_between_their_attempts(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", sleeper(0, error=ValueError("no")), retry_count=1))
        events = await events_of(dag)
        assert kinds(events, "a") == [
            "node_queued",
            "node_started",
            "node_retrying",
            "node_started",
            "node_finished",
        ]
        retrying = next(e for e in events if e.kind == "node_retrying")
        assert (retrying.attempt, retrying.delay, retrying.error) == (1, 0.5, "ValueError: no")
        assert [e.attempt for e in events if e.kind == "node_started"] == [1, 2]

    @on_virtual_time
    async def test_a_dead_edge_is_told_and_the_skipped_node_never_starts(self):
        dag = dag_of({"a": sleeper(0), "b": sleeper(0)}, [("a", "b", lambda s: False)])
        events = await events_of(dag)
        assert kinds(events, "b") == ["node_finished"]
        assert [e.live for e in events if e.kind == "edge_decided"] == [False]

    @on_virtual_time
    async def test_a_condition_that_raises_is_told_with_its_error(self):
        dag = dag_of({"a": sleeper(0), "b": sleeper(0)}, [("a", "b", lambda s: s["nope"])])
        (edge,) = [e for e in await events_of(dag) if e.kind == "edge_decided"]
        assert (edge.live, "KeyError" in edge.error) == (False, True)

    @on_virtual_time
    async def test_every_node_finishes_exactly_once_also_in_a_failed_run(self):
        dag = dag_of(
            {"a": sleeper(0, error=ValueError()), "b": sleeper(1), "c": sleeper(1)}, ["b c"]
        )
        events = await events_of(dag)
        finished = {e.node: e.status for e in events if e.kind == "node_finished"}
        assert finished == {"a": "failed", "b": "cancelled", "c": "cancelled"}
        assert [e.kind for e in events].count("node_finished") == 3

    def test_times_never_go_back_whatever_thread_speaks(self):
        def sync_speaker():
            for i in range(50):
                current_emitter().emit(Token, text=str(i))

        dag = dag_of({f"n{i}": sync_speaker for i in range(4)} | {"a": speaker(*"abc")})
        events = asyncio.run(events_of(dag))
        times = [event.time for event in events]
        assert times == sorted(times)
        for name in dag.nodes:
            mine = [e for e in events if e.node == name]
            assert [e.kind for e in mine][:2] == ["node_queued", "node_started"]
            texts = [e.text for e in mine if e.kind == "token"]
            assert texts == ([str(i) for i in range(50)] if name != "a" else list("abc"))
            assert mine[-1].kind == "node_finished"

    def test_listeners_are_called_on_the_loop_of_the_run(self):
        threads = set()

        def sync_speaker():
            current_emitter().emit(Token, text="x")

        executor = DAGExecutor(
            dag_of({"n": sync_speaker}),
            on_event=lambda event: threads.add(threading.current_thread().name),
        )
        asyncio.run(executor.aexecute())
        assert threads == {threading.main_thread().name}

    @on_virtual_time
    async def test_a_node_that_was_given_up_is_no_longer_heard(self):
        async def deaf():
            emitter = current_emitter()
            await stubborn(5)()
            emitter.emit(Token, text="late")

        events = []
        dag = AgentDAG("d")
        dag.add_node(AgentNode("deaf", deaf, timeout_seconds=1, on_error="skip"))
        dag.add_node(AgentNode("other", sleeper(10)))
        await run_dag(dag, publish=events.append)
        assert [e.kind for e in events if e.kind == "token"] == []


class TestSpeaking:
    @on_virtual_time
    async def test_agents_speak_in_their_nodes_name(self):
        inner = dag_of({"x": speaker("in")}, name="inner")
        events = await events_of(dag_of({"a": speaker("1", "2"), "n": inner}))
        tokens = [(e.node, e.text) for e in events if e.kind == "token"]
        assert tokens == [("a", "1"), ("n/x", "in"), ("a", "2")] or sorted(tokens) == [
            ("a", "1"),
            ("a", "2"),
            ("n/x", "in"),
        ]

    @on_virtual_time
    async def test_where_nobody_listens_there_is_no_emitter(self):
        async def work():
            return current_emitter()

        assert (await DAGExecutor(dag_of({"a": work})).aexecute())["a"] is None


class TestListeners:
    def test_one_that_raises_is_dropped_and_the_run_goes_on(self, caplog):
        calls = []

        def listener(event):
            calls.append(event)
            raise ValueError("listener")

        result = DAGExecutor(dag_of({"a": sleeper(0)}), on_event=listener).execute()
        assert (result.status, len(calls)) == ("success", 1)
        assert "a listener raised" in caplog.text

    def test_one_may_listen_for_a_while(self):
        seen = []
        executor = DAGExecutor(dag_of({"a": sleeper(0)}))
        with executor.listening(seen.append):
            executor.execute()
        told = len(seen)
        executor.execute()
        assert len(seen) == told > 0


class TestStream:
    @on_virtual_time
    async def test_leaving_early_stops_the_run(self):
        executor = DAGExecutor(dag_of({"a": sleeper(0), "b": sleeper(50)}))
        stream = executor.astream()
        async for event in stream:
            if event.kind == "node_finished":
                break
        await stream.aclose()
        assert executor.last_result.status == "cancelled"
        assert len(asyncio.all_tasks()) == 1

    @on_virtual_time
    async def test_the_last_event_of_a_failed_run_holds_its_result(self):
        events = await events_of(dag_of({"a": sleeper(0, error=ValueError("x"))}))
        assert (events[-1].kind, events[-1].result.status) == ("run_finished", "failed")

    @on_virtual_time
    async def test_a_dag_that_cannot_run_raises(self):
        dag = dag_of({"a": AgentNode("a", print, prompt="{nobody}")})
        with pytest.raises(LookupError):
            await events_of(dag)

    @on_virtual_time
    async def test_cancelling_the_reader_stops_the_run(self):
        executor = DAGExecutor(dag_of({"a": sleeper(50)}))

        async def read():
            return [event async for event in executor.astream()]

        task = asyncio.ensure_future(read())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert executor.last_result.status == "cancelled"
