"""What nodes print goes to their own panels, whatever runs at the same time."""

import asyncio
import io
import sys

import pytest

from linus_nb.events import Emitter, set_emitter
from linus_nb.widgets.prints import printing_to


def speak_as(node, run_id="run"):
    set_emitter(Emitter(lambda _: None, run_id=run_id, node=node, started=0.0))


@pytest.mark.anyio
async def test_lines_of_nodes_that_run_at_once_never_mix():
    taken = {"a": "", "b": ""}

    def take(node, text):
        taken[node] += text

    async def work(node):
        speak_as(node)
        for number in range(20):
            print(node, number)  # noqa: T201
            await asyncio.sleep(0)
        await asyncio.to_thread(print, node, "in a thread")

    with printing_to("run", take):
        await asyncio.gather(work("a"), work("b"))
    for node, text in taken.items():
        assert text == "".join(f"{node} {n}\n" for n in range(20)) + f"{node} in a thread\n"


def test_what_no_node_of_the_run_prints_goes_where_it_went_before(capsys):
    with printing_to("run", lambda node, text: None):
        speak_as("other", run_id="another run")
        print("not ours")  # noqa: T201
        set_emitter(None)
        print("nobody's")  # noqa: T201
    assert capsys.readouterr().out == "not ours\nnobody's\n"


def test_runs_that_overlap_leave_standard_output_as_it_was():
    before = sys.stdout
    first, second = printing_to("1", lambda *_: None), printing_to("2", lambda *_: None)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.stdout is not before
    second.__exit__(None, None, None)
    assert sys.stdout is before


def test_somebody_elses_redirection_on_top_is_left_alone(monkeypatch):
    theirs = io.StringIO()
    with printing_to("run", lambda *_: None):
        monkeypatch.setattr(sys, "stdout", theirs)
    assert sys.stdout is theirs
