"""The one line about a run that nobody watches."""

import asyncio

from graph_makers import dag_of, sleeper
from virtual_time import new_run, on_virtual_time

from linus_nb.graph.status_line import status_line


class Paper:
    """A screen that keeps what was shown, and when."""

    def __init__(self):
        self.shown = []
        self.finished = []

    def show(self, text):
        self.shown.append((asyncio.get_running_loop().time(), text))

    def finish(self, text):
        self.finished.append(text)


async def watched(dag):
    paper, run = Paper(), new_run(dag)
    with status_line(run, asyncio.get_running_loop(), paper):
        await run.execute()
    return paper


@on_virtual_time
async def test_it_appears_after_two_seconds_and_is_brought_up_to_date():
    dag = dag_of({"a": sleeper(2.2), "b": sleeper(1)}, ["a b"])
    paper = await watched(dag)
    assert [round(time, 3) for time, _ in paper.shown] == [2.0, 2.5, 3.0]
    assert [text for _, text in paper.shown] == [
        "dag: 0 of 2 nodes · running a · 2 s",
        "dag: 1 of 2 nodes · running b · 2 s",
        "dag: 1 of 2 nodes · running b · 3 s",
    ]
    assert paper.finished == ["dag: 2 of 2 nodes · success · 3 s"]


@on_virtual_time
async def test_a_short_run_shows_nothing():
    paper = await watched(dag_of({"a": sleeper(1.9)}))
    assert (paper.shown, paper.finished) == ([], [])


@on_virtual_time
async def test_many_running_nodes_are_counted():
    paper = await watched(dag_of({n: sleeper(2.4) for n in "abcde"}))
    assert paper.shown[0][1] == "dag: 0 of 5 nodes · running a, b, c and 2 more · 2 s"
