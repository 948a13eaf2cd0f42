"""The front-end's files: plain ES modules and CSS, joined without a bundler.

A widget sends its front end one module. Ours are several files that import each other, so
that each can be read; :func:`esm` puts a file's imports before it and drops the import lines.
"""

from __future__ import annotations

import re
from pathlib import Path

from linus_nb.drawing import status_css

_STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)
_DEFAULT = re.compile(r"^function render\(.*", re.MULTILINE | re.DOTALL)


def esm(name: str) -> str:
    """Return the file ``name`` and all that it imports as one ES module.

    Only the file itself keeps its ``render`` and its default export.

    Examples
    --------
    >>> module = esm("graph_view.js")
    >>> module.count("export default"), "import {" in module
    (1, False)
    """
    texts: dict[str, str] = {}
    _collect(name, texts)
    parts = [text if file == name else _DEFAULT.sub("", text) for file, text in texts.items()]
    return _EXPORT.sub("", "\n".join(parts))


def css(*names: str) -> str:
    """Return the colours of the statuses and the style sheets ``names``.

    Examples
    --------
    >>> ".linus-canvas .status-failed" in css("graph_view.css")
    True
    """
    sheets = ((_STATIC / name).read_text(encoding="utf-8") for name in names)
    return "\n".join([status_css(".linus-canvas"), *sheets])


def _collect(name: str, texts: dict[str, str]) -> None:
    """Add a file to ``texts`` behind everything that it imports."""
    if name in texts:
        return
    text = (_STATIC / name).read_text(encoding="utf-8")
    for imported in _IMPORT.findall(text):
        _collect(imported, texts)
    texts[name] = _IMPORT.sub("", text)
