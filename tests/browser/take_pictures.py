"""Takes the pictures of the views for the documentation.

``PYTHONPATH=tests python tests/browser/take_pictures.py`` shows every view in a light and in
a dark JupyterLab.
"""

import sys
import tempfile
from pathlib import Path

from lab_notebook import LabNotebook, write_notebook
from lab_server import lab_in_browser, lab_server
from playwright.sync_api import expect

IMAGES = Path(__file__).parents[2] / "docs" / "images"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
AGENTS = """
import linus_nb
from linus_nb import AgentDAG, DAGExecutor, create_gemma_agent
from linus_nb.testing import FakeOllama, Step

TREND = "Prices rose by a third over the ten years, with one deep fall in 2008. " * 3

def reply(messages):
    if "risk" in messages[-1]["content"]:
        return Step(text="High", delay=60)
    return Step(text=TREND)

server = FakeOllama(reply, piece_delay=0.05).start()
agent = lambda role: create_gemma_agent(api_base=server.url, instructions=role)

dag = AgentDAG("shares")
dag.node("ingest", lambda: {"rows": 120, "columns": ["date", "AAPL", "MSFT"]})
dag.node("trend", agent("You see trends."), prompt="What is the trend of {ingest}?")
dag.node("risk", agent("You see risks."), prompt="What is the risk in {ingest}?")
dag.node("news", lambda ingest: 1 / 0, on_error="skip")
dag.node("report", agent("You write reports."), prompt="Report on {trend} and {risk}.")
executor = DAGExecutor(dag)
linus_nb.watch(executor)
"""
FAILURE = """
import linus_nb
from linus_nb import AgentDAG, DAGExecutor

dag = AgentDAG("sales")
dag.node("load", lambda: list(range(5)))
def clean(load):
    try:
        return {}["March"]
    except KeyError as error:
        raise ValueError("no rows in March") from error
dag.node("clean", clean, retry_count=1)
dag.node("sum", lambda load: sum(load))
dag.node("report", lambda clean, sum: clean + sum)
executor = DAGExecutor(dag)
linus_nb.watch(executor)
"""
TOOLS = """
import linus_nb
from linus_nb import AgentDAG, DAGExecutor, ReasoningAgent
from linus_nb.testing import ScriptedModel

def multiply(a: int, b: int) -> int:
    "Multiply two whole numbers."
    return a * b

model = ScriptedModel([
    {"tasks": [{"task": "multiply them", "tool": "multiply", "needs_earlier": False}]},
    {"a": 42, "b": 17},
    {"is_complete": True, "reason": "all there", "missing": []},
    "42 times 17 is 714.",
])
dag = AgentDAG("sums")
dag.node("question", lambda: "How much is 42 times 17?")
dag.node("answer", ReasoningAgent(model, tools=[multiply]), prompt="{question}")
executor = DAGExecutor(dag)
linus_nb.watch(executor)
"""
EDITOR = """
from linus_nb import AgentDAG
from linus_nb.widgets import GraphView

dag = AgentDAG("edited")
dag.node("load", lambda: 1)
dag.node("clean", lambda load: load)
dag.node("sum", lambda clean: clean)
dag.add_node("report", lambda state: state)
GraphView(dag, editable=True, height=220)
"""
BUILDER = """
from linus_nb import AgentDAG, DagBuilder, create_gemma_agent
from linus_nb.samples import about_the_data

writer = create_gemma_agent(instructions="You write reports.")
critic = create_gemma_agent(instructions="You find what is missing.")
dag = AgentDAG("shares")
dag.node("ingest", about_the_data)
dag.node("draft", writer, prompt="Write about {ingest}, for {reader}.")
dag.node("review", critic, prompt="What is missing in this text?\\n{draft}")
dag.node("final", writer, prompt="Mend {draft} as {review} says.")
dag.add_node("as it is", lambda draft: draft)
dag.remove_edge("review", "final")
dag.add_edge("review", "final", "'nothing' not in review")
dag.add_edge("review", "as it is", "'nothing' in review")
builder = DagBuilder(dag, agents={"writer": writer, "critic": critic})
builder
"""
RUN = "result = await executor.aexecute()"


def main():
    with (
        tempfile.TemporaryDirectory() as folder,
        lab_server(Path(folder)) as (address, root),
        lab_in_browser(address) as lab,
    ):
        lab.page.set_viewport_size({"width": 1280, "height": 1400})
        for theme, name in THEMES.items():
            lab.use_theme(name)
            for take in (running, stopped, failed, tools, connecting, building):
                take(lab, root, theme)
                sys.stdout.write(f"{take.__name__} {theme}\n")


def opened(lab, root, *cells):
    path = root / "pictures.ipynb"
    write_notebook(path, cells)
    return LabNotebook(lab, path).run_all()


def shoot(lab, selector, name):
    lab.page.locator(selector).first.screenshot(path=IMAGES / f"{name}.png")


def running(lab, root, theme):
    notebook = opened(lab, root, AGENTS, RUN)
    lab.page.locator("#n1.status-running").click()
    expect(lab.page.locator(".page.output")).to_contain_text("one deep fall")
    lab.page.locator(".gantt summary").click()
    expect(lab.page.locator(".gantt .row")).to_have_count(4)
    lab.page.mouse.move(0, 0)
    shoot(lab, ".linus-run", f"run-view-running-{theme}")
    lab.page.get_by_role("button", name="Follow").click()
    lab.page.get_by_role("button", name="Stop").click()
    expect(lab.page.locator(".note")).to_contain_text("Stopped")
    notebook.close()


def stopped(lab, root, theme):
    notebook = opened(lab, root, AGENTS, RUN)
    expect(lab.page.locator("#n1.status-completed")).to_be_visible()
    expect(lab.page.locator(".panel-activity")).to_contain_text("waiting for Ollama")
    shoot(lab, ".linus-run", f"run-view-waiting-{theme}")
    lab.page.get_by_role("button", name="Stop").click()
    expect(lab.page.locator(".note")).to_contain_text("Stopped")
    shoot(lab, ".linus-run", f"run-view-stopped-{theme}")
    notebook.close()


def failed(lab, root, theme):
    notebook = opened(lab, root, FAILURE, RUN)
    expect(lab.page.locator(".sentence")).to_be_visible()
    shoot(lab, ".linus-run", f"run-view-failed-{theme}")
    notebook.close()


def tools(lab, root, theme):
    notebook = opened(lab, root, TOOLS, RUN)
    expect(lab.page.locator(".header .status")).to_have_text("success")
    lab.page.get_by_role("tab", name="Tools").click()
    expect(lab.page.locator(".tool.completed")).to_be_visible()
    shoot(lab, ".linus-run", f"run-view-tools-{theme}")
    notebook.close()


def connecting(lab, root, theme):
    notebook = opened(lab, root, EDITOR)
    page = lab.page
    start, end = (page.locator(f"{node} > rect").bounding_box() for node in ("#n2", "#n0"))
    page.mouse.move(start["x"] + 20, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(end["x"] + 40, end["y"] + 20, steps=4)
    shoot(lab, ".linus-view", f"graph-view-cycle-{theme}")
    page.mouse.up()
    notebook.close()


def building(lab, root, theme):
    notebook = opened(lab, root, BUILDER)
    page = lab.page
    page.locator("#n1").click()
    page.locator('[data-field="timeout_seconds"]').fill("a minute")
    expect(page.locator(".badge")).to_be_visible()
    page.locator('[data-field="prompt"]').click()
    page.mouse.move(0, 0)
    shoot(lab, ".linus-builder", f"builder-{theme}")
    page.locator('[data-field="timeout_seconds"]').fill("60")
    expect(page.locator(".badge")).to_have_count(0)
    page.get_by_role("button", name="</> Code").click()
    page.mouse.move(0, 0)
    shoot(lab, ".linus-builder", f"builder-code-{theme}")
    notebook.close()


if __name__ == "__main__":
    main()
