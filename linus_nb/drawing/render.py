"""From a picture to an SVG: which engine, how much detail, and running ``dot``.

:func:`plan_drawing` and :class:`Plan` decide and draw, and are pure; :func:`to_svg` and
:func:`ato_svg` only differ in how they wait for ``dot``.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

from linus_nb.drawing.dot import layout_source, parse_layout
from linus_nb.drawing.layered import layered_layout
from linus_nb.drawing.layout import measure
from linus_nb.drawing.picture import check_direction
from linus_nb.drawing.style import FONT
from linus_nb.drawing.summary import summarized
from linus_nb.drawing.svg import Drawing, draw_svg, without_handles
from linus_nb.drawing.text import to_text

if TYPE_CHECKING:
    from linus_nb.drawing.layout import Sizes
    from linus_nb.drawing.picture import Direction, Picture

Detail = Literal["full", "compact", "summary"]
"""Everything; short names only; or one box for each level."""

FULL_NODES, FULL_EDGES = 300, 1_000
COMPACT_NODES, COMPACT_EDGES = 2_000, 6_000
DOT_NODES, DOT_SPAN = 300, 2_000
"""What dot places within about 0.3 s. Its time goes by the edges' lengths in levels, added up,
more than by their number: 595 edges of length 1 take 0.05 s, of length 1 to 34 2.5 s."""
BOX_STYLE = "overflow:auto;max-width:100%;max-height:520px"
IMAGE_STYLE = "max-width:none"
"""A wide graph scrolls; front ends would shrink it until nobody can read it."""
HINT_STYLE = f"font:11px {FONT};opacity:0.7"
COMPACT_NOTE = "names shortened; details, labels and arrowheads left out"
INSTALL_NOTE = "built-in layout; Graphviz draws smoother edges: apt, brew or conda install graphviz"
NO_ANSWER_NOTE = "built-in layout, as Graphviz gave none in time"
COMMAND = ("dot", "-Tplain")
CELL_BYTES = 98_000
"""Of a picture in a notebook cell, so that with a line or two under it 100 kB are kept."""
LONGEST_ALT = 4_000  # characters


@dataclass(frozen=True, slots=True)
class Plan:
    """How a picture will be drawn.

    Parameters
    ----------
    picture : Picture
        What is drawn; a summary where the whole is too big.
    sizes : Sizes
        Room for its boxes and labels.
    direction : {"LR", "TB"}
        Which way its edges run.
    compact : bool
        Whether details, labels and arrowheads are left out.
    source : str
        What ``dot`` is asked to place; ``""`` for the built-in layout.
    notes : tuple of str
        What the reader has to know: what is left out, what is missing.
    """

    picture: Picture
    sizes: Sizes
    direction: Direction
    compact: bool
    source: str
    notes: tuple[str, ...]

    def finish(self, plain: str) -> Drawing:
        """Return the drawing, given what ``dot`` answered (``""`` where it did not)."""
        layout, notes = None, self.notes
        if self.source:
            try:
                layout = parse_layout(plain, self.picture, self.sizes)
            except ValueError:
                notes = (*notes, NO_ANSWER_NOTE)
        if layout is None:
            layout = layered_layout(self.picture, self.sizes, self.direction)
        return Drawing(self.picture, layout, self.sizes, self.compact, " · ".join(notes))


def plan_drawing(
    picture: Picture, direction: Direction, detail: Detail | None, *, has_dot: bool
) -> Plan:
    """Decide how much of ``picture`` is drawn, and by which engine."""
    check_direction(direction)
    detail = detail or fitting_detail(len(picture.nodes), len(picture.edges))
    notes: list[str] = []
    if detail == "summary":
        picture, left_out = summarized(picture)
        notes.append(left_out)
    if detail == "compact":
        notes.append(f"{len(picture.nodes):,} nodes: {COMPACT_NOTE}")
    compact = detail == "compact"
    sizes = measure(picture, compact=compact)
    for_dot = len(picture.nodes) <= DOT_NODES and _span(picture) <= DOT_SPAN
    if for_dot and not has_dot:
        notes.append(INSTALL_NOTE)
    source = layout_source(picture, sizes, direction) if for_dot and has_dot else ""
    return Plan(picture, sizes, direction, compact, source, tuple(notes))


def _span(picture: Picture) -> int:
    level_of = picture.level_of()
    return sum(level_of[edge.target] - level_of[edge.source] for edge in picture.edges)


def fitting_detail(nodes: int, edges: int) -> Detail:
    """Return how much of so many nodes and edges can still be read.

    Examples
    --------
    >>> fitting_detail(5, 6), fitting_detail(1000, 2000), fitting_detail(10_000, 20_000)
    ('full', 'compact', 'summary')
    """
    if nodes <= FULL_NODES and edges <= FULL_EDGES:
        return "full"
    return "compact" if nodes <= COMPACT_NODES and edges <= COMPACT_EDGES else "summary"


def to_svg(
    picture: Picture,
    *,
    direction: Direction = "LR",
    timeout: float = 5.0,
    detail: Detail | None = None,
) -> str:
    """Return ``picture`` as an SVG, placed by ``dot`` or, without it, by the built-in layout.

    Parameters
    ----------
    picture : Picture
        What to draw.
    direction : {"LR", "TB"}
        Which way its edges run.
    timeout : float
        Seconds that ``dot`` may take before the built-in layout is used.
    detail : {"full", "compact", "summary"}, optional
        How much is drawn; by default as much as can be read.

    Returns
    -------
    str
        One ``<svg>`` element. A hint, if there is one, is its last line of text.

    Examples
    --------
    >>> from linus_nb.drawing.picture import Picture, PictureNode
    >>> svg = to_svg(Picture("one", (PictureNode("a::b", "completed"),), (), (("a::b",),)))
    >>> 'class="node status-completed" data-node="a::b"' in svg
    True
    """
    return draw_svg(_drawing(picture, direction, timeout, detail))


async def ato_svg(
    picture: Picture,
    *,
    direction: Direction = "LR",
    timeout: float = 5.0,  # noqa: ASYNC109 - it bounds dot alone; then the built-in layout draws
    detail: Detail | None = None,
) -> str:
    """Do what :func:`to_svg` does without holding up the event loop.

    Cancelling it ends ``dot``.
    """
    plan = plan_drawing(picture, direction, detail, has_dot=_has_dot())
    plain = await _arun_dot(plan.source, timeout) if plan.source else ""
    return await asyncio.to_thread(lambda: draw_svg(plan.finish(plain)))


def to_html(
    picture: Picture,
    *,
    direction: Direction = "LR",
    timeout: float = 5.0,
    max_bytes: int = CELL_BYTES,
) -> str:
    """Return ``picture`` for a notebook cell: in a box that scrolls, a hint under it if need be.

    It is an image, with its text drawing for those who cannot see it: JupyterLab, in a notebook
    that it does not trust, takes the shapes out of an SVG that stands in HTML and leaves its
    letters, and other front ends do so always.

    Parameters
    ----------
    picture : Picture
        What to draw.
    direction : {"LR", "TB"}
        Which way its edges run.
    timeout : float
        Seconds that ``dot`` may take before the built-in layout is used.
    max_bytes : int
        Detail is left out until there are no more than these; a summary, at most 40 kB, always
        remains.

    Returns
    -------
    str
        One ``<div>`` element.
    """
    wanted = fitting_detail(len(picture.nodes), len(picture.edges))
    details: tuple[Detail, ...] = ("full", "compact", "summary")
    for detail in details[details.index(wanted) :]:
        cell = _cell(_drawing(picture, direction, timeout, detail))
        if len(cell.encode()) <= max_bytes:
            break
    return cell


def _cell(drawing: Drawing) -> str:
    text = to_text(drawing.picture)
    alt = escape(text if len(text) <= LONGEST_ALT else f"{text[:LONGEST_ALT]}…")
    data = b64encode(without_handles(draw_svg(drawing, with_hint=False)).encode()).decode()
    source = f"data:image/svg+xml;base64,{data}"
    image = f'<img alt="{alt}" style="{IMAGE_STYLE}" src="{source}"/>'
    hint = f'<div style="{HINT_STYLE}">{escape(drawing.hint)}</div>' if drawing.hint else ""
    return f'<div class="linus-drawing"><div style="{BOX_STYLE}">{image}</div>{hint}</div>'


def _drawing(
    picture: Picture, direction: Direction, timeout: float, detail: Detail | None
) -> Drawing:
    plan = plan_drawing(picture, direction, detail, has_dot=_has_dot())
    return plan.finish(_run_dot(plan.source, timeout) if plan.source else "")


def _has_dot() -> bool:
    return shutil.which(COMMAND[0]) is not None


def _run_dot(source: str, timeout: float) -> str:
    """Return ``dot``'s answer, ``""`` where there is none in time."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the source holds ids and numbers
            COMMAND,
            input=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


async def _arun_dot(source: str, timeout: float) -> str:  # noqa: ASYNC109 - see ato_svg
    """Return ``dot``'s answer, ``""`` where there is none in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, NotImplementedError):  # the latter: Windows' selector loop
        return ""
    try:
        async with asyncio.timeout(timeout):
            answer, _ = await process.communicate(source.encode())
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            process.kill()
            # Shielded, as a second cancellation would leave a zombie behind.
            await asyncio.shield(process.wait())
    return answer.decode() if process.returncode == 0 else ""
