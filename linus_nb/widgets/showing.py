"""How a view stands in a notebook: alive, as a picture that stays, or as text.

JupyterLab cannot show a widget whose kernel is gone, and does not try the other forms of the
same output. So a view is followed by a static picture of its own, which the style sheet hides
while the view lives; it is what a saved notebook, nbconvert and GitHub show.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal, Protocol
from zlib import crc32

from linus_nb import drawing
from linus_nb.graph.status_line import Cell, find_screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.drawing import Picture

Frontend = Literal["live", "text", "none"]
"""Somebody who can click; a program that executes notebooks; no notebook at all."""

_HIDE_LOST_VIEW = (
    "<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child .linus-static)"
    " .jp-OutputArea-output>.lm-Widget:not(:has(*)){display:none}</style>"
)
"""Until a kernel knows the view, and where none does any more, JupyterLab writes a line of text
in its place."""


class Shell(Protocol):
    """A kernel's shell."""

    def get_parent(self) -> dict[str, dict[str, str]]:
        """Return the message that asked for the cell."""


class Handle(Protocol):
    """What ``display(..., display_id=True)`` returns."""

    def update(self, obj: object, *, raw: bool) -> None:
        """Put something else in the output's place."""


def frontend() -> Frontend:
    """Return who looks at the outputs of this process.

    Examples
    --------
    >>> frontend()
    'none'
    """
    if _shell() is None:
        return "none"
    # Voila executes a notebook like the others do, but then people click.
    voila = os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
    return "live" if voila or isinstance(find_screen(), Cell) else "text"


def cell_number() -> int:
    """Return a number that the cell executed now has for itself, 0 outside of notebooks.

    The kernel's own count would not do: some programs execute all cells under the same one.
    """
    shell = _shell()
    return 0 if shell is None else crc32(shell.get_parent()["header"]["msg_id"].encode())


def _shell() -> Shell | None:
    """Return IPython's shell if this is a kernel's process."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None


class Output:
    """One output of a cell, updated in place from any thread; nothing outside of a kernel."""

    def __init__(self) -> None:
        self._handle: Handle | None = None

    def show(self, bundle: Mapping[str, object]) -> None:
        """Show ``bundle``, content by MIME type, in the current cell or where it stands."""
        if frontend() == "none":
            return
        # IPython is loaded already: this is a kernel.
        from IPython.display import display  # noqa: PLC0415

        if self._handle is None:
            self._handle = display(  # type: ignore[no-untyped-call]
                dict(bundle), raw=True, display_id=True
            )
        else:
            self._handle.update(dict(bundle), raw=True)


def static_html(picture: Picture) -> str:
    """Return the picture that stays, as it follows a live view: HTML of at most 100 kB."""
    return f'<div class="linus-static">{_HIDE_LOST_VIEW}{drawing.to_html(picture)}</div>'
