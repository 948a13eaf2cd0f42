"""What is drawn: a plain, frozen description that every kind of drawing reads.

The graph's classes build a :class:`Picture`; this package never looks at a graph itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from linus_nb.errors import GraphError, OptionError, UnknownNodeError

Direction = Literal["LR", "TB"]
"""Which way the edges run: left to right, or top to bottom."""

DIRECTIONS = get_args(Direction)
STATUSES = (
    "waiting",
    "queued",
    "running",
    "completed",
    "failed",
    "skipped",
    "cancelled",
    "reused",
)

NAME_LIMIT = 8_000
"""Characters of a name that a drawing keeps; graphviz fails on much longer ones."""


@dataclass(frozen=True, slots=True)
class PictureNode:
    """One box.

    Parameters
    ----------
    name : str
        The node's name, exactly.
    status : str
        One of :data:`STATUSES`.
    detail : str
        The second line, for example ``"1.2 s · 340 tokens"``.
    """

    name: str
    status: str = "waiting"
    detail: str = ""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise OptionError(
                f"node {self.name!r} cannot be drawn with status {self.status!r}",
                hint=f"one of: {', '.join(STATUSES)}",
            )


@dataclass(frozen=True, slots=True)
class PictureEdge:
    """One arrow.

    Parameters
    ----------
    source, target : str
        Names of nodes.
    label : str
        What stands on the arrow.
    conditional : bool
        Whether the edge has a condition (drawn dashed).
    live : bool, optional
        The verdict; ``False`` is drawn faded, ``None`` is not decided yet.
    """

    source: str
    target: str
    label: str = ""
    conditional: bool = False
    live: bool | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole drawing.

    Parameters
    ----------
    name : str
        The graph's name.
    nodes : tuple of PictureNode
        Node ``i`` has the id ``n{i}`` in every drawing.
    edges : tuple of PictureEdge
        Arrows between them; they always run from an earlier level to a later one.
    levels : tuple of tuple of str
        Every node's name once, by topological generation.

    Raises
    ------
    UnknownNodeError
        An edge or a level names a node that is not there.
    GraphError
        Two nodes share a name, a node is in no level or in two, or an edge does not go
        to a later level.
    """

    name: str
    nodes: tuple[PictureNode, ...]
    edges: tuple[PictureEdge, ...]
    levels: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        level_of = self.level_of()
        names = {node.name for node in self.nodes}
        placed = sum(map(len, self.levels))
        mentioned = [name for edge in self.edges for name in (edge.source, edge.target)]
        for name in (*mentioned, *level_of):
            if name not in names:
                raise UnknownNodeError(
                    f"the picture of {self.name!r} has no node {name!r}",
                    hint=f"PictureNode({name!r})",
                )
        if not len(self.nodes) == len(names) == len(level_of) == placed:
            raise GraphError(
                f"the picture of {self.name!r} needs every node once, in one level: "
                f"{len(self.nodes)} nodes, {len(names)} names, {placed} places in levels"
            )
        for edge in self.edges:
            if level_of[edge.source] >= level_of[edge.target]:
                raise GraphError(
                    f"edge {edge.source!r} -> {edge.target!r} does not lead to a later level"
                )

    def index(self) -> dict[str, int]:
        """Return each name's number, the ``i`` of its id ``n{i}``."""
        return {node.name: number for number, node in enumerate(self.nodes)}

    def level_of(self) -> dict[str, int]:
        """Return each name's level, counted from 0."""
        return {name: number for number, level in enumerate(self.levels) for name in level}


def cleaned(text: str, limit: int = NAME_LIMIT) -> str:
    r"""Return ``text`` as every format can hold it, changed as little as possible.

    Line breaks and tabs stay. Other control characters become their pictures, what no file
    can hold (lone surrogates, non-characters) becomes ``\ufffd``, and what is longer than
    ``limit`` characters is cut and ends in an ellipsis.

    Examples
    --------
    >>> cleaned("a\x00b\ud800")
    'a␀b�'
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return cut.translate(_REPLACED)


def check_direction(direction: str) -> None:
    """Refuse what is not a :data:`Direction`.

    Raises
    ------
    OptionError
        It is neither ``"LR"`` nor ``"TB"``.
    """
    if direction not in DIRECTIONS:
        raise OptionError(
            f"no direction {direction!r}", hint='direction="LR" (or "TB", top to bottom)'
        )


def _replacements() -> dict[int, str]:
    pictures = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    unprintable = (*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
    return {**pictures, 0x7F: "␡", **dict.fromkeys(unprintable, "�")}


_REPLACED = _replacements()
