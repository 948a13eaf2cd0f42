"""A notebook in JupyterLab, as a test drives it."""

import json
import re
import urllib.request
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import expect

TIMEOUT = 30_000
expect.set_options(timeout=TIMEOUT)  # a busy machine is no failure
OWN_KERNEL, IPYKERNEL_6 = "python3", "ipykernel-6"


def write_notebook(path, cells, kernel=OWN_KERNEL):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": kernel, "display_name": kernel}},
    )
    nbformat.write(notebook, path)


def cut_off(context, address):
    """Let a browser reach one server alone; gives the list of what else it asks for."""
    blocked = []

    def let_through(route):
        if urlsplit(route.request.url).netloc == urlsplit(address).netloc:
            route.continue_()
        else:
            blocked.append(route.request.url)
            route.abort()

    context.route(re.compile("^(http|ws)"), let_through)
    return blocked


class Lab:
    """One page with JupyterLab in it, cut off from every other host."""

    def __init__(self, browser, address):
        self.address = address
        self.errors = []
        self.context = browser.new_context()
        self.context.set_default_timeout(TIMEOUT)
        self.blocked = cut_off(self.context, address)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{address}/lab?reset")
        self.page.wait_for_function("window.jupyterapp?.shell.currentWidget")
        self.command("application:toggle-left-area")

    def command(self, name, **arguments):
        """Start a command of JupyterLab; it goes on while the test looks on."""
        self.page.evaluate(
            "([name, args]) => { window.jupyterapp.commands.execute(name, args) }",
            [name, arguments],
        )

    def finish(self, name, **arguments):
        """Run a command of JupyterLab to its end."""
        self.page.evaluate(
            "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args) }",
            [name, arguments],
        )

    def use_theme(self, theme):
        self.command("apputils:change-theme", theme=theme)
        self.page.wait_for_function(
            "theme => document.body.dataset.jpThemeName === theme", arg=theme
        )


class LabNotebook:
    """One open notebook: run its cells, look at its views."""

    def __init__(self, lab, path):
        self.lab = lab
        self.page = lab.page
        self.path = path
        lab.finish("docmanager:open", path=path.name)
        self.page.wait_for_selector(".jp-NotebookPanel-notebook .jp-Cell")

    def wait_for_kernel(self):
        self.page.wait_for_function(
            "() => { const context = window.jupyterapp.shell.currentWidget?.sessionContext;"
            " return context?.isReady && context.session?.kernel?.status === 'idle' }"
        )

    def run_all(self):
        self.wait_for_kernel()
        self.lab.command("notebook:run-all-cells")
        return self

    def run_cell(self, number):
        self.page.locator(".jp-CodeCell").nth(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        return self

    def prompt(self, number):
        """The prompt of the cell, "[*]:" while it runs."""
        return self.page.locator(".jp-CodeCell").nth(number).locator(".jp-InputPrompt")

    def wait_for_cell(self, number):
        """Wait until the cell has been executed."""
        self.page.wait_for_function(
            "n => /\\[\\d+\\]/.test(document.querySelectorAll('.jp-CodeCell')[n]"
            ".querySelector('.jp-InputPrompt').textContent)",
            arg=number,
        )
        return self

    def output(self, number):
        return self.page.locator(".jp-CodeCell").nth(number).locator(".jp-OutputArea").first

    def wait_for_static_picture(self, text):
        """Wait until the picture that stays, which is hidden, has ``text`` as its alternative."""
        self.page.wait_for_function(
            "text => document.querySelector('.linus-static img')?.alt.includes(text)", arg=text
        )

    def open_without_kernel(self):
        """Save, and open the file in a new page, where it asks for a kernel that nobody has."""
        self.lab.finish("docmanager:save")
        notebook = nbformat.read(self.path, as_version=4)
        notebook.metadata.kernelspec = {"name": "gone", "display_name": "Gone"}
        copy = self.path.with_name("without-kernel.ipynb")
        nbformat.write(notebook, copy)
        page = self.lab.context.new_page()
        # In a workspace of its own: what others left open there must not come back.
        page.goto(f"{self.lab.address}/lab/workspaces/{copy.stem}/tree/{copy.name}")
        return page

    def shut_down_kernels(self):
        with urllib.request.urlopen(f"{self.lab.address}/api/sessions") as reply:  # noqa: S310
            sessions = json.load(reply)
        for session in sessions:
            delete = f"{self.lab.address}/api/sessions/{session['id']}"
            urllib.request.urlopen(urllib.request.Request(delete, method="DELETE")).close()  # noqa: S310

    def close(self):
        self.lab.finish("docmanager:save")
        # What a view still draws after the last save must not bring up "Save your work?".
        self.page.evaluate(
            "async () => { for (const widget of window.jupyterapp.shell.widgets('main'))"
            " if (widget.context) widget.context.model.dirty = false;"
            " await window.jupyterapp.commands.execute('application:close-all') }"
        )
        self.page.wait_for_selector(".jp-NotebookPanel", state="detached")
        self.shut_down_kernels()
