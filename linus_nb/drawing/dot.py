"""Graphviz: DOT for people to keep, and ``dot`` as a layout engine for the SVG.

Names never become DOT identifiers: nodes are ``n0``, ``n1``, ... and a name is only a label.
Used as identifiers, a colon would be a port, ``<b>`` would be HTML and a trailing backslash
would leave its quotes. For layouts, names do not reach ``dot`` at all: it gets boxes' sizes and
returns places, so that one writer (:mod:`linus_nb.drawing.svg`) draws every SVG.
"""

from __future__ import annotations

from collections import defaultdict, deque
from math import ceil
from typing import TYPE_CHECKING

from linus_nb.drawing.layout import Box, Layout, Route, bounds
from linus_nb.drawing.picture import check_direction, cleaned
from linus_nb.drawing.style import INK, LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphviz import Digraph

    from linus_nb.drawing.layout import Point, Sizes
    from linus_nb.drawing.picture import Direction, Picture, PictureEdge, PictureNode

INCH = 72.0
MARGIN = 6.0
PLACEHOLDER_SIZE, N_WIDTH = 15, 0.556
"""Labels are kept free by rows of the letter n: a font size that is 18 pixels high, and the
letter's width in ems of Helvetica."""


def to_graphviz(picture: Picture, *, direction: Direction = "LR") -> Digraph:
    """Return ``picture`` as a :class:`graphviz.Digraph`, to change or to save.

    Its ``source`` needs no Graphviz; its ``render`` and its display in a notebook do.
    """
    from graphviz import Digraph  # noqa: PLC0415 - keeps `import linus_nb` light

    check_direction(direction)
    index = picture.index()
    graph = Digraph(
        graph_attr={"rankdir": direction, "bgcolor": "transparent", "nodesep": "0.25"},
        node_attr={"shape": "box", "fontname": "Helvetica,Arial,sans-serif", "fontsize": "12"},
        edge_attr={"color": "#888888", "fontname": "Helvetica,Arial,sans-serif", "fontsize": "10"},
    )
    graph.node_attr.update(fontcolor=INK, margin="0.16,0.09")
    graph.edge_attr.update(fontcolor="#888888", arrowsize="0.8")
    for number, node in enumerate(picture.nodes):
        graph.node(f"n{number}", **_node_attributes(number, node))
    for edge in picture.edges:
        graph.edge(f"n{index[edge.source]}", f"n{index[edge.target]}", **_edge_attributes(edge))
    return graph


def to_dot(picture: Picture, *, direction: Direction = "LR") -> str:
    """Return ``picture`` in the DOT language.

    Examples
    --------
    >>> from linus_nb.drawing.picture import Picture, PictureNode
    >>> source = to_dot(Picture("one", (PictureNode("a::b", "running"),), (), (("a::b",),)))
    >>> 'n0 [label="► a::b" class="status-running"' in source
    True
    """
    source: str = to_graphviz(picture, direction=direction).source
    return source


def _node_attributes(number: int, node: PictureNode) -> dict[str, str]:
    look = LOOKS[node.status]
    sign = f"{look.sign} " if look.sign else ""
    outline = {"skipped": ",dashed", "cancelled": ",dotted"}.get(node.status, "")
    return {
        "id": f"n{number}",
        "label": _label(sign + node.name + (f"\n{node.detail}" if node.detail else "")),
        "class": f"status-{node.status}",
        "style": f"rounded,filled{outline}",
        "fillcolor": look.fill,
        "color": look.stroke,
        "penwidth": f"{look.width:g}",
    }


def _edge_attributes(edge: PictureEdge) -> dict[str, str]:
    attributes = {"label": _label(edge.label)} if edge.label else {}
    if edge.conditional:
        attributes["style"] = "dashed"
    if edge.live is False:
        attributes.update(color="#8888887f", fontcolor="#8888887f")
    return attributes


def _label(text: str) -> str:
    from graphviz import escape  # noqa: PLC0415 - keeps `import linus_nb` light

    # escape() comes last: it returns a str of its own kind, which any further operation on
    # the string would turn back into one whose backslashes and angle brackets count.
    escaped: str = escape(cleaned(text).replace("&", "&amp;"))
    return escaped


def layout_source(picture: Picture, sizes: Sizes, direction: Direction) -> str:
    """Return DOT that asks for places only: sizes and ids, no name."""
    index = picture.index()
    lines = [
        f"digraph {{ rankdir={direction} nodesep=0.25 ranksep=0.55",
        'node [shape=box fixedsize=true label=""]',
        f"edge [dir=none fontname=Helvetica fontsize={PLACEHOLDER_SIZE}]",
    ]
    for number, (width, height) in enumerate(sizes.boxes):
        lines.append(f"n{number} [width={width / INCH:.3f} height={height / INCH:.3f}]")
    for edge, label in zip(picture.edges, sizes.labels, strict=True):
        room = f" [label={'n' * ceil(label[0] / (N_WIDTH * PLACEHOLDER_SIZE))}]" if label else ""
        lines.append(f"n{index[edge.source]} -> n{index[edge.target]}{room}")
    # Columns are levels, as in every other drawing; dot alone would let nodes drift.
    ids = [" ".join(f"n{index[name]}" for name in level) for level in picture.levels]
    lines.extend(f"{{ rank=same {level} }}" for level in ids)
    return "\n".join([*lines, "}"])


def parse_layout(plain: str, picture: Picture, sizes: Sizes) -> Layout:
    """Read ``dot -Tplain``: ``node id x y w h ...`` and ``edge tail head n x1 y1 ...``.

    Raises
    ------
    ValueError
        It is not the whole layout of ``picture``.
    """
    rows = [line.split() for line in plain.splitlines()]
    height = next((float(row[3]) for row in rows if row[:1] == ["graph"]), 0.0)
    boxes: dict[str, Box] = {}
    routes: defaultdict[tuple[str, str], deque[Route]] = defaultdict(deque)
    for row in rows:
        if row[:1] == ["node"]:
            (at,) = _points(row[2:4], height)
            boxes[row[1]] = Box(*at, *sizes.boxes[int(row[1][1:])])
        elif row[:1] == ["edge"]:
            routes[row[1], row[2]].append(_route(row[3:], height))
    return _assembled(picture, boxes, routes)


def _route(words: Sequence[str], height: float) -> Route:
    end = 1 + 2 * int(words[0])
    labelled = len(words) > end + 2  # the line ends in a style and a colour
    label_at = _points(words[end + 1 : end + 3], height)[0] if labelled else None
    return Route(tuple(_points(words[1:end], height)), label_at)


def _points(words: Sequence[str], height: float) -> list[Point]:
    """Return points in pixels from the top left; ``dot`` counts inches from the bottom."""
    numbers = [float(word) * INCH for word in words]
    return [
        (x + MARGIN, height * INCH - y + MARGIN)
        for x, y in zip(numbers[::2], numbers[1::2], strict=True)
    ]


def _assembled(
    picture: Picture, boxes: dict[str, Box], routes: defaultdict[tuple[str, str], deque[Route]]
) -> Layout:
    index = picture.index()
    try:
        placed = tuple(boxes[f"n{number}"] for number in range(len(picture.nodes)))
        routed = tuple(
            routes[f"n{index[edge.source]}", f"n{index[edge.target]}"].popleft()
            for edge in picture.edges
        )
    except LookupError as error:
        raise ValueError(f"dot's layout of {picture.name!r} is not complete") from error
    right, lower = bounds(placed, [point for route in routed for point in route.points])
    return Layout(right + MARGIN, lower + MARGIN, placed, routed)
