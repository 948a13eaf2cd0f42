"""A real JupyterLab in headless Chromium, cut off from every other host."""

from pathlib import Path

import pytest
from lab_notebook import OWN_KERNEL, LabNotebook, write_notebook
from lab_server import lab_in_browser, lab_server


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """JupyterLab's address, and the folder of its notebooks."""
    with lab_server(tmp_path_factory.mktemp("lab")) as address_and_root:
        yield address_and_root


# Not for the whole session: while Playwright runs, its event loop counts as running here.
@pytest.fixture(scope="module")
def lab(server):
    """JupyterLab in the browser."""
    with lab_in_browser(server[0]) as lab:
        yield lab


@pytest.fixture
def open_notebook(server, lab, request):
    """Open a notebook of the given cells; no request to another host, no error may be left."""
    lab.errors.clear()
    opened = []

    def open_cells(*cells, theme="JupyterLab Light", kernel=OWN_KERNEL, width=1280, height=1000):
        path = Path(server[1]) / f"{request.node.name[:40]}-{len(opened)}.ipynb"
        write_notebook(path, cells, kernel)
        lab.page.set_viewport_size({"width": width, "height": height})
        lab.use_theme(theme)
        opened.append(LabNotebook(lab, path))
        return opened[-1]

    yield open_cells
    for notebook in opened:
        notebook.close()
    assert lab.blocked == []
    assert lab.errors == []
