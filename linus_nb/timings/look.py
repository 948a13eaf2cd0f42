"""How plots look: colours, hatches, and axes that show themselves in a notebook.

Colours are Okabe and Ito's; each status has a hatch of its own too. Texts and lines are a
grey that reads on white and on black, and the figure has no background, so the same picture
serves both kinds of page. pyplot is not used: its global state mixes plots that are made
at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.text import Text
    from matplotlib.typing import ColorType

TEXT = "#808080"
GRID = "#80808040"
MARK = "#cc79a7"
TEAL, VERMILION, BLUE, ORANGE, SKY = "#009e73", "#d55e00", "#0072b2", "#e69f00", "#56b4e9"
WIDTH = 9.0
"""Inches; what fits the output of a notebook."""

_DPI = 100
_SHARPNESS = 2
_LONGEST = 34
_LEGEND_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Look:
    """Colour and hatch of a status or a wait, and what the legend calls it."""

    colour: str
    hatch: str = ""
    label: str = ""


STATUS_LOOKS = {
    "completed": Look(TEAL),
    "failed": Look(VERMILION, "xxx"),
    "running": Look(BLUE, "..."),
    "cancelled": Look("#6c757d", "\\\\\\"),
    "skipped": Look("#adb5bd", "///"),
}
WAIT_LOOKS = {"barrier": Look(ORANGE, "////", "its level"), "slot": Look(SKY, "....", "a slot")}


class ShownAxes(Axes):
    """Axes that a notebook shows as their picture when they are the value of a cell."""

    def __repr__(self) -> str:
        # Without the numbers of matplotlib's own: a notebook run twice says the same twice.
        return f"<plot: {self.get_xlabel()}>"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        picture = BytesIO()
        figure = cast("Figure", self.get_figure(root=True))
        figure.savefig(picture, format="png", dpi=_DPI * _SHARPNESS)
        width, height = (round(inches * _DPI) for inches in figure.get_size_inches())
        return picture.getvalue(), {"width": width, "height": height}


def axes_for(ax: Axes | None, height: float) -> Axes:
    """Return ``ax``, or axes of a new figure of the notebook's width.

    Parameters
    ----------
    ax : Axes, optional
        Somebody's axes; their style is left as it is.
    height : float
        Inches of the new figure.
    """
    if ax is not None:
        return ax
    figure = Figure(figsize=(WIDTH, height), dpi=_DPI, layout="constrained")
    figure.patch.set_alpha(0.0)
    axes = figure.add_subplot(axes_class=ShownAxes)
    axes.patch.set_alpha(0.0)
    axes.tick_params(colors=TEXT, labelcolor=TEXT)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(TEXT)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set_color(TEXT)
    return axes


def finish(ax: Axes, title: str) -> Axes:
    """Give the axes their title and, above them, a legend of what is labelled."""
    handles, labels = ax.get_legend_handles_labels()
    lines = -(-len(handles) // _LEGEND_COLUMNS)
    style: dict[str, Any] = {"fontsize": 11, "color": text_colour(ax), "parse_math": False}
    ax.set_title(title, loc="left", pad=8 + 18 * lines, **style)
    if handles:
        legend = ax.legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=_LEGEND_COLUMNS,
            frameon=False,
            fontsize=9,
            borderaxespad=0.2,
            columnspacing=1.4,
            handlelength=1.8,
        )
        for text in legend.get_texts():
            text.set_color(text_colour(ax))
    return ax


def text_colour(ax: Axes) -> ColorType:
    """Return the colour of the axes' texts: ours, or that of somebody's own style."""
    return TEXT if isinstance(ax, ShownAxes) else ax.xaxis.label.get_color()


def nothing(ax: Axes, text: str) -> Axes:
    """Say on empty axes why they are empty."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=text_colour(ax))
    return ax


def short(name: str) -> str:
    """Return a name that fits beside a plot: printable, the middle left out if it is long.

    Examples
    --------
    >>> short("summary of the first chapter of the book")
    'summary of the f… chapter of the book'
    """
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    if len(shown) <= _LONGEST:
        return shown
    half = _LONGEST // 2 - 1
    return f"{shown[:half]}…{shown[-half - 4 :]}"


def as_written(texts: Iterable[Text]) -> None:
    """Keep dollar signs in texts from being read as formulas."""
    for text in texts:
        text.set_parse_math(False)


def seconds_text(seconds: float) -> str:
    """Return seconds in the unit that reads best.

    Examples
    --------
    >>> seconds_text(0.0213), seconds_text(2.5), seconds_text(150)
    ('21.3 ms', '2.5 s', '150 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"  # noqa: PLR2004 - digits
