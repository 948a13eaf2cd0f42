"""Drawings for a terminal: boxes by level, and lines between levels where they are exact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from linus_nb.drawing.picture import cleaned
from linus_nb.drawing.style import LOOKS
from linus_nb.drawing.text_links import Links, Pair, link_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from linus_nb.drawing.picture import Picture, PictureEdge, PictureNode

WIDTH = 100
NAME_COLUMNS = 30
LEVELS_LIMIT, BOXES_LIMIT, EDGES_LIMIT = 40, 20, 40
GUTTER = " " * 12


def to_text(picture: Picture) -> str:
    """Return ``picture`` for a terminal, level by level, bounded for graphs of any size.

    Nodes in one row can run at the same time. Lines are drawn between neighbouring rows where
    they are unambiguous; all other edges are listed below.

    Examples
    --------
    >>> from linus_nb.drawing.picture import Picture, PictureEdge, PictureNode
    >>> nodes = (PictureNode("load", "completed"), PictureNode("sum"), PictureNode("plot"))
    >>> edges = (PictureEdge("load", "sum"), PictureEdge("load", "plot"))
    >>> print(to_text(Picture("daily", nodes, edges, (("load",), ("sum", "plot")))))
    daily: 3 nodes, 2 edges, 2 levels
    <BLANKLINE>
    Execution Levels:
                   ┌────────┐
      Level 1      │ ✓ load │
                   └────┬───┘
                   ┌────┴────┐
                   ▼         ▼
                ┌─────┐  ┌──────┐
      Level 2   │ sum │  │ plot │
                └─────┘  └──────┘
    """
    return "\n".join(line.rstrip() for line in _lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    counts = (("node", picture.nodes), ("edge", picture.edges), ("level", picture.levels))
    yield f"{_short(picture.name)}: " + ", ".join(
        f"{len(items):,} {noun}{'' if len(items) == 1 else 's'}" for noun, items in counts
    )
    yield from ("", "Execution Levels:")
    node_of = {node.name: node for node in picture.nodes}
    shown = [[node_of[name] for name in level] for level in picture.levels[:LEVELS_LIMIT]]
    rows = [_wrapped(nodes[:BOXES_LIMIT]) for nodes in shown]
    widest = max((_end(boxes) for row in rows for boxes in row), default=0)
    rows = [[_centred(boxes, widest) for boxes in row] for row in rows]
    links = [_links(above, below, picture.edges) for above, below in pairwise(rows)]
    nothing = Links(frozenset(), {}, {}, {})
    for number, (row, link) in enumerate(zip(rows, [*links, nothing], strict=False)):
        yield from _row(f"  Level {number + 1}", row, link)
        if len(shown[number]) > BOXES_LIMIT:
            yield f"{GUTTER}… {len(shown[number]) - BOXES_LIMIT:,} more nodes in this level"
        yield from (_drawn(link.bus), _drawn(link.heads)) if link.drawn else ()
    if len(picture.levels) > LEVELS_LIMIT:
        yield f"  … {len(picture.levels) - LEVELS_LIMIT:,} more levels"
    drawn = frozenset[Pair]().union(*(link.drawn for link in links))
    yield from _edge_list(picture.edges, drawn)


@dataclass(frozen=True, slots=True)
class _TextBox:
    """A box: its left column, its width and its lines of text."""

    name: str
    left: int
    width: int
    lines: tuple[str, ...]

    @property
    def centre(self) -> int:
        return self.left + self.width // 2


def _wrapped(nodes: Sequence[PictureNode]) -> list[list[_TextBox]]:
    """Put ``nodes`` side by side, in as many rows of boxes as the terminal's width asks for."""
    with_detail = any(node.detail for node in nodes)
    rows: list[list[_TextBox]] = [[]]
    for node in nodes:
        sign = LOOKS[node.status].sign
        name = f"{sign} {_short(node.name)}" if sign else _short(node.name)
        lines = (name, _short(node.detail)) if with_detail else (name,)
        width = max(map(_columns, lines)) + 4
        left = _end(rows[-1]) + 2 if rows[-1] else 0
        if left + width > WIDTH:
            rows.append([])
            left = 0
        rows[-1].append(_TextBox(node.name, left, width, lines))
    return rows


def _end(boxes: Sequence[_TextBox]) -> int:
    return boxes[-1].left + boxes[-1].width if boxes else 0


def _centred(boxes: Sequence[_TextBox], widest: int) -> list[_TextBox]:
    shift = (widest - _end(boxes)) // 2 + len(GUTTER)
    return [replace(box, left=box.left + shift) for box in boxes]


def _links(
    above: Sequence[Sequence[_TextBox]],
    below: Sequence[Sequence[_TextBox]],
    edges: Sequence[PictureEdge],
) -> Links:
    """Return the lines between two levels; none where one of them takes several rows."""
    single = len(above) == len(below) == 1
    upper, lower = (
        {box.name: box.centre for box in row[0]} if single else {} for row in (above, below)
    )
    return link_levels(upper, lower, edges)


def _row(title: str, row: Sequence[Sequence[_TextBox]], links: Links) -> Iterator[str]:
    for boxes in row:
        yield _beside((box.left, f"┌{'─' * (box.width - 2)}┐") for box in boxes)
        for number in range(len(boxes[0].lines) if boxes else 0):
            texts = [
                (box.left, f"│ {_padded(box.lines[number], box.width - 4)} │") for box in boxes
            ]
            yield _beside([(0, title), *texts] if number == 0 else texts)
            title = title if number else ""
        yield _beside((box.left, _floor(box, links.ports)) for box in boxes)


def _floor(box: _TextBox, ports: Mapping[int, str]) -> str:
    inside = range(box.left + 1, box.left + box.width - 1)
    return f"└{''.join(ports.get(column, '─') for column in inside)}┘"


def _drawn(line: Mapping[int, str]) -> str:
    return _beside(sorted(line.items()))


def _beside(pieces: Iterable[tuple[int, str]]) -> str:
    """Return a line with each text at its column."""
    line, end = "", 0
    for left, text in pieces:
        line += " " * (left - end) + text
        end = max(left, end) + _columns(text)
    return line


def _edge_list(edges: Sequence[PictureEdge], drawn: frozenset[Pair]) -> Iterator[str]:
    """List the edges that no line shows."""
    listed = [edge for edge in edges if (edge.source, edge.target) not in drawn]
    if listed:
        yield from ("", "Other edges:" if drawn else "Edges:")
    for edge in listed[:EDGES_LIMIT]:
        notes = [_short(edge.label)] if edge.label else ["conditional"] * edge.conditional
        notes += ["not taken"] if edge.live is False else []
        note = f"  ({', '.join(notes)})" if notes else ""
        yield f"  {_short(edge.source)} → {_short(edge.target)}{note}"
    if len(listed) > EDGES_LIMIT:
        yield f"  … {len(listed) - EDGES_LIMIT:,} more edges"


def _columns(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes."""
    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - _columns(text))


def _short(text: str) -> str:
    """Return ``text`` on one line, at most ``NAME_COLUMNS`` wide."""
    short = ""
    text = cleaned(text, 2 * NAME_COLUMNS).replace("\n", "␊").replace("\t", "␉")
    for character in text:
        if _columns(short + character) >= NAME_COLUMNS:
            return short + "…"
        short += character
    return short
