"""Notebooks with a watched run, executed by a program: text only, the same every time."""

import nbformat
import pytest
from jupyter_client import KernelManager
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


def texts_of(notebook):
    """Return the one text that each cell shows beside what is printed."""
    displays = [[o for o in cell.outputs if o.output_type != "stream"] for cell in notebook.cells]
    assert [[list(output.data) for output in shown] for shown in displays] == [[["text/plain"]]] * 2
    return [shown[0].data["text/plain"] for shown in displays]


def executed():
    cells = [nbformat.v4.new_code_cell(cell) for cell in (BUILD, FIFTY_RUNS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    return NotebookClient(notebook, timeout=120).execute()


def test_fifty_watched_runs_lose_no_line_and_leave_text_only():
    notebook = executed()
    _, ran = notebook.cells
    printed = [output.text for output in ran.outputs if output.output_type == "stream"]
    lines = "".join(printed).splitlines()
    assert sorted(lines) == sorted(f"{n} {i}" for n in "ab" for i in range(3) for _ in range(50))
    assert "widgets" not in notebook.metadata
    assert texts_of(executed()) == texts_of(notebook)


def test_the_end_of_a_run_is_told_once_in_the_cell_that_ran_it():
    shown, ran = texts_of(executed())
    assert shown == "watching printing: 2 nodes, 0 edges, 1 level"
    assert "run: success, 2 of 2 nodes completed" in ran


def test_cells_that_are_not_counted_are_told_apart_all_the_same():
    kernel = KernelManager()
    kernel.start_kernel()
    client = kernel.blocking_client()
    client.start_channels()
    shown = []
    try:
        client.wait_for_ready(timeout=60)
        for cell in (BUILD, FIFTY_RUNS):
            client.execute_interactive(
                cell,
                store_history=False,
                allow_stdin=False,
                timeout=60,
                output_hook=lambda message: shown.append(message["header"]["msg_type"]),
            )
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    assert shown.count("display_data") == 2
