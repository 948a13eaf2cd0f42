"""A picture of a graph that is too big to draw: a chain of boxes, each some whole levels."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from linus_nb.drawing.picture import Picture, PictureEdge, PictureNode, cleaned
from linus_nb.drawing.style import LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS_LIMIT = 24
NAME_LIMIT = 60
SIGNS = {status: look.sign for status, look in LOOKS.items() if look.sign not in {"", "…"}}
WORST_FIRST = (
    "failed",
    "running",
    "cancelled",
    "queued",
    "waiting",
    "completed",
    "reused",
    "skipped",
)


def summarized(picture: Picture) -> tuple[Picture, str]:
    """Return a small picture of ``picture`` and a line that says what it leaves out.

    Levels that follow each other share a box where there are more than ``GROUPS_LIMIT``. A box
    shows the status that most needs to be seen and counts all; an arrow counts its edges.

    Examples
    --------
    >>> names = tuple(f"row {number}" for number in range(500))
    >>> big = Picture("rows", tuple(map(PictureNode, names)), (), (names,))
    >>> small, left_out = summarized(big)
    >>> small.nodes[0].name, left_out
    ('Level 1: 500 nodes', '500 nodes and 0 edges, drawn as 1 box; each box holds whole levels')
    """
    per_group = max(1, ceil(len(picture.levels) / GROUPS_LIMIT))
    groups = range(0, len(picture.levels), per_group)
    node_of = {node.name: node for node in picture.nodes}
    boxes = tuple(
        _box(first, [
            [node_of[name] for name in level]
            for level in picture.levels[first : first + per_group]
        ])
        for first in groups
    )  # fmt: skip
    level_of = picture.level_of()
    steps = Counter(
        (level_of[edge.source] // per_group, level_of[edge.target] // per_group)
        for edge in picture.edges
    )
    edges = tuple(
        PictureEdge(boxes[a].name, boxes[b].name, _count(steps[a, b], "edge"))
        for a, b in pairwise(range(len(boxes)))
    )
    longer = sum(count for (a, b), count in steps.items() if b > a + 1)
    left_out = (
        f"{_count(len(picture.nodes), 'node')} and {_count(len(picture.edges), 'edge')}, drawn as "
        f"{_count(len(boxes), 'box')}; each box holds whole levels"
    )
    if longer:
        left_out += f"; {_count(longer, 'longer edge')} not drawn"
    levels = tuple((box.name,) for box in boxes)
    return Picture(picture.name, boxes, edges, levels), left_out


def _box(first: int, levels: Sequence[Sequence[PictureNode]]) -> PictureNode:
    nodes = [node for level in levels for node in level]
    last = first + len(levels)
    which = f"Level {last}" if len(levels) == 1 else f"Levels {first + 1}-{last}"
    what = cleaned(nodes[0].name, NAME_LIMIT) if len(nodes) == 1 else _count(len(nodes), "node")
    counts = Counter(node.status for node in nodes)
    present = [status for status in WORST_FIRST if counts[status]]
    detail = " · ".join(f"{counts[status]:,} {SIGNS.get(status, status)}" for status in present)
    return PictureNode(f"{which}: {what}", present[0] if present else "waiting", detail)


def _count(number: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("x") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
