"""A graph under the mouse and the keyboard."""

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
