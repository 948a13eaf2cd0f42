"""A graph under the mouse and the keyboard."""

import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

EDITABLE = """
from linus_nb import AgentDAG
from linus_nb.widgets import GraphView

dag = AgentDAG("edited")
for name in ("a", "b", "c", "d: <odd>"):
    dag.add_node(name, lambda: 1)
dag.add_edge("a", "b")
dag.add_edge("b", "c")
view = GraphView(dag, editable=True)

def edit(gesture):
    print(gesture.kind, repr(gesture.node), repr(gesture.source), repr(gesture.target))
    if gesture.kind == "connect":
        dag.add_edge(gesture.source, gesture.target)
    elif gesture.kind == "delete" and gesture.source:
        dag.remove_edge(gesture.source, gesture.target)
    elif gesture.kind == "delete":
        dag.remove_node(gesture.node)
    if gesture.kind != "click":
        view.draw(dag)

view.listen(edit)
view
"""
EDGES = "[(edge.source, edge.target) for edge in dag.edges]"
HOSTILE = """
from linus_nb import AgentDAG, DAGExecutor
import linus_nb

attacks = [
    "<script>window.fired = 1</script>", "<img src=x onerror='window.fired = 1'>",
    "</text></svg><script>window.fired = 1</script>", "javascript:window.fired=1",
    "\\"><svg onload=window.fired=1>", "'-window.fired=1-'", "&lt;script&gt;window.fired=1",
    "]]><script>window.fired=1</script>", "\\x00\\x1b[31m\\ud800", "${window.fired=1}",
]
names = [f"{number} {attacks[number % len(attacks)]}" for number in range(100)]
dag = AgentDAG("</script><script>window.fired = 1</script>")
for number, name in enumerate(names):
    def work(number=number):
        print(attacks[number % len(attacks)])
        if number % 10 == 7:
            raise ValueError(attacks[number // 10])
        return attacks[number // 10]
    dag.add_node(name, work, input_mapping={}, output_key=f"k{number}", on_error="continue")
for number in range(0, 99, 2):
    label = attacks[number % len(attacks)]
    dag.add_edge(names[number], names[number + 1])
executor = DAGExecutor(dag)
linus_nb.watch(executor)
"""


def centre(page, name):
    box = page.locator(name).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, source, target):
    page.mouse.move(*centre(page, source))
    page.mouse.down()
    page.mouse.move(*centre(page, target), steps=4)


def test_an_edge_is_drawn_with_the_mouse_and_a_cycle_shows_its_path(open_notebook):
    notebook = open_notebook(EDITABLE, EDGES).run_all()
    page = notebook.page
    expect(page.locator("#n3")).to_be_visible()
    drag(page, "#n2 > rect", "#n0 > rect")
    expect(page.locator(".node.cycle")).to_have_count(3)
    expect(page.locator(".edge.cycle")).to_have_count(2)
    expect(page.locator("#n3.target")).to_have_count(1)
    page.mouse.up()
    expect(page.locator(".cycle")).to_have_count(0)
    drag(page, "#n2 > rect", "#n3 > rect")
    page.mouse.up()
    expect(page.locator(".edge")).to_have_count(3)
    notebook.run_cell(1).wait_for_cell(1)
    expect(notebook.output(1)).to_contain_text("('c', 'd: <odd>')")
    expect(notebook.output(0)).not_to_contain_text("connect '' 'c' 'a'")


def test_keys_alone_move_select_connect_and_delete(open_notebook):
    notebook = open_notebook(EDITABLE, EDGES).run_all()
    page = notebook.page
    page.locator("#n0").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#n1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#n1.selected")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator("#n2")).to_be_focused()
    page.keyboard.press("c")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".edge")).to_have_count(3)
    page.locator("#n0").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".node")).to_have_count(3)
    expect(page.locator(".jp-CodeCell")).to_have_count(2)
    notebook.run_cell(1).wait_for_cell(1)
    expect(notebook.output(1)).to_contain_text("[('b', 'c'), ('c', 'd: <odd>')]")


def test_an_edge_is_clicked_and_deleted(open_notebook):
    page = open_notebook(EDITABLE).run_all().page
    expect(page.locator(".edge")).to_have_count(2)
    edge = page.locator(".edge .hit").first
    box = edge.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".edge.selected")).to_have_count(1)
    page.locator("#n0").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".edge")).to_have_count(1)
    expect(page.locator(".node")).to_have_count(4)


def test_the_graph_is_moved_zoomed_and_fitted(open_notebook):
    page = open_notebook(EDITABLE).run_all().page
    svg = page.locator(".linus-stage > svg")
    fit = page.get_by_role("button", name="Fit the whole graph")
    fit.click()  # waits until the page stands still
    fitted = svg.get_attribute("viewBox")
    box = svg.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 70, steps=4)
    page.mouse.up()
    moved = svg.get_attribute("viewBox")
    page.get_by_role("button", name="Zoom in").click()
    zoomed = svg.get_attribute("viewBox")
    assert len({fitted, moved, zoomed}) == 3
    fit.click()
    expect(svg).to_have_attribute("viewBox", fitted)


def test_hostile_names_prints_outputs_and_errors_run_no_script(open_notebook):
    notebook = open_notebook(HOSTILE, "result = await executor.aexecute()", "dag").run_all()
    page = notebook.page
    expect(page.locator(".header .status")).to_have_text("partial")
    notebook.wait_for_cell(2)
    for number in range(0, 100, 7):
        page.locator(f".linus-run #n{number}").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".panel-name")).to_contain_text(f"{number} ")
        for tab in ("Input", "Tools", "Error", "Output"):
            page.locator(".linus-run").get_by_role("tab", name=tab).click()
    shown = json.loads(page.evaluate("JSON.stringify(window.fired ?? null)"))
    assert shown is None
    assert page.locator(".linus-run script, .linus-run img, .linus-run a").count() == 0
    # The same attack does fire where nothing guards against it.
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.fired = 1\">')"
    )
    page.wait_for_function("window.fired === 1")
