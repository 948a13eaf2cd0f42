"""Where things stand: boxes and routes in pixels, whichever engine placed them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from linus_nb.drawing.picture import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linus_nb.drawing.picture import Picture, PictureNode

Point = tuple[float, float]

NAME_SIZE, DETAIL_SIZE, LABEL_SIZE = 13.0, 11.0, 11.0
NAME_WIDTH, LABEL_WIDTH = 240.0, 150.0
SIGN_SPACE = 27.0
COMPACT_NAME_SIZE, COMPACT_NAME_WIDTH = 10.0, 84.0


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place: its centre and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """An edge's way: a start and three points for each cubic curve; where its label stands."""

    points: tuple[Point, ...]
    label_at: Point | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """All places of a picture, in the order of its nodes and edges."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What has to be placed: (width, height) of each box and of each edge's label."""

    boxes: tuple[Point, ...]
    labels: tuple[Point | None, ...]


def measure(picture: Picture, *, compact: bool = False) -> Sizes:
    """Return how much room the boxes and labels of ``picture`` take."""
    if compact:
        size = (COMPACT_NAME_WIDTH + 8.0, COMPACT_NAME_SIZE + 8.0)
        return Sizes((size,) * len(picture.nodes), (None,) * len(picture.edges))
    return Sizes(
        tuple(_box_size(node) for node in picture.nodes),
        tuple(_label_size(edge.label) for edge in picture.edges),
    )


def _box_size(node: PictureNode) -> Point:
    name = text_width(fitted(node.name, NAME_SIZE, NAME_WIDTH), NAME_SIZE)
    detail = text_width(fitted(node.detail, DETAIL_SIZE, NAME_WIDTH), DETAIL_SIZE)
    # Room for a sign on both sides keeps the name centred, and a status may change in place.
    width = max(name + 2 * SIGN_SPACE, detail + 24, 64.0)
    return round(width), 48.0 if node.detail else 34.0


def _label_size(label: str) -> Point | None:
    if not label:
        return None
    return round(text_width(fitted(label, LABEL_SIZE, LABEL_WIDTH), LABEL_SIZE)) + 12, 18.0


@lru_cache(maxsize=4096)
def _advance(character: str) -> float:
    """Return a character's width in ems, on the wide side of common sans-serif fonts."""
    if combining(character) or character in "\u200b\u200c\u200d\ufe0e\ufe0f":
        return 0.0
    if east_asian_width(character) in "WF":
        return 1.05
    if character in "iljItf.,:;'|!()[]{}/\\` ":
        return 0.36
    if character in "mwMW@%—…":
        return 0.95
    return 0.72 if character.isupper() or not character.isascii() else 0.59


def text_width(text: str, size: float) -> float:
    """Return about how wide ``text`` is at font size ``size`` (both pixels)."""
    return size * sum(map(_advance, text))


def fitted(text: str, size: float, width: float) -> str:
    """Return ``text`` cleaned and, where it is wider than ``width`` pixels, cut to an ellipsis.

    Examples
    --------
    >>> fitted("load", 13, 100), fitted("load everything there is", 13, 100)
    ('load', 'load everythi…')
    """
    text = cleaned(text)
    room = width / size
    for position, character in enumerate(text):
        room -= _advance(character)
        if room < 0:
            # A cut between the parts of one emoji would leave half of it.
            return text[: max(position - 1, 0)].rstrip("\u200d") + "…"
    return text


def bounds(boxes: Sequence[Box], points: Sequence[Point]) -> Point:
    """Return the right and lower end of everything placed."""
    right = [box.x + box.width / 2 for box in boxes] + [x for x, _ in points]
    lower = [box.y + box.height / 2 for box in boxes] + [y for _, y in points]
    return max(right, default=0.0), max(lower, default=0.0)
