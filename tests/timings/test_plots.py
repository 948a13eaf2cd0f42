"""Plots: what is on them, from runs of every kind and from frames on disk."""

import subprocess
import sys
import time

import pandas as pd
import pytest
from matplotlib.figure import Figure
from timing_samples import DIAMOND, UNEVEN, UNEVEN_SECONDS, dag_of, run, virtual_run

from linus_nb.agent.metrics import AgentMetrics
from linus_nb.agent.response import AgentResponse
from linus_nb.errors import OptionError
from linus_nb.graph import AgentDAG
from linus_nb.timings import (
    compare,
    plot_gantt,
    plot_speedup,
    plot_tokens,
    plot_what_if,
    simulate,
)


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def row_names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def drawn(ax):
    """Draw the picture, which fails where a text or a size is impossible."""
    picture, size = ax._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert size["width"] == 900
    return ax


def test_a_gantt_marks_the_critical_path_and_the_waits():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS, schedule="levels")
    ax = drawn(plot_gantt(frame, dag))
    assert row_names(ax) == ["\u25c6 a", "\u25c6 b", "c", "d", "\u25c6 e"]
    assert legend_of(ax) == ["waits for its level", "completed", "critical path"]
    assert ax.get_title(loc="left") == "7 s, of them 5 s on the critical path"


def test_a_status_is_told_by_colour_and_hatch_and_word():
    def fails():
        raise ValueError("no")

    dag = dag_of(DIAMOND, make=lambda name: fails if name == "left" else int, on_error="continue")
    ax = drawn(plot_gantt(run(dag)))
    bars = [c for c in ax.collections if c.get_label() in ("completed", "failed")]
    looks = {c.get_label(): (c.get_facecolor().tolist()[0], c.get_hatch()) for c in bars}
    assert looks["failed"][0] != looks["completed"][0]
    assert looks["failed"][1] != looks["completed"][1]
    assert any("failed" in text.get_text() for text in ax.texts)


def test_a_gantt_is_drawn_of_a_frame_that_was_on_disk(tmp_path):
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS)
    frame.to_csv(tmp_path / "t.csv", index=False)
    read = pd.read_csv(tmp_path / "t.csv")
    assert row_names(plot_gantt(read)) == row_names(plot_gantt(frame))
    assert row_names(plot_gantt(read, dag)) == row_names(plot_gantt(frame, dag))


def test_names_are_written_as_they_are_even_with_dollar_signs():
    dag = AgentDAG("odd")
    dag.add_node("$\\frac{$", lambda: 1)
    dag.add_node("a\nb", lambda: 1)
    ax = drawn(plot_gantt(run(dag)))
    assert any("$\\frac{$" in name for name in row_names(ax))
    assert any("a\ufffdb" in name for name in row_names(ax))


def test_children_stand_below_their_parent():
    outer = AgentDAG("outer")
    outer.add_node("inner", dag_of([("x", "y")]))
    outer.add_node("last", lambda: 1)
    outer.add_edge("inner", "last")
    names = [name.removeprefix("\u25c6 ") for name in row_names(plot_gantt(run(outer)))]
    assert names == ["inner", "\u21b3 x", "\u21b3 y", "last"]


def no_run_at_all():
    return run(AgentDAG("empty"))


def only_failures():
    def fails():
        raise ValueError("no")

    return run(dag_of([("a", "b"), ("c", "b")], make=lambda _: fails))


def one_node():
    dag = AgentDAG("one")
    dag.add_node("n", lambda: 1)
    return run(dag)


@pytest.mark.parametrize("make", [no_run_at_all, only_failures, one_node])
def test_runs_of_every_kind_can_be_drawn(make):
    drawn(plot_gantt(make()))
    drawn(plot_tokens(make()))


def test_rows_too_low_to_read_name_only_the_critical_path():
    names = [f"n{number}" for number in range(500)]
    dag = dag_of([(names[k // 2], names[k]) for k in range(1, 500)])
    frame = simulate(run(dag), durations=dict.fromkeys(names, 1.0), max_concurrency=8)
    begun = time.perf_counter()
    ax = drawn(plot_gantt(frame, dag))
    assert time.perf_counter() - begun < 5  # 0.65 s on a quiet machine
    assert 0 < len(row_names(ax)) < 20
    assert all(name.startswith("\u25c6") for name in row_names(ax))


def test_speedup_has_a_bar_a_schedule_and_the_bound():
    dag = dag_of(UNEVEN)
    ax = drawn(plot_speedup(compare(dag, repeat=2)))
    assert [name.splitlines()[0] for name in row_names(ax)] == ["sequential", "levels", "dataflow"]
    assert set(legend_of(ax)) == {"bound", "median", "all runs"}


def test_what_if_has_a_curve_a_schedule_that_ends_where_slots_no_longer_help():
    dag, frame = virtual_run(UNEVEN, UNEVEN_SECONDS)
    ax = drawn(plot_what_if(frame, dag))
    curves = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    assert list(curves["dataflow"]) == [9.0, 5.0]
    assert list(curves["levels"]) == [9.0, 7.0]
    assert list(curves["bound"]) == [9.0, 5.0]


def test_tokens_that_nobody_told_are_not_nought():
    def agent(told):
        metrics = AgentMetrics(llm_calls=1, total_input_tokens=told, total_output_tokens=told)
        return lambda: AgentResponse("x", metrics)

    dag = AgentDAG("tokens")
    dag.add_node("told", agent(50))
    dag.add_node("silent", agent(None))
    ax = drawn(plot_tokens(run(dag)))
    assert ax.get_title(loc="left") == "100 tokens; 1 of 2 nodes told theirs"
    assert [text.get_text().strip() for text in ax.texts] == ["100", "not told"]


def test_somebodys_axes_are_drawn_on_and_keep_their_style():
    ax = Figure().add_subplot()
    before = ax.patch.get_facecolor()
    assert plot_gantt(one_node(), ax=ax) is ax
    assert ax.patch.get_facecolor() == before


def test_frames_that_lack_columns_are_refused_by_name():
    frame = one_node().timings
    with pytest.raises(OptionError, match="no column 'started'"):
        plot_gantt(frame.drop(columns="started"))
    with pytest.raises(OptionError, match="no column 'llm_calls'"):
        plot_tokens(frame.drop(columns="llm_calls"))
    with pytest.raises(OptionError, match="no column 'schedule'"):
        plot_speedup(frame)
    with pytest.raises(OptionError, match="does not hold the edges"):
        plot_what_if(frame)


def test_neither_the_package_nor_the_plots_load_pyplot():
    code = (
        "import sys, linus_nb.graph\n"
        "assert not {'pandas', 'matplotlib'} & set(sys.modules)\n"
        "import linus_nb.graph.notices\n"
        "assert not {'pandas', 'matplotlib'} & set(sys.modules)\n"
        "import linus_nb.timings\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
