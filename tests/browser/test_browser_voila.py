"""Voila shows the builder's notebook as a page, without JupyterLab."""

from pathlib import Path

import pytest
from lab_notebook import TIMEOUT, cut_off
from lab_server import browser, running
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "build_by_hand.ipynb"


def command(port):
    options = ("--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}")
    return ("voila", str(NOTEBOOK), *options)


@pytest.fixture
def page(tmp_path):
    """The notebook in Chromium, executed by Voila; no other host can be reached."""
    # Any address of Voila's own would do to see it up; its page starts a kernel.
    with running(tmp_path, command, "/voila/static/voila.js") as address, browser() as chromium:
        context = chromium.new_context()
        context.set_default_timeout(TIMEOUT)
        blocked = cut_off(context, address)
        page = context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        yield page
        assert errors == []
        # Voila's own page asks for a font of icons; nothing of ours needs it.
        assert [url for url in blocked if "/@fortawesome/" not in url] == []


def test_voila_renders_the_notebook_and_its_builders_can_be_used(page):
    empty, shares = (page.locator(".linus-builder").nth(number) for number in range(2))
    expect(shares.locator(".builder-run .header .status")).to_have_text("success")
    shares.get_by_role("button", name="← Edit").click()
    expect(shares.locator(".builder-canvas .node")).to_have_count(6)
    expect(page.locator(".linus-static").first).to_be_hidden()
    empty.get_by_role("button", name="load an example").click()
    expect(empty.locator(".builder-canvas .node").first).to_be_visible()
