"""A run as bars over time."""

from __future__ import annotations

from itertools import pairwise
from math import inf, isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.collections import PolyCollection

from linus_nb.graph.result import ExecutionResult
from linus_nb.timings.bounds import critical_path
from linus_nb.timings.look import (
    GRID,
    MARK,
    STATUS_LOOKS,
    TEXT,
    WAIT_LOOKS,
    as_written,
    axes_for,
    finish,
    nothing,
    seconds_text,
    short,
    text_colour,
)
from linus_nb.timings.reading import Timings, frame_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from linus_nb.graph.dag import AgentDAG

NEEDS = ("node", "attempt", "status", "queued", "started", "ended")

_ROW, _TALLEST, _READABLE = 0.27, 12.0, 0.15
"""Inches: a row, all rows, and the lowest row that a label fits in."""

_BAR, _WAIT, _OUTLINE = 0.72, 0.4, 0.86
"""Heights, as shares of a row."""

_LEAST_WAIT = 0.02
"""Shorter waits, as a share of the run, are not drawn."""


class _Piece(NamedTuple):
    """One row of the timings as it is drawn; NaN for what has not happened."""

    node: str
    status: str
    queued: float
    started: float
    ended: float
    wait_barrier: float
    wait_slot: float

    @property
    def ran(self) -> bool:
        return not isnan(self.started)

    @property
    def released(self) -> float:
        return self.queued + (0.0 if isnan(self.wait_barrier) else self.wait_barrier)


def plot_gantt(timings: Timings, dag: AgentDAG | None = None, ax: Axes | None = None) -> Axes:
    """Draw when each node waited and ran, with the critical path marked.

    Parameters
    ----------
    timings : ExecutionResult or DataFrame
        A run, or its ``timings`` (also read back from a file, or simulated).
    dag : AgentDAG, optional
        With a frame: the DAG, for its critical path. Without, the path is read from the times.
    ax : Axes, optional
        Where to draw. Default: a new figure, 9 inches wide.

    Returns
    -------
    Axes
        As the value of a cell it is shown as its picture.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("hello", lambda: "hello")
    >>> plot_gantt(DAGExecutor(dag).execute()).get_xlabel()
    "seconds from the run's start"
    """
    pieces = _pieces(frame_of(timings, NEEDS))
    nodes: dict[str, list[_Piece]] = {}
    for piece in pieces:
        nodes.setdefault(piece.node, []).append(piece)
    rows = _rows(nodes)
    inches = min(_ROW, _TALLEST / max(1, len(rows)))
    ax = axes_for(ax, inches * len(rows) + 1.3)
    if not rows:
        return nothing(ax, "the run has no nodes")
    path = critical_path(timings, dag)
    _draw_waits(ax, pieces, rows)
    _draw_attempts(ax, pieces, rows)
    _mark(ax, [_whole(nodes[name]) for name in path], rows)
    _label_rows(ax, rows, {*path, *(name.rpartition("/")[0] for name in path)}, inches)
    if inches >= _READABLE:
        _label_bars(ax, nodes, rows)
    _set_scales(ax, pieces, len(rows), room=0.14 if inches >= _READABLE else 0.02)
    return finish(ax, _title(timings, pieces, path))


def _pieces(frame: pd.DataFrame) -> list[_Piece]:
    """Read a frame; what still runs ends, for the drawing, at the latest time known."""
    rows = frame.reindex(columns=[*_Piece._fields])
    columns: list[list[Any]] = [rows[name].astype(str).tolist() for name in ("node", "status")]
    columns += [rows[name].astype("float64").tolist() for name in _Piece._fields[2:]]
    pieces = list(map(_Piece._make, zip(*columns, strict=True)))
    now = _latest(pieces)
    return [p._replace(ended=now) if p.ran and isnan(p.ended) else p for p in pieces]


def _latest(pieces: list[_Piece]) -> float:
    times = [t for p in pieces for t in (p.queued, p.started, p.ended) if not isnan(t)]
    return max(times, default=0.0)


def _rows(nodes: dict[str, list[_Piece]]) -> dict[str, int]:
    """Return each node's row from the top: by their begin, children below their parent."""
    queued = {name: mine[0].queued for name, mine in nodes.items()}
    begin = {name: inf if isnan(time) else time for name, time in queued.items()}

    def key(name: str) -> list[tuple[float, str]]:
        parts = name.split("/")
        above = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
        return [(begin[path], "" if path == name else path) for path in above if path in begin]

    return {name: row for row, name in enumerate(sorted(begin, key=key))}


def _whole(mine: list[_Piece]) -> _Piece:
    """Return a node's attempts as one piece, from the first one's start to the last one's end."""
    return mine[0]._replace(ended=max(mine[0].ended, mine[-1].ended))


def _draw_attempts(ax: Axes, pieces: list[_Piece], rows: dict[str, int]) -> None:
    parents = {name.rpartition("/")[0] for name in rows}
    frames = [piece for piece in pieces if piece.ran and piece.node in parents]
    around = [_corners(rows[p.node], p.started, p.ended, _BAR) for p in frames]
    _draw(ax, around, label="nested DAG", facecolor=GRID, edgecolor=TEXT, linewidth=1.0)
    for status, look in STATUS_LOOKS.items():
        mine = [p for p in pieces if p.ran and p.status == status and p.node not in parents]
        bars = [_corners(rows[p.node], p.started, p.ended, _BAR) for p in mine]
        edge = "white" if look.hatch else look.colour
        _draw(ax, bars, label=status, facecolor=look.colour, edgecolor=edge, hatch=look.hatch)


def _draw_waits(ax: Axes, pieces: list[_Piece], rows: dict[str, int]) -> None:
    ran = [piece for piece in pieces if piece.ran]
    waits = {
        "barrier": [(p, p.queued, p.released) for p in ran if p.wait_barrier > 0],
        "slot": [(p, p.released, p.started) for p in ran if p.wait_slot > 0],
    }
    least = _LEAST_WAIT * _latest(pieces)
    for cause, look in WAIT_LOOKS.items():
        long = [wait for wait in waits[cause] if wait[2] - wait[1] > least]
        bars = [_corners(rows[p.node], since, until, _WAIT) for p, since, until in long]
        shade = {"facecolor": look.colour + "30", "edgecolor": look.colour, "hatch": look.hatch}
        _draw(ax, bars, label=f"waits for {look.label}", **shade, linewidth=0.0, zorder=2)


def _corners(row: int, start: float, end: float, height: float) -> list[tuple[float, float]]:
    low, high = row - height / 2, row + height / 2
    return [(start, low), (start, high), (end, high), (end, low)]


def _draw(ax: Axes, bars: list[list[tuple[float, float]]], **style: Any) -> None:
    """Draw bars of one kind as one collection: 500 single patches would take seconds."""
    if bars:
        style = {"linewidth": 0.6, "zorder": 3, **style}
        ax.add_collection(PolyCollection(bars, **style), autolim=False)


def _mark(ax: Axes, path: list[_Piece], rows: dict[str, int]) -> None:
    """Outline the critical path and join its bars."""
    ran = [piece for piece in path if piece.ran]
    bars = [_corners(rows[p.node], p.started, p.ended, _OUTLINE) for p in ran]
    _draw(
        ax,
        bars,
        facecolor="none",
        edgecolor=MARK,
        linewidth=1.8 if len(rows) * _READABLE <= _TALLEST else 0.8,
        zorder=5,
        label="critical path",
    )
    for before, after in pairwise(ran):
        x, y = (before.ended, before.ended, after.started), (rows[before.node], rows[after.node])
        ax.plot(x, (y[0], y[1], y[1]), color=MARK, linewidth=1.2, zorder=4)


def _label_rows(ax: Axes, rows: dict[str, int], path: set[str], inches: float) -> None:
    """Name the rows; where they are too low for that, only some of the critical path."""
    shown: dict[str, int] = {}
    last = -inf
    for name, row in rows.items():
        if inches >= _READABLE or (name in path and (row - last) * inches >= _READABLE):
            shown[name] = row
            last = row
    labels = [_row_label(name, marked=name in path) for name in shown]
    ax.set_yticks(list(shown.values()), labels, fontsize=9 if inches >= _READABLE else 7)
    as_written(ax.get_yticklabels())
    for name, label in zip(shown, ax.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if name in path else "normal")
        label.set_color(text_colour(ax))


def _row_label(name: str, *, marked: bool) -> str:
    parent, _, child = name.rpartition("/")
    shown = f"\u21b3 {short(child)}" if parent and child else short(name)
    return f"\u25c6 {shown}" if marked else shown


def _label_bars(ax: Axes, nodes: dict[str, list[_Piece]], rows: dict[str, int]) -> None:
    """Write behind each row how long it ran, and how it ended if not well."""
    shift = 0.006 * max(map(_latest, nodes.values()))
    for name, row in rows.items():
        mine = nodes[name]
        ran = [piece for piece in mine if piece.ran]
        parts = [seconds_text(sum(p.ended - p.started for p in ran))] if ran else []
        parts += [f"{len(ran)} attempts"] if len(ran) > 1 else []
        parts += [mine[-1].status] if mine[-1].status != "completed" else []
        x = (ran[-1].ended if ran else 0.0) + shift
        ax.text(x, row, ", ".join(parts), va="center", fontsize=8, color=text_colour(ax))


def _set_scales(ax: Axes, pieces: list[_Piece], rows: int, *, room: float) -> None:
    latest = _latest(pieces)
    ax.set_xlim(0.0, (1 + room) * latest if latest > 0 else 1.0)
    ax.set_ylim(rows - 0.4, -0.6)
    ax.set_xlabel("seconds from the run's start")
    ax.grid(visible=True, axis="x", color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)


def _title(timings: Timings, pieces: list[_Piece], path: list[str]) -> str:
    ran = [piece for piece in pieces if piece.ran]
    needed = sum(piece.ended - piece.started for piece in ran if piece.node in path)
    told = (
        f"{seconds_text(_latest(ran))}, of them {seconds_text(needed)} on the critical path"
        if ran
        else "nothing ran"
    )
    if isinstance(timings, ExecutionResult):
        return f"{short(timings.dag_name)}: {timings.status}, {told}"
    return told
