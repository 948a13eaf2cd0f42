"""Pictures and helpers that several tests of the drawings use."""

import html
import random
import re
from base64 import b64decode
from itertools import pairwise
from xml.etree import ElementTree as ET

from linus_nb.drawing import STATUSES, Picture, PictureEdge, PictureNode

SVG = "{http://www.w3.org/2000/svg}"

HOSTILE_NAMES = (
    "step:n",
    "a::b",
    "http://x:81/",
    "<b>",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    'say "hi"',
    "it's",
    "ends with \\",
    '\\" URL="javascript:alert(1)',
    "javascript:alert(1)",
    "two\nlines",
    "tab\there",
    "Zürich → naïve",
    "日本語の名前",
    "🚀 👩\u200d👩\u200d👧",
    "nul\x00 bell\x07 delete\x7f",
    "carriage\rreturn",
    "lone\ud800surrogate",
    "long " * 2_000,
    "&amp; &lt; &#35;",
    "#35; %s %d 100%",
    "node",
    "graph",
    "end",
    "",
    " a",
    "two  spaces",
    "{a|<port> b}",
    "\\N \\G \\l",
    "]]>",
    "-->",
    "1. `x` *y* _z_",
)


def picture(edges, statuses=(), *, name="daily", nodes=()):
    """Return the picture of ``edges`` (pairs or PictureEdges), levels by longest path."""
    edges = [edge if isinstance(edge, PictureEdge) else PictureEdge(*edge) for edge in edges]
    ends = [end for edge in edges for end in (edge.source, edge.target)]
    names = list(dict.fromkeys([*nodes, *ends]))
    level = dict.fromkeys(names, 0)
    for _ in names:
        for edge in edges:
            level[edge.target] = max(level[edge.target], level[edge.source] + 1)
    rows = range(max(level.values(), default=-1) + 1)
    status_of = dict(statuses)
    return Picture(
        name,
        tuple(PictureNode(one, status_of.get(one, "waiting")) for one in names),
        tuple(edges),
        tuple(tuple(one for one in names if level[one] == row) for row in rows),
    )


def fan(*middle):
    """Return ingest -> each of ``middle`` -> report."""
    return picture([("ingest", name) for name in middle] + [(name, "report") for name in middle])


def hostile_chain():
    """Return a chain of all hostile names, which also stand on its edges."""
    pairs = pairwise(HOSTILE_NAMES)
    return picture([PictureEdge(a, b, label=b) for a, b in pairs], name=HOSTILE_NAMES[9])


def random_picture(nodes, edges, *, seed=1):
    """Return a layered picture of exactly that size."""
    rng = random.Random(seed)
    depth = max(2, int(nodes**0.5))
    levels = [[f"step {i}" for i in range(row, nodes, depth)] for row in range(depth)]
    pairs = {(rng.choice(before), name): None for before, row in pairwise(levels) for name in row}
    while len(pairs) < edges:
        first, second = sorted(rng.sample(range(depth), 2))
        pairs[rng.choice(levels[first]), rng.choice(levels[second])] = None
    return Picture(
        "random",
        tuple(PictureNode(f"step {i}", rng.choice(STATUSES)) for i in range(nodes)),
        tuple(PictureEdge(*pair) for pair in pairs),
        tuple(map(tuple, levels)),
    )


def parsed(svg):
    """Return the root element of ``svg``."""
    return ET.fromstring(svg)  # noqa: S314 - our own output


def node_groups(root):
    """Return the groups of nodes, in order."""
    return [group for group in root.iter(f"{SVG}g") if "node" in group.get("class", "").split()]


def text_of(group, kind):
    """Return the text of class ``kind`` in a node's group, ``None`` where there is none."""
    found = group.find(f"{SVG}text[@class='{kind}']")
    return None if found is None else found.text or ""


def image_of(cell):
    """Return the SVG of the image in a cell."""
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', cell)
    return b64decode(data).decode()


def alt_of(cell):
    """Return the text that stands for the image in a cell."""
    return html.unescape(re.search(r'<img alt="([^"]*)"', cell)[1])
