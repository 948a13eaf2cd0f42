"""How the documentation is built: `make docs`."""

# ruff: noqa: INP001  # a folder of pages, no package

from pathlib import Path

import linus_nb

HERE = Path(__file__).parent

project = "linus_nb"
author = "The linus_nb developers"
version = release = linus_nb.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "linus_nb"

# The tutorial is the notebooks, as they ran: executing them is the tests' affair. From where
# their copies stand, the documentation's other pages are one step nearer.
nb_execution_mode = "off"
(HERE / "tutorial").mkdir(exist_ok=True)
for notebook in (HERE.parent / "notebooks").glob("*.ipynb"):
    text = notebook.read_text(encoding="utf-8").replace("](../docs/", "](../")
    (HERE / "tutorial" / notebook.name).write_text(text, encoding="utf-8")

myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
