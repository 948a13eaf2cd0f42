"""Mermaid text, for Markdown pages that draw it (GitHub, JupyterLab, MkDocs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.drawing.picture import check_direction, cleaned
from linus_nb.drawing.style import INK, LINE, LOOKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linus_nb.drawing.picture import Direction, Picture, PictureEdge, PictureNode


def to_mermaid(picture: Picture, *, direction: Direction = "LR") -> str:
    """Return ``picture`` as a Mermaid flowchart.

    Examples
    --------
    >>> from linus_nb.drawing.picture import Picture, PictureEdge, PictureNode
    >>> nodes = (PictureNode("load", "completed"), PictureNode("a::b"))
    >>> edges = (PictureEdge("load", "a::b", "if ok", conditional=True),)
    >>> print(to_mermaid(Picture("two", nodes, edges, (("load",), ("a::b",)))))
    flowchart LR
        n0["✓ load"]:::completed
        n1["a#58;#58;b"]:::waiting
        n0 -.->|"if ok"| n1
        classDef waiting fill:#e9ecef,stroke:#868e96,color:#1b1f24,stroke-width:1.5px
        classDef completed fill:#b9e6d8,stroke:#009e73,color:#1b1f24,stroke-width:1.5px
    """
    check_direction(direction)
    return "\n".join([f"flowchart {direction}", *(f"    {line}" for line in _lines(picture))])


def _lines(picture: Picture) -> Iterator[str]:
    index = picture.index()
    for number, node in enumerate(picture.nodes):
        yield f'n{number}["{_node_text(node)}"]:::{node.status}'
    for edge in picture.edges:
        yield f"n{index[edge.source]} {_arrow(edge)} n{index[edge.target]}"
    dead = [str(number) for number, edge in enumerate(picture.edges) if edge.live is False]
    if dead:
        yield f"linkStyle {','.join(dead)} stroke:{LINE},opacity:0.5"
    used = {node.status for node in picture.nodes}
    for status, look in LOOKS.items():
        if status in used:
            dash = f",stroke-dasharray:{look.dash}" if look.dash else ""
            yield (
                f"classDef {status} fill:{look.fill},stroke:{look.stroke},color:{INK},"
                f"stroke-width:{look.width:g}px{dash}"
            )


def _node_text(node: PictureNode) -> str:
    sign = LOOKS[node.status].sign
    lines = [_escaped(node.name)] + ([_escaped(node.detail)] if node.detail else [])
    text = f"{sign} {lines[0]}" if sign else lines[0]
    return "<br/>".join([text, *lines[1:]]) or " "


def _arrow(edge: PictureEdge) -> str:
    arrow = "-.->" if edge.conditional else "-->"
    return f'{arrow}|"{_escaped(edge.label)}"|' if edge.label else arrow


def _escaped(text: str) -> str:
    """Return ``text`` with every ASCII sign as Mermaid's entity ``#code;``.

    Mermaid reads a label as Markdown with HTML in it, so quotes and angle brackets are not
    all: "1." would start a list, ``_`` mean emphasis, and spaces at the ends be lost.
    """
    text = cleaned(text)
    ends = (0, len(text) - 1)
    return "".join(
        _entity(character, at_end=position in ends) for position, character in enumerate(text)
    )


def _entity(character: str, *, at_end: bool) -> str:
    if character == "\n":
        return "<br/>"
    plain = character.isalnum() or not character.isascii() or (character == " " and not at_end)
    return character if plain else f"#{ord(character)};"
