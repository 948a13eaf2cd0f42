"""How the documentation is built: `make docs`."""

# ruff: noqa: INP001  # a folder of pages, no package

import shutil
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

# The tutorial is the notebooks, as they ran: executing them is the tests' affair.
nb_execution_mode = "off"
shutil.copytree(
    HERE.parent / "notebooks",
    HERE / "tutorial",
    ignore=lambda _, names: [name for name in names if not name.endswith(".ipynb")],
    dirs_exist_ok=True,
)

myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
