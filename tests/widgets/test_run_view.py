"""A RunView follows runs from any loop and thread; here with no browser."""

import asyncio
import threading

import pytest
from widget_samples import Unreadable, recorded, told_when

from linus_nb.events import Token, current_emitter
from linus_nb.graph import AgentDAG, DAGExecutor
from linus_nb.widgets import RunView, watch
from linus_nb.widgets.run_text import RunText


def two_nodes():
    dag = AgentDAG("two")
    dag.node("load", lambda: [1, 2, 3])
    dag.node("sum", lambda load: 2 * len(load))
    return dag


async def never(first):
    await asyncio.Event().wait()


def values(view, aspect):
    return {key: value for key, value in view.get_state().items() if key.startswith(f"{aspect}_")}


@pytest.mark.anyio
async def test_after_a_run_every_panel_has_its_node():
    view = RunView(executor := DAGExecutor(two_nodes()))
    await executor.aexecute()
    await asyncio.sleep(0)  # the texts that are read once the run is over
    assert values(view, "output") == {"output_0": "[1, 2, 3]", "output_1": "6"}
    assert values(view, "input")["input_1"] == "load: [1, 2, 3]"
    assert view.header["status"] == "success"
    assert view.header["stoppable"] is False
    assert view.verdicts == {"n0 n1": True}


@pytest.mark.anyio
async def test_stop_ends_the_run_from_any_thread():
    dag = AgentDAG("slow")
    dag.node("first", lambda: 1)
    dag.node("never", never)
    view = RunView(executor := DAGExecutor(dag))
    stopper = threading.Thread(target=view.stop)

    def stop_when_running(event):
        if event.kind == "node_started" and event.node == "never":
            stopper.start()

    with executor.listening(stop_when_running), pytest.raises(asyncio.CancelledError):
        await executor.aexecute()
    stopper.join()
    assert view.header["note"] == "Stopped, 1 result kept"
    assert view.statuses == {"n0": "completed", "n1": "cancelled"}
    assert view.header["count"] == "1/2"


@pytest.mark.parametrize("start", [DAGExecutor.execute, lambda ex: ex.start().result()])
def test_runs_on_the_background_loop_are_followed_too(start):
    view = RunView(executor := DAGExecutor(two_nodes()))
    start(executor)
    assert view.header["count"] == "2/2"


@pytest.mark.anyio
async def test_a_failure_has_a_sentence_a_cause_and_a_next_step():
    def broken():
        try:
            return {}["March"]
        except KeyError as error:
            raise ValueError("no rows") from error

    dag = AgentDAG("broken")
    dag.node("load", broken)
    view = RunView(executor := DAGExecutor(dag))
    await executor.aexecute()
    error = values(view, "error")["error_0"]
    assert error["sentence"] == "'load' failed: ValueError: no rows"
    assert error["cause"] == "KeyError: 'March'"
    assert "executor.last_result" in error["next"]
    assert error["traceback"].endswith("ValueError: no rows\n")


@pytest.mark.anyio
async def test_values_that_cannot_be_read_or_are_huge_hide_nothing():
    dag = AgentDAG("odd")
    dag.node("unreadable", Unreadable)
    dag.node("huge", lambda: "x" * 5_000_000)
    view = RunView(executor := DAGExecutor(dag))
    result = await executor.aexecute()
    await asyncio.sleep(0)
    assert result.status == "success"
    told = values(view, "output")
    assert told["output_0"] == "<Unreadable: its text raised RuntimeError>"
    assert len(told["output_1"]) < 10_000


@pytest.mark.anyio
async def test_a_dag_that_has_changed_is_drawn_anew_beside_its_run():
    dag = two_nodes()
    view = RunView(executor := DAGExecutor(dag))
    await executor.aexecute()
    release = asyncio.Event()

    async def wait(load):
        await release.wait()

    dag.node("after", wait)
    # It is laid out beside the run, which goes on.
    drawn = told_when(view, lambda: view.names[-1] == "after" and view.statuses["n2"] == "running")
    running = asyncio.ensure_future(executor.aexecute())
    await drawn.wait()
    assert 'data-node="after"' in view.svg
    release.set()
    await running
    assert view.header["count"] == "3/3"


@pytest.mark.anyio
async def test_a_second_run_starts_with_empty_panels():
    amounts = [3]
    dag = AgentDAG("once")
    dag.node("take", lambda: amounts.pop(0))
    view = RunView(executor := DAGExecutor(dag))
    await executor.aexecute()
    assert values(view, "output") == {"output_0": "3"}
    await executor.aexecute()
    assert values(view, "output") == {"output_0": ""}
    assert "IndexError" in values(view, "error")["error_0"]["sentence"]


@pytest.mark.anyio
async def test_a_burst_of_tokens_sends_few_messages(monkeypatch):
    async def talk():
        for _ in range(500):
            current_emitter().emit(Token, text="word ")
        return "done"

    dag = AgentDAG("talk")
    dag.node("talk", talk)
    view = RunView(executor := DAGExecutor(dag))
    sent = recorded(monkeypatch, view)
    await executor.aexecute()
    assert 1 <= len(sent) <= 10


def test_watching_again_leaves_one_view_that_listens(monkeypatch):
    monkeypatch.setattr("linus_nb.widgets.watching.frontend", lambda: "live")
    executor = DAGExecutor(two_nodes())
    first, second = watch(executor), watch(executor)
    executor.execute()
    assert (first.header["status"], second.header["status"]) == ("ready", "success")


def test_outside_of_notebooks_a_watched_run_keeps_its_status_line():
    executor = DAGExecutor(two_nodes())
    view = watch(executor)
    assert isinstance(view, RunText)
    assert executor._listeners == []
    executor.execute()
    assert "run: success, 2 of 2 nodes completed" in repr(view)


def test_a_view_carries_text_and_a_picture_that_needs_no_widget():
    view = RunView(DAGExecutor(two_nodes()))
    bundle, _ = view._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
    assert "load" in bundle["text/plain"]
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert len(bundle["text/html"]) < 100_000


def test_what_is_sent_of_a_node_is_part_of_the_state_of_the_view():
    view = RunView(executor := DAGExecutor(two_nodes()))
    executor.execute()
    assert view.get_state("output_1") == {"output_1": "6"}
    assert view.get_state(["svg", "activity_0"])["activity_0"] == "completed"


@pytest.mark.anyio
async def test_rerun_failed_runs_only_what_failed_and_shows_the_rest_as_reused():
    tries = []

    def flaky(load):
        tries.append(load)
        return 1 // (len(tries) - 1)

    dag = AgentDAG("flaky")
    dag.node("load", lambda: [1])
    dag.node("flaky", flaky)
    view = RunView(executor := DAGExecutor(dag))
    await executor.aexecute()
    assert view.header["rerun"] is True
    succeeded = told_when(view, lambda: view.header["status"] == "success")
    view._receive(view, {"kind": "rerun"}, [])
    await succeeded.wait()
    assert view.statuses == {"n0": "reused", "n1": "completed"}
    assert values(view, "output") == {"output_0": "[1]", "output_1": "1"}
