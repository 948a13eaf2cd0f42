"""Draws a DAG: text, DOT, Mermaid and SVG, with or without Graphviz installed.

``picture`` says what is drawn, ``style`` how a status looks. An SVG is made in three steps:
``render`` plans, ``dot`` or ``layered`` places, ``svg`` writes. Nothing here knows the graph's
classes; they build a :class:`Picture` and call a function from this list.
"""

from linus_nb.drawing.dot import to_dot, to_graphviz
from linus_nb.drawing.mermaid import to_mermaid
from linus_nb.drawing.picture import STATUSES, Direction, Picture, PictureEdge, PictureNode
from linus_nb.drawing.render import ato_svg, to_html, to_svg
from linus_nb.drawing.style import LOOKS, status_css
from linus_nb.drawing.text import to_text

__all__ = [
    "LOOKS",
    "STATUSES",
    "Direction",
    "Picture",
    "PictureEdge",
    "PictureNode",
    "ato_svg",
    "status_css",
    "to_dot",
    "to_graphviz",
    "to_html",
    "to_mermaid",
    "to_svg",
    "to_text",
]
