"""A run as people see it: a real kernel, a real JupyterLab, a real browser."""

import pytest
from lab_notebook import IPYKERNEL_6
from nbconvert import HTMLExporter
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

DAG = """
import asyncio, pathlib, linus_nb
from linus_nb import AgentDAG, DAGExecutor

async def gate(name):
    while not pathlib.Path(f"{name}.open").exists():
        await asyncio.sleep(0.02)

dag = AgentDAG("shares")

@dag.node
def ingest():
    print("reading 3 files")
    return {"rows": 300}

@dag.node
async def stats(ingest):
    await gate("stats")
    return "mean 12.5"

@dag.node
async def patterns(ingest):
    await gate("patterns")
    return "up in May"

@dag.node
async def report(stats, patterns):
    return f"{stats}, {patterns}"

executor = DAGExecutor(dag)
"""
WATCH = "view = linus_nb.watch(executor)\nview"
RUN = "result = await executor.aexecute()"


def node(notebook, number, status):
    return notebook.page.locator(f".linus-run #n{number}.status-{status}")


def open_gate(notebook, name):
    (notebook.path.parent / f"{name}.open").touch()


@pytest.fixture(autouse=True)
def gates_are_closed(server):
    yield
    for path in server[1].glob("*.open"):
        path.unlink()


def test_colours_change_while_the_cell_still_runs_and_the_page_never_jumps(open_notebook):
    notebook = open_notebook(DAG, WATCH, RUN, "'the next cell'").run_all()
    expect(node(notebook, 1, "running")).to_be_visible()
    expect(notebook.page.locator(".linus-run")).to_have_count(1)
    assert notebook.prompt(2).text_content() == "[*]:"
    place = notebook.page.locator(".jp-CodeCell").nth(2).bounding_box()
    expect(notebook.page.locator(".count")).to_have_text("1/4")
    open_gate(notebook, "stats")
    expect(node(notebook, 1, "completed")).to_be_visible()
    expect(node(notebook, 2, "running")).to_be_visible()
    assert notebook.prompt(2).text_content() == "[*]:"
    open_gate(notebook, "patterns")
    expect(notebook.page.locator(".header .status")).to_have_text("success")
    expect(notebook.page.locator(".page.output")).to_contain_text("mean 12.5, up in May")
    notebook.wait_for_cell(3)
    assert notebook.page.locator(".jp-CodeCell").nth(2).bounding_box() == place


def test_a_clicked_node_is_shown_until_follow_while_the_cell_still_runs(open_notebook):
    notebook = open_notebook(DAG, WATCH, RUN).run_all()
    page = notebook.page
    expect(node(notebook, 2, "running")).to_be_visible()
    page.locator("#n0").click()
    expect(page.locator(".panel-name")).to_have_text("ingest")
    expect(page.locator(".page.output")).to_contain_text("reading 3 files")
    expect(page.locator(".page.output")).to_contain_text('{"rows": 300}')
    page.locator(".gantt summary").click()
    page.locator(".gantt .row", has_text="stats").click()
    expect(page.locator("#n1.selected")).to_be_visible()
    page.get_by_role("tab", name="Input").click()
    expect(page.locator(".page.input")).to_contain_text('ingest: {"rows": 300}')
    page.get_by_role("button", name="Follow").click()
    expect(page.locator(".panel-name")).to_have_text("patterns")
    expect(page.get_by_role("button", name="Follow")).to_be_hidden()


def test_stop_ends_an_awaiting_cell_and_keeps_what_has_finished(open_notebook):
    told = "executor.last_result.status, executor.last_result['ingest']"
    notebook = open_notebook(DAG, WATCH, RUN, told).run_all()
    expect(node(notebook, 1, "running")).to_be_visible()
    notebook.page.get_by_role("button", name="Stop").click()
    expect(notebook.page.locator(".note")).to_have_text("Stopped, 1 result kept")
    notebook.wait_for_cell(2)
    expect(node(notebook, 1, "cancelled")).to_be_visible()
    notebook.run_cell(3).wait_for_cell(3)
    expect(notebook.output(3)).to_contain_text("('cancelled', {'rows': 300})")


def test_stop_ends_a_background_run_on_ipykernel_6(open_notebook):
    notebook = open_notebook(DAG, WATCH, "run = executor.start()", kernel=IPYKERNEL_6).run_all()
    expect(node(notebook, 1, "running")).to_be_visible()
    notebook.wait_for_cell(2)
    notebook.page.get_by_role("button", name="Stop").click()
    expect(notebook.page.locator(".note")).to_have_text("Stopped, 1 result kept")


def test_a_blocking_run_is_live_and_its_nodes_can_be_clicked(open_notebook):
    notebook = open_notebook(DAG, WATCH, "result = executor.execute(parallel=True)").run_all()
    expect(node(notebook, 1, "running")).to_be_visible()
    notebook.page.locator("#n0").click()
    expect(notebook.page.locator(".page.output")).to_contain_text('{"rows": 300}')
    open_gate(notebook, "stats")
    expect(node(notebook, 1, "completed")).to_be_visible()
    assert notebook.prompt(2).text_content() == "[*]:"
    open_gate(notebook, "patterns")
    expect(notebook.page.locator(".header .status")).to_have_text("success")


def test_stop_in_a_blocking_cell_says_what_stops_it(open_notebook):
    notebook = open_notebook(DAG, WATCH, "executor.execute(parallel=True)").run_all()
    expect(node(notebook, 1, "running")).to_be_visible()
    notebook.page.get_by_role("button", name="Stop").click()
    expect(notebook.page.locator(".note")).to_contain_text("■ in the toolbar")
    open_gate(notebook, "stats")
    open_gate(notebook, "patterns")
    expect(notebook.page.locator(".header .status")).to_have_text("success")
    expect(notebook.page.locator(".note")).to_be_hidden()


def test_a_failure_says_what_why_and_what_next(open_notebook):
    broken = """
import linus_nb
from linus_nb import AgentDAG, DAGExecutor

dag = AgentDAG("broken")

@dag.node
def load():
    try:
        {}["March"]
    except KeyError as error:
        raise ValueError("no rows in March") from error

dag.node("report", lambda load: load)
executor = DAGExecutor(dag)
linus_nb.watch(executor)
"""
    page = open_notebook(broken, RUN).run_all().page
    error = page.locator(".page.error")
    expect(error.locator(".sentence")).to_have_text("'load' failed: ValueError: no rows in March")
    expect(error.locator(".cause")).to_have_text("Cause: KeyError: 'March'")
    expect(error.locator(".next-step")).to_contain_text("executor.last_result")
    expect(error.locator("pre")).to_be_hidden()
    error.locator("summary").click()
    expect(error.locator("pre")).to_contain_text("raise ValueError")


def test_a_saved_notebook_shows_the_picture_without_its_kernel(open_notebook):
    notebook = open_notebook(DAG, WATCH, RUN)
    open_gate(notebook, "stats")
    open_gate(notebook, "patterns")
    page = notebook.run_all().page
    expect(page.locator(".header .status")).to_have_text("success")
    expect(page.locator(".linus-static")).to_be_hidden()
    notebook.wait_for_cell(2)
    notebook.wait_for_static_picture("✓ report")
    page = notebook.open_without_kernel()
    expect(page.get_by_text("Select Kernel", exact=True)).to_be_visible()
    expect(page.locator(".linus-static img")).to_be_visible()
    expect(page.locator(".linus-run")).to_have_count(0)
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)
    assert page.evaluate("document.querySelector('.linus-static img').naturalWidth") > 100
    page.close()


def test_the_saved_notebook_as_html_has_the_picture_and_asks_no_other_host(open_notebook):
    notebook = open_notebook(DAG, WATCH).run_all()
    expect(notebook.page.locator(".linus-run")).to_be_visible()
    notebook.wait_for_static_picture("│ report │")
    notebook.lab.finish("docmanager:save")
    page, _ = HTMLExporter().from_filename(str(notebook.path))
    assert page.count('<div class="linus-static">') == 1
    assert "data:image/svg+xml;base64," in page
    assert "application/vnd.jupyter.widget" not in page


def test_rerun_failed_runs_what_failed_and_keeps_the_rest(open_notebook):
    flaky = """
import linus_nb
from linus_nb import AgentDAG, DAGExecutor

tries = []
def flaky(load):
    tries.append(load)
    return 1 // (len(tries) - 1)

dag = AgentDAG("flaky")
dag.node("load", lambda: [1])
dag.node("flaky", flaky)
executor = DAGExecutor(dag)
linus_nb.watch(executor)
"""
    notebook = open_notebook(flaky, RUN).run_all()
    notebook.page.get_by_role("button", name="Rerun failed").click()
    expect(notebook.page.locator(".header .status")).to_have_text("success")
    expect(node(notebook, 0, "reused")).to_be_visible()
    expect(node(notebook, 1, "completed")).to_be_visible()
