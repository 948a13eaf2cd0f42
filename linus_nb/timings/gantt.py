"""A run as bars over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.collections import PolyCollection

from linus_nb.graph.result import ExecutionResult
from linus_nb.timings.bounds import critical_path
from linus_nb.timings.look import (
    GRID,
    MARK,
    STATUS_LOOKS,
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
    from matplotlib.axes import Axes

    from linus_nb.graph.dag import AgentDAG

NEEDS = ("node", "attempt", "status", "queued", "started", "ended")

_ROW, _TALLEST, _READABLE = 0.27, 12.0, 0.15
"""Inches: a row, all rows, and the lowest row that a label fits in."""


@dataclass(frozen=True, slots=True)
class _Bar:
    """A rectangle: its row, from and to (seconds), and its height (share of a row)."""

    row: int
    start: float
    end: float
    height: float

    def corners(self) -> list[tuple[float, float]]:
        low, high = self.row - self.height / 2, self.row + self.height / 2
        return [(self.start, low), (self.start, high), (self.end, high), (self.end, low)]


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
    frame = _ready(frame_of(timings, NEEDS))
    names = _rows(frame)
    height = min(_ROW * len(names), _TALLEST)
    ax = axes_for(ax, height + 1.3)
    if not names:
        return nothing(ax, "the run has no nodes")
    path = critical_path(timings, dag)
    rows = {name: row for row, name in enumerate(names)}
    frame = frame.assign(row=frame["node"].map(rows))
    _draw_waits(ax, frame)
    _draw_attempts(ax, frame)
    _mark(ax, frame, path)
    _label_rows(ax, names, set(path), height / len(names))
    if height / len(names) >= _READABLE:
        _label_bars(ax, frame)
    _set_scales(ax, frame, len(names))
    return finish(ax, _title(timings, frame, path))


def _ready(frame: pd.DataFrame) -> pd.DataFrame:
    """Give names as text, plain floats, and what still runs an end to draw."""
    frame = frame.assign(node=frame["node"].astype(str), status=frame["status"].astype(str))
    for name in ("queued", "started", "ended", "wait_barrier", "wait_slot"):
        there = frame[name] if name in frame.columns else pd.Series(0.0, index=frame.index)
        frame[name] = there.astype("float64")
    latest = frame[["queued", "started", "ended"]].max(axis=None)
    running = frame["started"].notna() & frame["ended"].isna()
    frame.loc[running, "ended"] = latest
    return frame


def _rows(frame: pd.DataFrame) -> list[str]:
    """Return the nodes from top to bottom: by their begin, children below their parent."""
    begin = frame.groupby("node", sort=False)["queued"].min().fillna(float("inf")).to_dict()

    def key(name: str) -> list[tuple[float, str]]:
        parts = name.split("/")
        above = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
        return [(begin[path], path) for path in above if path in begin]

    return sorted(begin, key=key)


def _draw_attempts(ax: Axes, frame: pd.DataFrame) -> None:
    ran = frame[frame["started"].notna()]
    for status, look in STATUS_LOOKS.items():
        mine = ran[ran["status"] == status]
        _draw(ax, _bars(mine, "started", "ended", 0.72), look.colour, look.hatch, status)


def _draw_waits(ax: Axes, frame: pd.DataFrame) -> None:
    waits = frame.dropna(subset=["queued", "started"])
    waits = waits.assign(released=waits["queued"] + waits["wait_barrier"].fillna(0.0))
    least = 0.002 * frame["ended"].max()
    for cause, start, end in (("barrier", "queued", "released"), ("slot", "released", "started")):
        long_enough = waits[(waits[end] - waits[start] > least) & (waits[f"wait_{cause}"] > 0)]
        look = WAIT_LOOKS[cause]
        bars = _bars(long_enough, start, end, 0.4)
        _draw(ax, bars, look.colour, look.hatch, f"waits for {look.label}", faint=True)


def _bars(frame: pd.DataFrame, start: str, end: str, height: float) -> list[_Bar]:
    columns = (frame["row"].tolist(), frame[start].tolist(), frame[end].tolist())
    return [_Bar(row, since, until, height) for row, since, until in zip(*columns, strict=True)]


def _draw(
    ax: Axes, bars: list[_Bar], colour: str, hatch: str, label: str, *, faint: bool = False
) -> None:
    """Draw bars of one kind as one collection: 500 single patches would take seconds."""
    if not bars:
        return
    drawn = PolyCollection(
        [bar.corners() for bar in bars],
        facecolor=colour + ("30" if faint else "ff"),
        edgecolor=colour if faint or not hatch else "white",
        linewidth=0.0 if faint or hatch else 0.6,
        hatch=hatch or None,
        label=label,
        zorder=2 if faint else 3,
    )
    ax.add_collection(drawn, autolim=False)


def _mark(ax: Axes, frame: pd.DataFrame, path: list[str]) -> None:
    """Outline the critical path and join its bars."""
    on_path = frame[frame["node"].isin(path) & frame["started"].notna()]
    if on_path.empty:
        return
    outlines = PolyCollection(
        [bar.corners() for bar in _bars(on_path, "started", "ended", 0.86)],
        facecolor="none",
        edgecolor=MARK,
        linewidth=1.8,
        zorder=5,
        label="critical path",
    )
    ax.add_collection(outlines, autolim=False)
    ends = on_path.groupby("node").agg(row=("row", "first"), ended=("ended", "max"))
    begins = on_path.groupby("node").agg(row=("row", "first"), started=("started", "min"))
    there = [name for name in path if name in ends.index]
    for before, after in zip(there, there[1:], strict=False):
        x0, y0 = ends.loc[before, ["ended", "row"]]
        x1, y1 = begins.loc[after, ["started", "row"]]
        ax.plot([x0, x0, x1], [y0, y1, y1], color=MARK, linewidth=1.2, zorder=4)


def _label_rows(ax: Axes, names: list[str], path: set[str], inches: float) -> None:
    """Name the rows; where they are too low for that, only some of the critical path."""
    shown, last = [], float("-inf")
    for row, name in enumerate(names):
        if inches >= _READABLE or (name in path and (row - last) * inches >= _READABLE):
            shown.append(row)
            last = row
    labels = [_row_label(names[row], marked=names[row] in path) for row in shown]
    ax.set_yticks(shown, labels, fontsize=9 if inches >= _READABLE else 7)
    as_written(ax.get_yticklabels())
    for row, label in zip(shown, ax.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if names[row] in path else "normal")
        label.set_color(text_colour(ax))


def _row_label(name: str, *, marked: bool) -> str:
    parent, _, child = name.rpartition("/")
    shown = f"\u21b3 {short(child)}" if parent and child else short(name)
    return f"\u25c6 {shown}" if marked else shown


def _label_bars(ax: Axes, frame: pd.DataFrame) -> None:
    """Write behind each row how long it ran, and how it ended if not well."""
    shift = 0.006 * (frame["ended"].max() or 1.0)
    for row, mine in frame.groupby("row"):
        last = mine.iloc[-1]
        ran = mine[mine["started"].notna()]
        parts = [seconds_text((ran["ended"] - ran["started"]).sum())] if len(ran) else []
        parts += [f"{len(ran)} attempts"] if len(ran) > 1 else []
        parts += [last["status"]] if last["status"] != "completed" else []
        x = ran["ended"].max() + shift if len(ran) else shift
        ax.text(
            x,
            row,
            ", ".join(parts),
            va="center",
            fontsize=8,
            color=text_colour(ax),
            zorder=6,
            clip_on=True,
        )


def _set_scales(ax: Axes, frame: pd.DataFrame, rows: int) -> None:
    latest = frame["ended"].max()
    ax.set_xlim(0.0, 1.14 * latest if latest > 0 else 1.0)
    ax.set_ylim(rows - 0.4, -0.6)
    ax.set_xlabel("seconds from the run's start")
    ax.grid(visible=True, axis="x", color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)


def _title(timings: Timings, frame: pd.DataFrame, path: list[str]) -> str:
    ran = frame[frame["started"].notna()]
    took = seconds_text(ran["ended"].max()) if len(ran) else "nothing ran"
    on_path = ran[ran["node"].isin(path)]
    needed = seconds_text((on_path["ended"] - on_path["started"]).sum())
    told = f"{took}, of them {needed} on the critical path" if len(ran) else took
    if isinstance(timings, ExecutionResult):
        return f"{short(timings.dag_name)}: {timings.status}, {told}"
    return told
