"""Notebooks with a watched run, executed by a program: text only, the same every time."""

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.kernel

BUILD = """
import asyncio, linus_nb
from linus_nb import AgentDAG, DAGExecutor

dag = AgentDAG("printing")

async def speak(name):
    for number in range(3):
        print(f"{name} {number}")
        await asyncio.sleep(0.001)

async def a():
    await speak("a")

async def b():
    await speak("b")

dag.add_node("a", a)
dag.add_node("b", b)
executor = DAGExecutor(dag)
linus_nb.watch(executor)
"""
FIFTY_RUNS = "for _ in range(50):\n    await executor.aexecute()"


def executed():
    cells = [nbformat.v4.new_code_cell(cell) for cell in (BUILD, FIFTY_RUNS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    return NotebookClient(notebook, timeout=120).execute()


def test_fifty_watched_runs_lose_no_line_and_leave_text_only():
    notebook = executed()
    shown, ran = notebook.cells
    lines = "".join(output.text for output in ran.outputs).splitlines()
    assert sorted(lines) == sorted(f"{n} {i}" for n in "ab" for i in range(3) for _ in range(50))
    assert [list(output.data) for output in shown.outputs] == [["text/plain"]]
    text = shown.outputs[0].data["text/plain"]
    assert "run: success, 2 of 2 nodes completed" in text
    assert "widgets" not in notebook.metadata
    again = executed()
    assert again.cells[0].outputs == shown.outputs
