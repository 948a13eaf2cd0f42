"""The built-in layout, for machines without Graphviz and for graphs that are too much for it.

Sugiyama, Tagawa and Toda's method ("Methods for visual understanding of hierarchical system
structures", 1981), kept linear: levels are given; an edge over several levels gets a bend in
each; rows are sorted by barycenters; the places in a row are the least-squares ones that
keep the order and the distances.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from linus_nb.drawing.layout import Box, Layout, Route, bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linus_nb.drawing.layout import Point, Sizes
    from linus_nb.drawing.picture import Direction, Picture

MARGIN = 6.0
GAP = 18.0
LEVEL_GAP = 56.0
SWEEPS = 4
BENDS_LIMIT = 20_000
"""More bends than this would take over a second to place; long edges then go straight."""


@dataclass(slots=True)
class _Grid:
    """Rows of slots. Slot ``i`` is node ``i``; higher numbers are bends of long edges."""

    rows: list[list[int]]
    before: list[list[int]]
    after: list[list[int]]
    chains: list[list[int]]


def layered_layout(picture: Picture, sizes: Sizes, direction: Direction = "LR") -> Layout:
    """Place the nodes of ``picture`` in rows, one a level, and route its edges between them."""
    grid = _grid(picture)
    _sort_rows(grid)
    turned = direction == "TB"
    # "along" runs from level to level, "across" within one; a bend takes no room along.
    bends = [0.0] * (len(grid.before) - len(sizes.boxes))
    along = [size[1] if turned else size[0] for size in sizes.boxes] + bends
    across = [size[0] if turned else size[1] for size in sizes.boxes] + bends
    levels = _levels_along(grid, along, _gaps(picture, sizes, turned=turned))
    spans = {slot: levels[number] for number, row in enumerate(grid.rows) for slot in row}
    places = _places_across(grid, across)
    centres = [(sum(spans[number]) / 2, places[number]) for number in range(len(sizes.boxes))]
    curves = [_curve(chain, spans, along, places) for chain in grid.chains]
    if turned:
        centres = [(across_, along_) for along_, across_ in centres]
        curves = [[(y, x) for x, y in curve] for curve in curves]
    boxes = tuple(Box(*at, *size) for at, size in zip(centres, sizes.boxes, strict=True))
    routes = _labelled([chain[0] for chain in grid.chains], curves, sizes.labels)
    right, lower = bounds(boxes, [point for curve in curves for point in curve])
    return Layout(right + MARGIN, lower + MARGIN, boxes, routes)


def _grid(picture: Picture) -> _Grid:
    index, level_of = picture.index(), picture.level_of()
    rows = [[index[name] for name in level] for level in picture.levels]
    spans = [level_of[edge.target] - level_of[edge.source] for edge in picture.edges]
    bent = sum(spans) - len(spans) <= BENDS_LIMIT
    size = len(picture.nodes)
    grid = _Grid(rows, [[] for _ in range(size)], [[] for _ in range(size)], [])
    for edge in picture.edges:
        chain = [index[edge.source]]
        between = range(level_of[edge.source] + 1, level_of[edge.target]) if bent else ()
        for level in between:
            chain.append(len(grid.before))
            rows[level].append(len(grid.before))
            grid.before.append([])
            grid.after.append([])
        chain.append(index[edge.target])
        grid.chains.append(chain)
        for start, end in pairwise(chain):
            grid.after[start].append(end)
            grid.before[end].append(start)
    return grid


def _sort_rows(grid: _Grid) -> None:
    """Sort each row by where its neighbours stand, forwards and backwards in turn."""
    rank = {slot: float(place) for row in grid.rows for place, slot in enumerate(row)}
    for sweep in range(SWEEPS):
        backwards = sweep % 2 == 1
        neighbours = grid.after if backwards else grid.before
        for row in reversed(grid.rows) if backwards else grid.rows:
            centre = {slot: _mean([rank[other] for other in neighbours[slot]], rank[slot])
                      for slot in row}  # fmt: skip
            row.sort(key=centre.__getitem__)
            rank.update((slot, float(place)) for place, slot in enumerate(row))


def _places_across(grid: _Grid, sizes: Sequence[float]) -> list[float]:
    """Return each slot's place in its row, near the mean of its neighbours'."""
    places = [0.0] * len(sizes)
    for row in grid.rows:
        _put(row, [0.0] * len(row), sizes, places)
    for sweep in range(2 * SWEEPS):
        backwards = sweep % 2 == 1
        for row in reversed(grid.rows) if backwards else grid.rows:
            wanted = [
                _mean(
                    [places[other] for other in (grid.after if backwards else grid.before)[slot]],
                    places[slot],
                )
                for slot in row
            ]
            _put(row, wanted, sizes, places)
    lowest = min((place - size / 2 for place, size in zip(places, sizes, strict=True)), default=0.0)
    return [place - lowest + MARGIN for place in places]


def _put(
    row: Sequence[int], wanted: Sequence[float], sizes: Sequence[float], places: list[float]
) -> None:
    """Put a row at the places nearest to ``wanted`` that keep its order and distances.

    With the distances taken off, this is isotonic regression; pooling neighbours that
    are out of order (pool adjacent violators) gives its least-squares solution.
    """
    offsets, offset, previous = [], 0.0, None
    for slot in row:
        if previous is not None:
            offset += (sizes[previous] + sizes[slot]) / 2 + GAP
        offsets.append(offset)
        previous = slot
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while pools and pools[-1][0] * count > total * pools[-1][1]:
            last_total, last_count = pools.pop()
            total, count = total + last_total, count + last_count
        pools.append((total, count))
    pooled = [total / count for total, count in pools for _ in range(count)]
    for slot, base, offset in zip(row, pooled, offsets, strict=True):
        places[slot] = base + offset


def _gaps(picture: Picture, sizes: Sizes, *, turned: bool) -> list[float]:
    """Return the room after each level: enough for the labels on its outgoing edges."""
    level_of = picture.level_of()
    gaps = [LEVEL_GAP] * len(picture.levels)
    for edge, label in zip(picture.edges, sizes.labels, strict=True):
        if label is not None:
            level = level_of[edge.source]
            gaps[level] = max(gaps[level], label[1 if turned else 0] + 40)
    return gaps


def _levels_along(
    grid: _Grid, sizes: Sequence[float], gaps: Sequence[float]
) -> list[tuple[float, float]]:
    """Return where each level starts and ends."""
    levels, start = [], MARGIN
    for row, gap in zip(grid.rows, gaps, strict=True):
        end = start + max((sizes[slot] for slot in row), default=0.0)
        levels.append((start, end))
        start = end + gap
    return levels


def _curve(
    chain: Sequence[int],
    spans: dict[int, tuple[float, float]],
    along: Sequence[float],
    places: Sequence[float],
) -> list[Point]:
    """Return the cubic curves through ``chain``; a bend goes straight through its level."""
    first, last = chain[0], chain[-1]
    curve = [(sum(spans[first]) / 2 + along[first] / 2, places[first])]
    for bend in chain[1:-1]:
        for end in spans[bend]:
            _lead(curve, (end, places[bend]))
    _lead(curve, (sum(spans[last]) / 2 - along[last] / 2, places[last]))
    return curve


def _lead(curve: list[Point], end: Point) -> None:
    """Lead ``curve`` on to ``end``, starting and ending along the levels' direction."""
    if len(curve) > 1 and all(abs(y - end[1]) < 1 for _, y in curve[-4:]):
        del curve[-3:]  # two straight lines in one direction are one
    start = curve[-1]
    middle = (start[0] + end[0]) / 2
    curve.extend(((middle, start[1]), (middle, end[1]), end))


def _labelled(
    sources: Sequence[int], curves: Sequence[Sequence[Point]], sizes: Sequence[Point | None]
) -> tuple[Route, ...]:
    """Put each label on its curve where it covers no other label of the same source."""
    taken: defaultdict[int, list[tuple[Point, Point]]] = defaultdict(list)
    routes = []
    for source, curve, size in zip(sources, curves, sizes, strict=True):
        at = None
        if size is not None:
            places = _label_places(curve)
            free = (place for place in places if not _covers(place, size, taken[source]))
            at = next(free, places[0])
            taken[source].append((at, size))
        routes.append(Route(tuple(curve), at))
    return tuple(routes)


def _covers(at: Point, size: Point, others: Sequence[tuple[Point, Point]]) -> bool:
    return any(
        abs(at[0] - x) < (size[0] + width) / 2 and abs(at[1] - y) < (size[1] + height) / 2
        for (x, y), (width, height) in others
    )


def _label_places(curve: Sequence[Point]) -> list[Point]:
    """Return where a label may stand, the best place first: near the source."""
    first = [_along(curve[:4], part) for part in (0.5, 0.35, 0.65, 0.2)]
    return first + [_along(curve[start : start + 4], 0.5) for start in range(3, len(curve) - 3, 3)]


def _along(curve: Sequence[Point], part: float) -> Point:
    """Return the point of a cubic Bezier curve at ``part`` (0 to 1), by Bernstein's weights."""
    rest = 1 - part
    weights = (rest**3, 3 * rest**2 * part, 3 * rest * part**2, part**3)
    return (
        sum(weight * x for weight, (x, _) in zip(weights, curve, strict=True)),
        sum(weight * y for weight, (_, y) in zip(weights, curve, strict=True)),
    )


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default
