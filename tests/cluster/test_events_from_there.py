"""Whoever watches a run sees on a cluster what he sees here."""

import cluster_nodes as nodes
import pytest

from linus_nb.graph import AgentDAG, DAGExecutor

PIECES = [str(number) for number in range(200)]


async def speak_async():
    for piece in PIECES:
        nodes.say(piece)
    return "said"


def speak():
    for piece in PIECES:
        nodes.say(piece)
    return "said"


def watched(function, backend):
    dag, seen = AgentDAG("watched"), []
    dag.node("n", function)
    DAGExecutor(dag, backend=backend, on_event=seen.append).execute()
    return seen


@pytest.mark.parametrize("function", [speak_async, speak])
def test_the_events_are_the_same_in_the_same_order(function, backend):
    here, there = watched(function, None), watched(function, backend)
    assert [event.kind for event in there] == [event.kind for event in here]
    assert [event.text for event in there if event.kind == "token"] == PIECES
    assert {event.node for event in there if event.kind == "token"} == {"n"}
    assert {event.run_id for event in there} == {there[0].run_id}
    times = [event.time for event in there]
    assert times == sorted(times)


@pytest.mark.anyio
async def test_they_can_be_streamed(own_backend):
    dag = AgentDAG("streamed")
    dag.node("n", speak_async)
    executor = DAGExecutor(dag, backend=own_backend)
    texts = [event.text async for event in executor.astream() if event.kind == "token"]
    assert texts == PIECES


def test_where_nobody_listens_nothing_is_sent(backend):
    def listened():
        return nodes.current_emitter() is not None

    dag = AgentDAG("quiet")
    dag.node("n", listened)
    assert DAGExecutor(dag, backend=backend).execute()["n"] is False
