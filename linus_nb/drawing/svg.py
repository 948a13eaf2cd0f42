"""Writes SVG, for whichever engine placed the boxes.

Everything that came from outside passes :func:`_escaped`; there are no links, scripts, styles or
references, so nothing in a name can become one. Statuses stand in presentation attributes,
which any CSS rule overrides: a viewer recolours a node by changing the class of its group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

from linus_nb.drawing.layout import (
    COMPACT_NAME_SIZE,
    COMPACT_NAME_WIDTH,
    DETAIL_SIZE,
    LABEL_SIZE,
    LABEL_WIDTH,
    NAME_SIZE,
    NAME_WIDTH,
    SIGN_SPACE,
    fitted,
    text_width,
)
from linus_nb.drawing.picture import cleaned
from linus_nb.drawing.style import FONT, INK, LINE, LOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linus_nb.drawing.layout import Box, Layout, Point, Route, Sizes
    from linus_nb.drawing.picture import Picture, PictureEdge, PictureNode

HEAD = 8.0
_HANDLES = re.compile(r' (?:id|class|role|aria-label|data-[a-z]+)="[^"]*"|<title>[^<]*</title>')
"""Names that came from outside hold neither of ``"`` and ``<``: they are escaped."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is written: a picture, its places, and a line of text under it.

    ``compact`` leaves out details, labels and arrowheads.
    """

    picture: Picture
    layout: Layout
    sizes: Sizes
    compact: bool = False
    hint: str = ""


def draw_svg(drawing: Drawing, *, with_hint: bool = True) -> str:
    """Return the SVG of ``drawing``.

    Each node is a group with the id ``n{i}``, the class ``node status-{status}`` and the exact
    name in ``data-node`` and ``<title>``; each edge one with ``data-source`` and ``data-target``.
    """
    picture, layout, compact = drawing.picture, drawing.layout, drawing.compact
    hint = drawing.hint if with_hint else ""
    width = max(layout.width, text_width(hint, LABEL_SIZE) + 12 if hint else 0.0)
    height = layout.height + (20 if hint else 0)
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    font = f'font-family="{FONT}" xml:space="preserve"'
    title = _escaped(cleaned(picture.name))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="linus-graph" {size} {font}',
        f' role="img" aria-label="{title}">',
        *_edges(picture, layout, drawing.sizes, compact=compact),
        *_nodes(picture, layout, compact=compact),
    ]
    if hint:
        parts.append(
            f'<text class="hint" x="6" y="{_n(height - 7)}" font-size="{LABEL_SIZE:g}" '
            f'fill="{LINE}">{_escaped(hint)}</text>'
        )
    return "\n".join([*parts, "</svg>"])


def without_handles(svg: str) -> str:
    """Return an SVG of :func:`draw_svg` without what nobody reaches inside of an image.

    Ids, classes and names serve style sheets, scripts and pointers; they are a third of its bytes.
    """
    return _HANDLES.sub("", svg)


def _nodes(picture: Picture, layout: Layout, *, compact: bool) -> Iterable[str]:
    size = COMPACT_NAME_SIZE if compact else NAME_SIZE
    yield f'<g class="nodes" font-size="{size:g}" text-anchor="middle" fill="{INK}">'
    for number, (node, box) in enumerate(zip(picture.nodes, layout.boxes, strict=True)):
        yield _node(number, node, box, compact=compact)
    yield "</g>"


def _node(number: int, node: PictureNode, box: Box, *, compact: bool) -> str:
    look = LOOKS[node.status]
    name = _escaped(cleaned(node.name))
    dash = f' stroke-dasharray="{look.dash}"' if look.dash else ""
    left, top = box.x - box.width / 2, box.y - box.height / 2
    return (
        f'<g id="n{number}" class="node status-{node.status}" data-node="{name}">'
        f"<title>{name}</title>"
        f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(box.width)}" height="{_n(box.height)}" '
        f'rx="{4 if compact else 9}" fill="{look.fill}" stroke="{look.stroke}" '
        f'stroke-width="{look.width:g}"{dash}/>'
        f"{_compact_texts(node, box) if compact else _texts(node, box)}</g>"
    )


def _texts(node: PictureNode, box: Box) -> str:
    baseline = box.y - 3.5 if node.detail else box.y + 4.5
    # The name comes first for readers; the sign always has its element, so that it can change.
    texts = _text("name", box.x, baseline, fitted(node.name, NAME_SIZE, NAME_WIDTH))
    texts += _text("sign", box.x - box.width / 2 + 13, baseline, LOOKS[node.status].sign)
    if node.detail:
        detail = fitted(node.detail, DETAIL_SIZE, NAME_WIDTH)
        texts += _text("detail", box.x, box.y + 13.5, detail, f' font-size="{DETAIL_SIZE:g}"')
    return texts


def _compact_texts(node: PictureNode, box: Box) -> str:
    sign, baseline = LOOKS[node.status].sign, box.y + 3.5
    room = COMPACT_NAME_WIDTH - (SIGN_SPACE / 2 if sign else 0)
    name = fitted(node.name, COMPACT_NAME_SIZE, room)
    texts = _text("name", box.x + (SIGN_SPACE / 4 if sign else 0), baseline, name)
    return texts + (_text("sign", box.x - box.width / 2 + 9, baseline, sign) if sign else "")


def _text(kind: str, x: float, y: float, text: str, more: str = "") -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}"{more}>{_escaped(text)}</text>'


def _edges(picture: Picture, layout: Layout, sizes: Sizes, *, compact: bool) -> Iterable[str]:
    index = picture.index()
    yield f'<g class="edges" fill="none" stroke="{LINE}" stroke-width="{1 if compact else 1.6}">'
    for edge, route, size in zip(picture.edges, layout.routes, sizes.labels, strict=True):
        names = (
            f'class="{_edge_classes(edge)}" data-source="n{index[edge.source]}" '
            f'data-target="n{index[edge.target]}"'
        )
        if compact:
            corners = "L".join(f"{_n(x)} {_n(y)}" for x, y in route.points[::3])
            yield f'<path {names} d="M{corners}"{_line_style(edge)}/>'
        else:
            yield f"<g {names}>{_arrow(edge, route.points)}{_label(edge, route, size)}</g>"
    yield "</g>"


def _edge_classes(edge: PictureEdge) -> str:
    verdict = {None: "", True: " edge-live", False: " edge-dead"}[edge.live]
    return f"edge{' edge-conditional' if edge.conditional else ''}{verdict}"


def _line_style(edge: PictureEdge) -> str:
    return (' stroke-dasharray="6 4"' if edge.conditional else "") + _faded(edge)


def _faded(edge: PictureEdge) -> str:
    return ' opacity="0.5"' if edge.live is False else ""


def _arrow(edge: PictureEdge, points: Sequence[Point]) -> str:
    """Return an edge's line and its head.

    The head is a shape of its own: an SVG marker needs an id, and in a notebook the same id
    in another cell's picture would take its place.
    """
    (x, y), (dx, dy) = points[-1], _heading(points)
    back = (x - HEAD * dx, y - HEAD * dy)
    before = (points[-2][0] - HEAD * dx, points[-2][1] - HEAD * dy)
    wing_x, wing_y = -HEAD * 0.45 * dy, HEAD * 0.45 * dx
    corners = ((x, y), (back[0] + wing_x, back[1] + wing_y), (back[0] - wing_x, back[1] - wing_y))
    outline = "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)
    start, *rest = (f"{_n(x)} {_n(y)}" for x, y in (*points[:-2], before, back))
    return (
        f'<path d="M{start}C{" ".join(rest)}"{_line_style(edge)}/>'
        f'<path class="head" d="M{outline}Z" fill="{LINE}"{_faded(edge)}/>'
    )


def _heading(points: Sequence[Point]) -> Point:
    """Return the direction in which a route ends, as a vector of length 1."""
    x, y = points[-1]
    for before_x, before_y in reversed(points[:-1]):
        length = hypot(x - before_x, y - before_y)
        if length > 1:
            return (x - before_x) / length, (y - before_y) / length
    return 1.0, 0.0


def _label(edge: PictureEdge, route: Route, size: Point | None) -> str:
    if route.label_at is None or size is None:
        return ""
    (x, y), (width, height) = route.label_at, size
    text = fitted(edge.label, LABEL_SIZE, LABEL_WIDTH)
    struck = ' text-decoration="line-through"' if edge.live is False else ""
    return (
        f"<title>{_escaped(cleaned(edge.label))}</title>"
        f'<rect x="{_n(x - width / 2)}" y="{_n(y - height / 2)}" width="{_n(width)}" '
        f'height="{_n(height)}" rx="4" fill="#f8f9fa" stroke="#adb5bd" stroke-width="1"/>'
        f'<text class="label" x="{_n(x)}" y="{_n(y + 4)}" font-size="{LABEL_SIZE:g}" '
        f'text-anchor="middle" fill="{INK}" stroke="none"{struck}>{_escaped(text)}</text>'
    )


def _escaped(text: str) -> str:
    """Return ``text`` for an SVG's text or attribute; line breaks and tabs survive parsing."""
    for character, entity in (
        ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"),
        ("\n", "&#10;"), ("\t", "&#9;"),
    ):  # fmt: skip
        text = text.replace(character, entity)
    return text


def _n(number: float) -> str:
    """Return whole pixels: halves the bytes of a path, and no eye sees the difference."""
    return str(round(number))
