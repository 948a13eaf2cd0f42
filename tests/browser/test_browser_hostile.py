"""Names, labels, conditions, prints, outputs and errors that try to run scripts: none does."""

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NODES, CASES = 250, 1_000
BUILD = """
import linus_nb
from linus_nb import AgentDAG, DAGExecutor

FIRE = "window.fired=1"
attacks = [
    f"<script>{FIRE}</script>", f"<img src=x onerror='{FIRE}'>", f"<svg onload={FIRE}>",
    f"</text></svg><script>{FIRE}</script>", f"</title><img src=x onerror={FIRE}>",
    f"javascript:{FIRE}", f'"><svg onload={FIRE}>', f"'><img src=x onerror={FIRE}>",
    f"' onmouseover='{FIRE}", f'" onfocus="{FIRE}" autofocus="', f"'-({FIRE})-'", f"`-({FIRE})-`",
    f"${{{FIRE}}}", f"{{{{{FIRE}}}}}", f"]]><script>{FIRE}</script>",
    f"<!--><script>{FIRE}</script>-->", f"</style><script>{FIRE}</script>",
    f"</textarea><script>{FIRE}</script>", f"<iframe srcdoc='<script>parent.{FIRE}</script>'>",
    f"<a href='javascript:{FIRE}' autofocus onfocus='{FIRE}'>a</a>",
    f"<math><mi xlink:href='javascript:{FIRE}'>a</mi></math>",
    f"<style>@import 'javascript:{FIRE}'", f"<details open ontoggle={FIRE}>",
    f"<video><source onerror={FIRE}></video>", f"data:text/html,<script>{FIRE}</script>",
]
dresses = [
    str, str.upper, lambda a: a.replace("=", " = "), lambda a: a.replace(" ", "\\n\\t"),
    *(lambda a, tag=tag: a.replace("<", tag) for tag in ("&lt;", "&#60;", "%3C", "<<", "\\x00<")),
    lambda a: a + "\\ud800",
]
texts = [dress(attack) for dress in dresses for attack in attacks]
texts = [f"{text} {number}" for number, text in enumerate(texts)]
cases = 0

def case(number):
    global cases
    cases += 1
    return texts[number % len(texts)]

dag = AgentDAG(texts[0])
names = [case(i) for i in range(len(texts))]
for number, name in enumerate(names):
    def work(number=number, printed=case(number + 50), value=case(number + 100)):
        print(printed)
        if number % 10 == 7:
            raise ValueError(value)
        return value
    dag.add_node(name, work, input_mapping={}, output_key=f"k{number}", on_error="continue")
for number in range(0, len(names) - 1, 2):
    source, target = names[number], names[number + 1]
    if number % 4:
        dag.add_edge(source, target, f"{case(number + 150)!r} != {case(number + 151)!r}")
    else:
        label = case(number + 150)
        dag.add_branch(source, lambda state, label=case(number + 150): label, {label: target})
executor = DAGExecutor(dag)
linus_nb.watch(executor)
"""
RUN = "result = await executor.aexecute()\nprint('cases', cases)"
SHOW = ("dag", "result", "result.final_state")
# Gives the number of different names that the panel has shown.
CHOOSE_EACH = """async () => {
  const shown = new Set();
  for (const node of document.querySelectorAll(".linus-run .node")) {
    node.focus();
    node.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    await new Promise(requestAnimationFrame);
    shown.add(document.querySelector(".linus-run .panel-name").textContent);
  }
  return shown.size;
}"""
OURS = "[src^='data:image/svg+xml;base64,'], .gantt, .traceback"
FORBIDDEN = f":is(script, style, img, a, iframe, video, math, details):not({OURS})"


def fired(page):
    return page.evaluate("window.fired ?? null")


def test_a_thousand_hostile_texts_run_no_script(open_notebook):
    notebook = open_notebook(BUILD, RUN, *SHOW).run_all()
    page = notebook.page
    expect(page.locator(".header .status")).to_have_text("partial")
    notebook.wait_for_cell(1 + len(SHOW))
    expect(notebook.output(1)).to_contain_text(f"cases {CASES}")
    page.locator(".linus-run .gantt summary").click()
    assert page.evaluate(CHOOSE_EACH) == NODES
    for tab in ("Input", "Tools", "Error", "Output"):
        page.locator(".linus-run").get_by_role("tab", name=tab).click()
    assert page.locator(".linus-run .edge").count() > 100
    for place in (".linus-run", ".linus-drawing"):
        assert page.locator(f"{place} {FORBIDDEN}").count() == 0
    assert fired(page) is None
    notebook.lab.finish("docmanager:save")
    # nbconvert's page would ask other hosts for these.
    none = dict.fromkeys(
        ("mathjax_url", "require_js_url", "mermaid_js_url"), "data:text/javascript,"
    )
    exported, _ = HTMLExporter(**none).from_filename(str(notebook.path))
    alone = notebook.lab.context.new_page()
    alone.set_content(exported)
    expect(alone.locator(".linus-drawing img").first).to_be_visible()
    assert fired(alone) is None
    # The same attack does fire where nothing guards against it.
    for where in (page, alone):
        where.evaluate(
            "document.body.insertAdjacentHTML("
            "'beforeend', '<img src=x onerror=\"window.fired=1\">')"
        )
        where.wait_for_function("window.fired === 1")
    alone.close()
