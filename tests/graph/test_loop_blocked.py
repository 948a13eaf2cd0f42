"""A node that holds the event loop is named in the result, with the line it stood at."""

import asyncio
import inspect
import threading
import time

import pytest
from graph_makers import dag_of, sleeper

from linus_nb.graph import AgentNode, DAGExecutor, loop_watch

pytestmark = pytest.mark.anyio

HELD = 0.25


async def holds():
    await asyncio.sleep(0.01)
    time.sleep(HELD)  # noqa: ASYNC251 - what is to be found


def line_of(function, text):
    """Return ``file:line`` of the line of a function that has ``text``."""
    lines, first = inspect.getsourcelines(function)
    number = next(first + n for n, line in enumerate(lines) if text in line)
    return f"{function.__code__.co_filename}:{number}"


async def test_it_is_named_with_its_line():
    result = await DAGExecutor(dag_of({"good": sleeper(0.05), "bad": holds})).aexecute()
    (notice,) = result.notices
    assert notice.startswith("'bad' held the event loop for 0.")
    assert f"{line_of(holds, 'time.sleep')} in holds" in notice
    assert "to_thread" in notice
    assert notice.splitlines()[0] in repr(result)


async def test_the_line_is_the_users_own_also_deep_inside_a_library():
    def wait():
        threading.Event().wait(HELD)

    async def calls_it():
        wait()

    (notice,) = (await DAGExecutor(dag_of({"bad": calls_it})).aexecute()).notices
    assert f"{line_of(wait, 'wait(HELD)')} in wait" in notice


async def test_a_node_of_a_nested_dag_is_named_with_its_parent():
    result = await DAGExecutor(dag_of({"outer": dag_of({"bad": holds})})).aexecute()
    assert result.notices[0].startswith("'outer/bad' held")


async def test_a_node_that_is_kept_on_the_loop_is_named_too():
    dag = dag_of({"bad": AgentNode("bad", lambda: time.sleep(HELD), thread=False)})
    assert (await DAGExecutor(dag).aexecute()).notices[0].startswith("'bad' held")


async def test_each_node_is_named_once_with_its_longest_hold():
    async def twice():
        time.sleep(0.15)  # noqa: ASYNC251
        await asyncio.sleep(0)
        time.sleep(0.4)  # noqa: ASYNC251

    (notice,) = (await DAGExecutor(dag_of({"bad": twice})).aexecute()).notices
    assert line_of(twice, "0.4") in notice


async def test_waiting_and_working_in_threads_is_no_holding():
    dag = dag_of({"waits": sleeper(0.3), "works": lambda: time.sleep(0.3)})
    assert (await DAGExecutor(dag).aexecute()).notices == []


async def test_who_holds_the_loop_outside_of_any_node_is_not_named():
    async def other():
        await asyncio.sleep(0.02)
        time.sleep(HELD)  # noqa: ASYNC251

    held = asyncio.create_task(other())
    assert (await DAGExecutor(dag_of({"waits": sleeper(0.1)})).aexecute()).notices == []
    await held


def test_it_is_found_in_a_blocking_call_too():
    assert DAGExecutor(dag_of({"bad": holds})).execute().notices[0].startswith("'bad' held")


def test_one_thread_watches_all_runs_and_ends_after_them(monkeypatch):
    monkeypatch.setattr(loop_watch, "_STAYS", 0.0)
    handles = [DAGExecutor(dag_of({"a": sleeper(0.05)})).start() for _ in range(5)]
    for handle in handles:
        handle.result(10)
    watchers = [t for t in threading.enumerate() if t.name == "linus_nb-watch"]
    assert len(watchers) <= 1
    for watcher in watchers:
        watcher.join(10)
        assert not watcher.is_alive()
