"""How a status looks, the same in every kind of drawing.

Colours are Okabe and Ito's, which colour-blind people can tell apart; each status has a sign or
an outline of its own as well. Boxes bring their own light fill and dark text, so a
picture reads on white and on black pages; lines are a grey that shows on both.
"""

from __future__ import annotations

from dataclasses import dataclass

FONT = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
INK = "#1b1f24"
LINE = "#888"


@dataclass(frozen=True, slots=True)
class Look:
    """One status: its sign, fill, outline, outline's width (pixels) and dash pattern."""

    sign: str
    fill: str
    stroke: str
    width: float = 1.5
    dash: str = ""


LOOKS = {
    "waiting": Look("", "#e9ecef", "#868e96"),
    "queued": Look("…", "#e9ecef", "#0072b2"),
    "running": Look("►", "#bfe0f7", "#0072b2", 2.5),
    "completed": Look("✓", "#b9e6d8", "#009e73"),
    "failed": Look("✕", "#fbd2b8", "#d55e00", 2.5),
    "skipped": Look("»", "#f4f5f6", "#6c757d", 2, "6 4"),
    "cancelled": Look("■", "#dee2e6", "#343a40", 2.5, "2 3"),
    "reused": Look("↻", "#ffffff", "#009e73", 3),
}


def status_css(scope: str = "") -> str:
    """Return CSS that recolours a drawing when the class of a node or an edge changes.

    Parameters
    ----------
    scope : str
        A selector put before each rule, for example ``".linus-graph"``.

    Examples
    --------
    >>> print(status_css(".box").splitlines()[0][:44])
    .box .status-waiting > rect { fill: #e9ecef;
    """
    rules = [
        f"{scope} .status-{status} > rect {{ fill: {look.fill}; stroke: {look.stroke}; "
        f"stroke-width: {look.width:g}; stroke-dasharray: {look.dash or 'none'} }}".strip()
        for status, look in LOOKS.items()
    ]
    return "\n".join([*rules, f"{scope} .edge-dead > path {{ opacity: 0.5 }}".strip()])
