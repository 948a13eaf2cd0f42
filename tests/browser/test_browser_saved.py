"""A notebook that comes by mail: nobody trusts it, and no kernel runs; its pictures are there."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

BUILD = """
from IPython.display import HTML
from linus_nb import AgentDAG, DAGExecutor
from linus_nb.widgets import GraphView

dag = AgentDAG("shares <b>")
dag.node("ingest", lambda: [1, 2, 3])
dag.node("stats", lambda ingest: sum(ingest))
dag.node("</text><script>window.fired = 1</script>", lambda stats: 1 / 0, on_error="skip")
result = await DAGExecutor(dag).aexecute()
HTML('<svg width="200" height="50"><rect width="200" height="50"/></svg>')
"""
SHOWN = ("dag", "result", "GraphView(dag)")


def images(page):
    """Width, height and text of each picture, once all are loaded."""
    page.wait_for_function(
        "n => [...document.querySelectorAll('.linus-drawing img')].filter(i => i.complete).length"
        " === n",
        arg=len(SHOWN),
    )
    return page.evaluate(
        "[...document.querySelectorAll('.linus-drawing img')]"
        ".map(image => [image.naturalWidth, image.naturalHeight, image.alt])"
    )


def test_an_untrusted_notebook_without_a_kernel_shows_every_picture(open_notebook):
    notebook = open_notebook(BUILD, *SHOWN).run_all()
    notebook.wait_for_cell(len(SHOWN))
    trusted = images(notebook.page)
    page = notebook.open_without_kernel()
    expect(page.get_by_text("Select Kernel", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    untrusted = images(page)
    assert untrusted == trusted
    assert all(width > 100 and height > 30 for width, height, _ in untrusted)
    assert all("ingest" in alt and "</text><script>" in alt for _, _, alt in untrusted)
    # Where shapes stand in HTML as they are, JupyterLab takes them away.
    assert notebook.page.locator(".jp-OutputArea rect[width='200']").count() == 1
    assert page.locator(".jp-OutputArea rect[width='200']").count() == 0
    assert page.evaluate("window.fired ?? null") is None
    page.close()
