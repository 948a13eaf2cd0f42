"""Speedup, what-if and tokens as plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from linus_nb.errors import OptionError
from linus_nb.graph.notices import most_at_once
from linus_nb.timings.bounds import replay, total_work
from linus_nb.timings.look import (
    BLUE,
    GRID,
    MARK,
    ORANGE,
    SKY,
    TEAL,
    as_written,
    axes_for,
    finish,
    nothing,
    seconds_text,
    short,
    text_colour,
)
from linus_nb.timings.reading import Timings, frame_of, leaves, structure_for
from linus_nb.timings.what_if import planned_work, simulate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from linus_nb.graph.dag import AgentDAG

_MOST_POINTS, _MOST_ROWS = 24, 40


def plot_speedup(comparison: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how much faster each schedule is, and how fast any could be.

    Parameters
    ----------
    comparison : DataFrame
        What ``acompare`` or ``compare`` returned.
    ax : Axes, optional
        Where to draw. Default: a new figure, 9 inches wide.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> from linus_nb.timings import compare
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("hello", lambda: "hello")
    >>> plot_speedup(compare(dag, repeat=1)).get_xlabel()
    'times as fast as sequential'
    """
    frame = _comparison(comparison)
    ax = axes_for(ax, 0.45 * len(frame) + 1.5)
    if frame.empty:
        return nothing(ax, "nothing was compared")
    base = frame["median"].iloc[0]
    speedup = (base / frame["median"]).tolist()
    rows = list(range(len(frame)))
    ax.barh(rows, speedup, height=0.62, color=TEAL, label="median", zorder=2)
    spread = [(base / frame["median"] - base / frame["max"]).tolist()]
    spread += [(base / frame["min"] - base / frame["median"]).tolist()]
    ax.errorbar(
        speedup, rows, xerr=spread, fmt="none", ecolor=ORANGE, capsize=4, label="all runs", zorder=3
    )
    best = base / frame["bound"].min()
    ax.axvline(best, color=MARK, linewidth=1.8, linestyle="--", label="bound", zorder=4)
    labels = [
        f"{schedule}\n{times:.2f}\u00d7, {seconds_text(seconds)}"
        for schedule, times, seconds in zip(
            frame["schedule"], speedup, frame["median"], strict=True
        )
    ]
    ax.set_yticks(rows, labels, color=text_colour(ax))
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.08 * max(best, *(base / frame["min"])))
    ax.set_xlabel(f"times as fast as {frame['schedule'].iloc[0]}")
    ax.grid(visible=True, axis="x", color=GRID, linewidth=0.6)
    runs = int(frame["runs"].sum())
    return finish(ax, f"speedup over {runs} runs; at best {best:.2f}\u00d7")


def plot_what_if(
    timings: Timings,
    dag: AgentDAG | None = None,
    ax: Axes | None = None,
    *,
    slots: Sequence[int] | None = None,
    durations: Mapping[str, float] | None = None,
) -> Axes:
    """Draw how long the run would have taken with 1, 2, 3 ... slots.

    Parameters
    ----------
    timings : ExecutionResult or DataFrame
        A run that went to its end, or its ``timings``.
    dag : AgentDAG, optional
        The DAG; needed with a frame.
    ax : Axes, optional
        Where to draw. Default: a new figure, 9 inches wide.
    slots : sequence of int, optional
        Values of ``max_concurrency``. Default: from 1 until more would not help.
    durations : mapping of str to float, optional
        As of :func:`simulate`.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("two")
    >>> for name in "ab":
    ...     _ = dag.add_node(name, lambda: name)
    >>> plot_what_if(DAGExecutor(dag).execute()).get_xlabel()
    'slots (max_concurrency)'
    """
    structure = structure_for(timings, dag)
    work = planned_work(timings, structure, durations or {})
    ax = axes_for(ax, 3.6)
    if not structure.names:
        return nothing(ax, "the run has no nodes")
    points = list(slots or _useful_slots(simulate(timings, dag, durations=durations)))
    for policy, colour, marker in (("levels", BLUE, "s"), ("dataflow", TEAL, "o")):
        curve = [replay(structure, work, policy, k) for k in points]
        ax.plot(points, curve, color=colour, marker=marker, markersize=5, label=policy)
    span, busy = replay(structure, work), total_work(structure, work)
    bound = [max(span, busy / k) for k in points]
    ax.plot(points, bound, color=MARK, linestyle="--", linewidth=1.8, label="bound", zorder=1)
    ax.set_ylim(0.0, 1.08 * busy or 1.0)
    ax.set_xlim(min(points) - 0.3, max(points) + 0.3)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("slots (max_concurrency)")
    ax.set_ylabel("seconds")
    ax.grid(visible=True, color=GRID, linewidth=0.6)
    return finish(ax, f"what if: {seconds_text(busy)} of work, never under {seconds_text(span)}")


def plot_tokens(timings: Timings, ax: Axes | None = None) -> Axes:
    """Draw the tokens that each node read and wrote, as far as the servers told.

    Parameters
    ----------
    timings : ExecutionResult or DataFrame
        A run, or its ``timings``.
    ax : Axes, optional
        Where to draw. Default: a new figure, 9 inches wide.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("hello", lambda: "hello")
    >>> plot_tokens(DAGExecutor(dag).execute()).texts[0].get_text()
    'no node asked a model'
    """
    frame = leaves(frame_of(timings, ("node", "llm_calls", "input_tokens", "output_tokens")))
    asked = frame[frame["llm_calls"].astype("float64") > 0]
    tokens = asked[["input_tokens", "output_tokens"]].astype("float64")
    sums = tokens.groupby(asked["node"].astype(str), sort=False).sum(skipna=False)
    shown = sums.assign(total=sums.sum(axis=1)).nlargest(_MOST_ROWS, "total", keep="first")
    ax = axes_for(ax, 0.3 * len(shown) + 1.5)
    if shown.empty:
        return nothing(ax, "no node asked a model")
    _draw_tokens(ax, shown)
    told = int(sums.notna().all(axis=1).sum())
    every = sums.fillna(0.0).to_numpy().sum()
    left = f", the {len(shown)} largest shown" if len(sums) > len(shown) else ""
    return finish(ax, f"{every:,.0f} tokens; {told} of {len(sums)} nodes told theirs{left}")


def _draw_tokens(ax: Axes, shown: pd.DataFrame) -> None:
    rows = list(range(len(shown)))
    read, written = shown["input_tokens"].fillna(0.0), shown["output_tokens"].fillna(0.0)
    ax.barh(rows, read, height=0.7, color=SKY, hatch="////", edgecolor="white", label="read")
    ax.barh(rows, written, left=read, height=0.7, color=TEAL, label="written")
    whole = shown[["input_tokens", "output_tokens"]].notna().all(axis=1)
    for row, (total, known) in enumerate(zip(read + written, whole, strict=True)):
        text = f" {total:,.0f}" if known else f" {total:,.0f} or more" if total else " not told"
        ax.text(total, row, text, va="center", fontsize=8, color=text_colour(ax))
    ax.set_yticks(rows, [short(str(name)) for name in shown.index], fontsize=9)
    for label in ax.get_yticklabels():
        label.set_color(text_colour(ax))
    as_written(ax.get_yticklabels())
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.15 * max((read + written).max(), 1.0))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("tokens")
    ax.grid(visible=True, axis="x", color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)


def _comparison(frame: pd.DataFrame) -> pd.DataFrame:
    needed = ("schedule", "runs", "median", "min", "max", "bound")
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise OptionError(
            f"the comparison has no column {', '.join(map(repr, missing))}",
            hint="plot_speedup(await acompare(dag, state))",
        )
    return frame


def _useful_slots(frame: pd.DataFrame) -> list[int]:
    """Return 1, 2, 3 ... up to what runs at once without a limit, thinned out if many."""
    ran = leaves(frame).dropna(subset=["ended"])
    most = most_at_once(list(zip(ran["started"], ran["ended"], strict=True)))
    step = max(1, -(-most // _MOST_POINTS))
    return sorted({1, *range(step, most + 1, step), most})
