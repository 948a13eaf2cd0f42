"""A GraphView shows pictures and tells gestures by the nodes' exact names."""

import pytest

from linus_nb.errors import UnknownNodeError
from linus_nb.graph import AgentDAG
from linus_nb.widgets import Gesture, GraphView

ODD = ("a::b", " ", "<script>", "half \ud800", "x" * 9_000)


def odd_dag():
    dag = AgentDAG("odd")
    for number, name in enumerate(ODD):
        dag.add_node(name, lambda: 1, output_key=f"k{number}")
    return dag


def wide_dag(count):
    dag = AgentDAG("wide")
    for number in range(count):
        dag.add_node(f"node {number}", lambda: 1, input_mapping={}, output_key=f"k{number}")
    return dag


def gestures_of(view):
    told = []
    view.listen(told.append)
    return told


def test_gestures_name_nodes_exactly_whatever_the_name():
    view = GraphView(odd_dag(), editable=True)
    told = gestures_of(view)
    for number in range(len(ODD)):
        view._receive(view, {"kind": "click", "node": f"n{number}"}, [])
    view._receive(view, {"kind": "connect", "source": "n0", "target": "n3"}, [])
    assert [gesture.node for gesture in told[:-1]] == list(ODD)
    assert told[-1] == Gesture("connect", source="a::b", target="half \ud800")


@pytest.mark.parametrize("key", ["n99", "n-1", "", "toString", None, {"a": 1}, "n1 n2"])
def test_ids_that_no_node_has_name_nothing(key):
    view = GraphView(odd_dag())
    told = gestures_of(view)
    view._receive(view, {"kind": "click", "node": key}, [])
    assert told == [Gesture("click")]


def test_messages_of_other_kinds_are_no_gestures():
    view = GraphView(odd_dag())
    told = gestures_of(view)
    view._receive(view, {"kind": "stop"}, [])
    view._receive(view, {}, [])
    assert told == []


def test_unknown_names_are_refused():
    view = GraphView(odd_dag())
    for act in (view.select, lambda name: view.recolour({name: "failed"})):
        with pytest.raises(UnknownNodeError, match="'nobody'"):
            act("nobody")


def test_recolouring_lays_nothing_out_again():
    view = GraphView(odd_dag())
    before = view.svg
    view.recolour({"a::b": "running"}, {" ": "1.0 s"})
    view.mark({"<script>": "problem"})
    assert view.svg == before
    assert (view.statuses["n0"], view.details["n1"]) == ("running", "1.0 s")
    assert view.marks == {"n2": "problem"}


def test_a_graph_too_big_to_draw_is_coloured_by_its_levels():
    view = GraphView(wide_dag(2_500))
    assert len(view.statuses) == 1
    view.recolour({"node 7": "failed"})
    assert view.statuses == {"n0": "failed"}
    assert len(view.svg) < 100_000


@pytest.mark.parametrize("count", [1, 300, 2_500])
def test_the_picture_that_stays_is_bounded(count):
    bundle, _ = GraphView(wide_dag(count))._repr_mimebundle_()
    assert len(bundle["text/html"]) < 100_000
