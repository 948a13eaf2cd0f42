"""The builder under the mouse and the keyboard, in a real JupyterLab."""

import json
import sys
from statistics import median

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PALETTE = """
import asyncio, pathlib
from linus_nb import AgentDAG, DagBuilder

async def gate(name):
    while not pathlib.Path(f"{name}.open").exists():
        await asyncio.sleep(0.02)

def load():
    return [3, 1, 2]

async def total(load):
    await gate("total")
    return sum(load)

def most(load):
    return max(load)

def alarm(total):
    return f"{total} is a lot"

def report(total, most):
    return f"{total}, at most {most}"

names = ("load", "total", "most", "alarm", "report")
functions = {name: globals()[name] for name in names}
"""
BUILDER = PALETTE + "builder = DagBuilder(functions=functions)\nbuilder"
EXAMPLE = PALETTE + "builder = DagBuilder(functions=functions)\nbuilder.load_example()\nbuilder"
BUILT = "[(edge.source, edge.target, str(edge.condition or '')) for edge in builder.dag.edges]"
EDGES = [
    ("load", "total"),
    ("load", "most"),
    ("total", "alarm"),
    ("total", "report"),
    ("most", "report"),
]
FIVE_NODES = (
    "[('load', 'total', ''), ('load', 'most', ''), ('total', 'alarm', 'total > 5'),"
    " ('total', 'report', ''), ('most', 'report', '')]"
)
HUNDRED = """
from linus_nb import AgentDAG, DagBuilder
dag = AgentDAG("hundred")
for number in range(100):
    dag.add_node(f"node {number}", lambda state: 1, output_key=f"k{number}")
    if number >= 10:
        dag.add_edge(f"node {number - 10}", f"node {number}")
builder = DagBuilder(dag)
builder
"""
MEASURE = """() => {
  addEventListener('pointerup', () => { window.begun = performance.now() }, true);
  // Milliseconds from the click to the frame after the one in which the form has its title.
  window.shown = (name) => new Promise((done) => {
    const form = document.querySelector('.builder-form');
    const painted = () => requestAnimationFrame(
      () => setTimeout(() => done(performance.now() - window.begun)));
    const look = () => form.querySelector('.side-title')?.textContent === name && painted();
    const changes = new MutationObserver(() => look() && changes.disconnect());
    changes.observe(form, { subtree: true, childList: true, characterData: true });
    look();
  });
}"""
HOSTILE = """
from linus_nb import AgentDAG, DagBuilder

attacks = [
    "<script>window.fired = 1</script>", "<img src=x onerror='window.fired = 1'>",
    "</textarea><script>window.fired = 1</script>", "javascript:window.fired=1",
    "\\"><svg onload=window.fired=1>", "</option></select><img src=x onerror=window.fired=1>",
    "]]><script>window.fired=1</script>", "\\x00\\x1b[31m\\ud800", "${window.fired=1}", "__proto__",
]
class Agent:
    def __init__(self, instructions):
        self.instructions = instructions
    def run(self, task):
        return task
dag = AgentDAG(attacks[0])
for number, attack in enumerate(attacks):
    dag.add_node(f"{number} {attack}", Agent(attack), description=attack, output_key=attack)
for number in range(0, 10, 2):
    source, target = (f"{n} {attacks[n]}" for n in (number, number + 1))
    dag.add_edge(source, target, f"state[{attacks[number]!r}] == {attack!r}", label=attack)
builder = DagBuilder(dag, agents={attack: Agent(attack) for attack in attacks})
builder
"""


@pytest.fixture
def opened(open_notebook):
    """Open a notebook, so high that nothing has to be scrolled, and run its cells."""
    return lambda *cells, **options: open_notebook(*cells, height=1500, **options).run_all()


@pytest.fixture(autouse=True)
def gates_are_closed(server):
    yield
    for path in server[1].glob("*.open"):
        path.unlink()


def centre(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, source, target):
    page.mouse.move(*centre(source))
    page.mouse.down()
    page.mouse.move(*centre(target), steps=4)
    page.mouse.up()


def node(page, name):
    return page.locator(f'.builder-canvas .node[data-node="{name}"]')


def entry(page, name):
    return page.locator(".builder-palette .entry").get_by_text(name, exact=True)


def field(page, name):
    return page.locator(f'.builder-form [data-field="{name}"]')


def result_of(notebook, cell):
    notebook.run_cell(cell).wait_for_cell(cell)
    return notebook.output(cell)


def test_five_nodes_are_built_by_the_mouse_alone_and_run_in_place(opened):
    notebook = opened(BUILDER, BUILT, "builder.executor.last_result['report']")
    page = notebook.page
    canvas = page.locator(".builder-canvas")
    expect(page.locator(".builder-empty")).to_contain_text("Drag an agent here")
    for count, name in enumerate(("load", "total", "most", "alarm", "report"), start=1):
        drag(page, entry(page, name), canvas)
        expect(canvas.locator(".node")).to_have_count(count)
    expect(page.locator(".builder-empty")).to_be_hidden()
    for count, ends in enumerate(EDGES, start=1):
        drag(page, *(node(page, name).locator("rect") for name in ends))
        expect(canvas.locator(".edge")).to_have_count(count)
    node(page, "total").click()
    page.locator(".edge-link", has_text="alarm").click()
    page.locator(".chip", has_text="total").click()
    field(page, "condition").press_sequentially(" > 5")
    expect(canvas.locator(".edge-conditional")).to_have_count(1)
    expect(result_of(notebook, 1)).to_contain_text(FIVE_NODES)
    page.get_by_role("button", name="Run", exact=False).first.click()
    running = page.locator('.builder-run .node[data-node="total"]')
    expect(page.locator('.builder-run .node[data-node="most"].status-completed')).to_be_visible()
    expect(running).to_have_class("node status-running plain")
    (notebook.path.parent / "total.open").touch()
    expect(page.locator(".builder-run .header .status")).to_have_text("success")
    expect(running).to_have_class("node status-completed")
    expect(result_of(notebook, 2)).to_contain_text("6, at most 3")
    page.get_by_role("button", name="← Edit").click()
    expect(node(page, "report")).to_be_visible()
    expect(page.locator(".builder-run")).to_be_hidden()


def test_the_same_is_built_by_the_keyboard_alone(opened):
    notebook = opened(BUILDER, BUILT)
    page, keys = notebook.page, notebook.page.keyboard
    page.get_by_role("button", name="+ Add").focus()
    keys.press("Enter")
    for count in range(1, 6):
        keys.press("Enter")
        expect(page.locator(".builder-canvas .node")).to_have_count(count)
        keys.press("ArrowDown")
    for count, (source, target) in enumerate(EDGES, start=1):
        to_node(page, source)
        keys.press("c")
        to_node(page, target)
        keys.press("Enter")
        expect(page.locator(".builder-canvas .edge")).to_have_count(count)
        expect(node(page, target)).to_be_focused()
    to_node(page, "total")
    keys.press("Enter")
    expect(field(page, "name")).to_be_focused()
    press_until(page, "Tab", "document.activeElement.textContent.startsWith('→ alarm')")
    keys.press("Enter")
    expect(field(page, "condition")).to_be_focused()
    keys.type("total > 5")
    keys.press("Escape")
    expect(node(page, "total")).to_be_focused()
    expect(page.locator(".edge-conditional")).to_have_count(1)
    expect(result_of(notebook, 1)).to_contain_text(FIVE_NODES)
    expect(page.locator(".jp-CodeCell")).to_have_count(2)


def to_node(page, name):
    """Move the focus to a node by Tab, forwards and from the first one on."""
    press_until(
        page, "Tab", f"document.activeElement.dataset?.node === {json.dumps(name)}", "Shift+Tab"
    )


def press_until(page, key, condition, other=None):
    """Press a key until something has the focus; the other way round where it lies behind."""
    for pressed in [key] * 30 + ([other] * 60 if other else []):
        if page.evaluate(condition):
            return
        page.keyboard.press(pressed)
    assert page.evaluate(condition), condition


def test_undo_and_redo_work_inside_of_the_builder_alone(opened):
    page = opened(EXAMPLE, "1 + 1").page
    nodes = page.locator(".builder-canvas .node")
    expect(nodes).to_have_count(5)
    node(page, "alarm").focus()
    page.keyboard.press("Delete")
    expect(nodes).to_have_count(4)
    page.keyboard.press("Control+z")
    expect(nodes).to_have_count(5)
    page.keyboard.press("Control+Shift+z")
    expect(nodes).to_have_count(4)
    page.get_by_role("button", name="Undo").click()
    expect(nodes).to_have_count(5)
    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+z")
    expect(nodes).to_have_count(5)
    node(page, "alarm").click()
    field(page, "description").press_sequentially("says so")
    page.keyboard.press("Control+z")
    expect(nodes).to_have_count(5)


def test_a_cycle_is_shown_in_red_with_a_sentence_and_targets_glow(opened):
    page = opened(EXAMPLE).page
    source, target = (node(page, name).locator("rect") for name in ("alarm", "load"))
    page.mouse.move(*centre(source))
    page.mouse.down()
    page.mouse.move(*centre(target), steps=4)
    expect(page.locator(".builder-canvas .node.target")).to_have_count(2)
    expect(page.locator(".builder-canvas .node.cycle")).to_have_count(3)
    hint = page.locator(".builder-canvas .linus-hint")
    sentence = "alarm → load would close a cycle: alarm → load → total → alarm"
    expect(hint).to_have_text(sentence)
    page.mouse.up()
    expect(page.locator(".cycle")).to_have_count(0)
    expect(hint).to_have_text(sentence)
    expect(page.locator(".builder-canvas .edge")).to_have_count(5)


def test_a_problem_has_badge_sentence_and_count_which_jumps_and_run_says_why_it_is_off(opened):
    page = opened(EXAMPLE).page
    node(page, "most").click()
    field(page, "retry_count").fill("many")
    expect(node(page, "most").locator(".badge")).to_be_visible()
    expect(page.locator(".field .problem:visible")).to_have_text(
        "'many' is no whole number, like 3"
    )
    expect(field(page, "retry_count")).to_be_focused()
    node(page, "load").click()
    expect(page.locator(".side-title:visible")).to_have_text("load")
    expect(page.locator(".reason")).to_have_text("Run is off: 1 problem to mend first")
    page.locator(".builder-toolbar .run").dispatch_event("click")
    expect(page.locator(".builder-run")).to_be_hidden()
    page.get_by_role("button", name="1 problem").click()
    expect(field(page, "retry_count")).to_be_focused()
    field(page, "retry_count").fill("2")
    expect(page.get_by_role("button", name="no problems")).to_be_visible()
    expect(page.locator(".badge")).to_have_count(0)
    expect(page.locator(".reason")).to_be_hidden()


def test_an_answer_from_the_kernel_leaves_text_focus_and_cursor_to_the_one_who_types(opened):
    notebook = opened(EXAMPLE, "builder.dag.nodes['load'].description")
    page = notebook.page
    node(page, "load").click()
    description = field(page, "description")
    description.fill("ab")
    page.keyboard.press("ArrowLeft")
    for letter in "0123456789":
        page.keyboard.type(letter)
        page.wait_for_function("text => document.activeElement.value.includes(text)", arg=letter)
    page.wait_for_function(
        "() => document.querySelector('.builder-code pre').textContent.includes('a0123456789b')"
    )
    assert description.evaluate("area => [area.value, area.selectionStart]") == ["a0123456789b", 11]
    expect(description).to_be_focused()
    expect(result_of(notebook, 1)).to_contain_text("a0123456789b")


def test_a_key_goes_into_the_prompt_at_the_cursor(opened):
    notebook = opened(EXAMPLE, "builder.dag.nodes['total'].prompt")
    page = notebook.page
    node(page, "total").click()
    prompt = field(page, "prompt")
    prompt.fill("😀 add , please")
    prompt.evaluate("area => area.setSelectionRange(7, 7)")
    page.locator(".chip", has_text="load").click()
    expect(prompt).to_be_focused()
    expect(prompt).to_have_value("😀 add {load}, please")
    assert prompt.evaluate("area => area.selectionStart") == 13
    expect(result_of(notebook, 1)).to_contain_text("😀 add {load}, please")


def test_the_code_panel_shows_the_code_and_puts_it_into_a_cell(opened):
    notebook = opened(EXAMPLE, "print(builder.code())")
    page = notebook.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="</> Code").click()
    notebook.wait_for_cell(1)
    code = page.locator("pre.code").text_content()
    assert notebook.output(1).text_content().strip() == code.strip()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code
    page.get_by_role("button", name="Insert below").click()
    expect(page.locator(".jp-CodeCell")).to_have_count(3)
    inserted = (
        "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.source"
    )
    page.wait_for_function(f"code => ({inserted})() === code", arg=code)


def test_a_double_click_adds(opened):
    page = opened(BUILDER).page
    entry(page, "load").dblclick()
    expect(node(page, "load")).to_have_count(1)


def test_a_run_is_given_the_keys_that_no_node_writes(opened):
    cell = """
from linus_nb import DagBuilder
builder = DagBuilder(functions={"product": lambda number, factor: number * factor})
builder.load_example()
builder
"""
    notebook = opened(cell, "builder.executor.last_result['product']")
    page = notebook.page
    page.get_by_role("button", name="▶ Run").click()
    expect(page.get_by_role("textbox", name="number")).to_be_focused()
    page.keyboard.type("6")
    page.keyboard.press("Tab")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.locator(".builder-run .header .status")).to_have_text("success")
    expect(result_of(notebook, 1)).to_contain_text("42")


def test_in_a_narrow_column_the_form_stands_underneath(opened):
    page = opened(EXAMPLE, width=800).page
    node(page, "load").click()
    canvas, form = (
        page.locator(part).bounding_box() for part in (".builder-canvas", ".builder-side")
    )
    assert form["y"] >= canvas["y"] + canvas["height"]
    page.set_viewport_size({"width": 1280, "height": 1000})
    expect(page.locator(".linus-builder")).to_have_css("height", "560px")
    page.wait_for_function(
        "() => document.querySelector('.builder-side').getBoundingClientRect().x"
        " >= document.querySelector('.builder-canvas').getBoundingClientRect().right"
    )


def test_a_click_among_a_hundred_nodes_shows_the_form_within_100_ms(opened):
    page = opened(HUNDRED).page
    expect(page.locator(".builder-canvas .node")).to_have_count(100)
    page.evaluate(MEASURE)
    times = []
    for number in range(0, 100, 5):
        page.mouse.click(*centre(page.locator(f".builder-canvas #n{number} > rect")))
        times.append(page.evaluate("name => window.shown(name)", f"node {number}"))
    expect(page.locator(".builder-form .side-title")).to_have_text("node 95")
    middle = median(times)
    sys.stdout.write(f"click to painted form, 100 nodes: median {middle:.0f} ms\n")
    assert middle <= 100


def test_hostile_names_texts_and_conditions_run_no_script(opened):
    page = opened(HOSTILE, "builder.executor.last_result").page
    expect(page.locator(".builder-canvas .node")).to_have_count(10)
    for number in range(10):
        page.locator(f".builder-canvas #n{number}").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".builder-form .side-title")).to_contain_text(f"{number} ")
        field(page, "retry_count").fill("<img src=x onerror=window.fired=1>")
        expect(page.locator(".field .problem:visible")).to_contain_text("<img")
        page.locator(".edge-link").first.click()
        expect(field(page, "condition")).to_be_focused()
        field(page, "condition").fill("<img src=x onerror=window.fired=1>")
        expect(page.locator(".field .problem:visible")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    page.get_by_role("button", name="</> Code").click()
    expect(page.locator("pre.code")).to_contain_text("<script>")
    assert page.evaluate("window.fired ?? null") is None
    assert page.locator(".linus-builder script, .linus-builder img, .linus-builder a").count() == 0
    # The same attack does fire where nothing guards against it.
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.fired = 1\">')"
    )
    page.wait_for_function("window.fired === 1")


def test_a_saved_notebook_shows_what_was_built_without_its_kernel(opened):
    notebook = opened(EXAMPLE)
    node(notebook.page, "alarm").focus()
    notebook.page.keyboard.press("Delete")
    expect(notebook.page.locator(".builder-canvas .node")).to_have_count(4)
    notebook.page.wait_for_function(
        "() => !atob(document.querySelector('.linus-static img').src.split(',')[1])"
        ".includes('alarm')"
    )
    page = notebook.open_without_kernel()
    expect(page.locator(".linus-static img")).to_be_visible()
    expect(page.locator(".linus-builder")).to_have_count(0)
    page.close()
