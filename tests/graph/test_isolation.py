"""What a node reads is its own; nobody sees another's mutation."""
# ruff: noqa: PLW0108 - that a function takes parameters of these names is what is tested

import copy
import json
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
import pydantic
import pytest
from graph_makers import dag_of

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor, SharedState
from linus_nb.graph.isolation import own


@dataclass
class Plain:
    items: list = field(default_factory=lambda: [1])


@dataclass(frozen=True, slots=True)
class Frozen:
    items: list = field(default_factory=lambda: [1])


class Model(pydantic.BaseModel):
    items: list = pydantic.Field(default_factory=lambda: [1])
    _private: list = pydantic.PrivateAttr(default_factory=lambda: [1])


class Pair(NamedTuple):
    a: list
    b: int


# Each is a pair: how to make a value, and how to change it.
MUTABLE = {
    "list": (lambda: [1], lambda v: v.append(2)),
    "dict": (lambda: {"k": 1}, lambda v: v.update(k=2)),
    "set": (lambda: {1}, lambda v: v.add(2)),
    "bytearray": (lambda: bytearray(b"a"), lambda v: v.extend(b"b")),
    "deque": (lambda: deque([[1]]), lambda v: v[0].append(2)),
    "ordered dict": (lambda: OrderedDict(k=[1]), lambda v: v["k"].append(2)),
    "default dict": (lambda: defaultdict(list, k=[1]), lambda v: v["k"].append(2)),
    "counter": (lambda: Counter("a"), lambda v: v.update("a")),
    "nested": (lambda: {"k": [{"l": (1, [2])}]}, lambda v: v["k"][0]["l"][1].append(3)),
    "tuple of list": (lambda: ([1],), lambda v: v[0].append(2)),
    "named tuple": (lambda: Pair([1], 2), lambda v: v.a.append(2)),
    "dataclass": (Plain, lambda v: v.items.append(2)),
    "dataclass attribute": (Plain, lambda v: setattr(v, "items", 0)),
    "frozen dataclass": (Frozen, lambda v: v.items.append(2)),
    "pydantic": (Model, lambda v: v.items.append(2)),
    "pydantic private": (Model, lambda v: v._private.append(2)),
    "list of dataclass": (lambda: [Plain()], lambda v: v[0].items.append(2)),
    "frame": (lambda: pd.DataFrame({"a": [1]}), lambda v: v.insert(0, "b", 2)),
    "frame cell": (lambda: pd.DataFrame({"a": [1]}), lambda v: v.__setitem__("a", [9])),
    "frame loc": (lambda: pd.DataFrame({"a": [1]}), lambda v: v.loc.__setitem__((0, "a"), 9)),
    "frame object": (lambda: pd.DataFrame({"a": [[1]]}), lambda v: v["a"][0].append(2)),
    "frame attrs": (
        lambda: pd.DataFrame({"a": [1]}),
        lambda v: v.attrs.__setitem__("unit", "m"),
    ),
    "series": (lambda: pd.Series([1], name="s"), lambda v: v.loc.__setitem__(0, 9)),
    "series object": (lambda: pd.Series([[1]]), lambda v: v[0].append(2)),
    "list of frame": (
        lambda: [pd.DataFrame({"a": [1]})],
        lambda v: v[0].__setitem__("b", 1),
    ),
    "object array": (lambda: np.array([[1], None], dtype=object), lambda v: v[0].append(2)),
}


def shown(value):
    if isinstance(value, pd.DataFrame | pd.Series):
        return (repr(value.to_dict()), dict(value.attrs))
    return repr(value) + repr(getattr(value, "__pydantic_private__", ""))


CASES = pytest.mark.parametrize(("make", "change"), MUTABLE.values(), ids=MUTABLE.keys())


@CASES
def test_a_node_sees_no_siblings_nor_successors_mutation(make, change):
    dag = AgentDAG("d")
    dag.add_node(AgentNode("source", make))
    dag.add_node(AgentNode("changer", change, input_mapping={"v": "source"}))
    dag.add_node(AgentNode("reader", lambda source: shown(source)))
    dag.add_node(AgentNode("by_state", lambda state: shown(state["source"])))
    for name in ("changer", "reader", "by_state"):
        dag.add_edge("source", name)
    dag.add_edge("changer", "reader")
    dag.add_edge("changer", "by_state")
    result = DAGExecutor(dag).execute().raise_for_status()
    assert result["reader"] == result["by_state"] == shown(make())


@CASES
def test_the_callers_own_state_is_never_changed(make, change):
    initial = {"v": make()}
    dag = AgentDAG("d")
    dag.add_node(AgentNode("by_name", change, input_mapping={"v": "v"}))
    dag.add_node(AgentNode("by_state", lambda state: change(state["v"])))
    DAGExecutor(dag).execute(initial).raise_for_status()
    assert shown(initial["v"]) == shown(make())


@CASES
def test_a_writer_that_keeps_its_output_cannot_change_it_later(make, change):
    kept = []

    def writer():
        kept.append(make())
        return kept[0]

    def late(writer):
        change(kept[0])
        return shown(writer)

    dag = dag_of({"writer": writer, "late": late, "later": lambda writer: shown(writer)})
    for edge in (("writer", "late"), ("late", "later"), ("writer", "later")):
        dag.add_edge(*edge)
    assert DAGExecutor(dag).execute().raise_for_status()["later"] == shown(make())


@CASES
def test_a_retry_gets_the_original_input(make, change):
    seen = []

    def flaky(v):
        seen.append(shown(v))
        change(v)
        if len(seen) < 3:
            raise ValueError

    dag = AgentDAG("d")
    dag.add_node(AgentNode("n", flaky, input_mapping={"v": "v"}, retry_count=2, retry_backoff=0))
    DAGExecutor(dag).execute({"v": make()}).raise_for_status()
    assert seen == [shown(make())] * 3


def test_a_number_array_is_read_only_and_still_the_writers_own():
    array = np.array([1, 2])

    def change(source):
        source[0] = 9

    dag = dag_of({"source": lambda: array, "change": change}, ["source change"])
    result = DAGExecutor(dag).execute()
    assert "read-only" in result.errors["change"]
    array[0] = 7
    assert result["source"].tolist() == [1, 2]


def test_a_frame_keeps_the_types_of_its_columns():
    frame = pd.DataFrame({
        "text": ["a", None],
        "category": pd.Categorical(["x", "y"]),
        "period": pd.period_range("2020", periods=2),
        "interval": pd.interval_range(0, 2),
        "zoned": pd.date_range("2020", periods=2, tz="UTC"),
        "whole": pd.array([1, None], dtype="Int64"),
        "object": [[1], {}],
    })  # fmt: skip
    dag = dag_of({"a": lambda: frame, "b": lambda a: a}, ["a b"])
    result = DAGExecutor(dag).execute({"frame": frame})
    pd.testing.assert_frame_equal(result["b"], frame)
    assert own(frame["category"]).dtype == frame["category"].dtype


def test_a_siblings_append_is_never_seen_in_two_hundred_runs():
    together = threading.Barrier(2)

    def append(s):
        together.wait(5)
        s.append(1)

    def count(s):
        together.wait(5)
        return len(s)

    dag = AgentDAG("d")
    dag.add_node(AgentNode("append", append, input_mapping={"s": "items"}))
    dag.add_node(AgentNode("count", count, input_mapping={"s": "items"}))
    initial, executor = {"items": []}, DAGExecutor(dag)
    assert [executor.execute(initial, parallel=True)["count"] for _ in range(200)] == [0] * 200
    assert initial == {"items": []}


def test_other_objects_are_passed_as_they_are():
    lock = threading.Lock()
    dag = dag_of({"a": lambda: [lock], "b": lambda a: a[0] is lock}, ["a b"])
    assert DAGExecutor(dag).execute()["b"] is True


def test_circles_are_copied_as_circles():
    circle = [1]
    circle.append({"me": circle})
    copied = own(circle)
    assert copied is not circle
    assert copied[1]["me"] is copied


def test_what_is_shared_within_a_value_stays_shared():
    item = [1]
    first, second = own([item, item])
    assert first is second
    assert first is not item


def test_a_node_that_returns_its_state_gives_a_copy_of_it():
    for extra in (0, 100):
        initial = {f"k{i}": i for i in range(extra)} | {"items": [1]}

        def change(a):
            a["items"].append(2)

        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", lambda state: state))
        dag.add_node(AgentNode("change", change, input_mapping={"a": "a"}))
        dag.add_node(AgentNode("read", lambda a: a["items"]))
        dag.add_edge("a", "change")
        dag.add_edge("change", "read")
        result = DAGExecutor(dag).execute(initial).raise_for_status()
        assert result["read"] == [1]
        assert type(result["a"]) is dict
        assert result["a"] == initial


def test_a_shared_state_cannot_reach_into_a_run():
    state = SharedState()

    def meddle(a):
        state["a"].append("meddled")

    dag = dag_of({"a": lambda: [1], "meddle": meddle, "b": lambda a: a})
    for edge in ("a meddle", "meddle b"):
        dag.add_edge(*edge.split())
    assert DAGExecutor(dag, state).execute()["b"] == [1]


class TestTheStateDict:
    """Large states are copied lazily; a node must not be able to tell."""

    def in_a_node(self, function, state=None):
        dag = dag_of({"n": AgentNode("n", lambda state: function(state))})
        big = {f"k{i}": i for i in range(100)} | {"items": list(range(1000))}
        return DAGExecutor(dag).execute(state or big).raise_for_status()["n"], state or big

    @pytest.mark.parametrize(
        "function",
        [
            dict,
            lambda s: {**s},
            lambda s: list(s),
            lambda s: list(s.items()),
            lambda s: len(s),
            lambda s: bool(s),
            lambda s: sorted(s),
            lambda s: list(reversed(s)),
            lambda s: json.dumps(s),
            lambda s: copy.copy(s),
            lambda s: copy.deepcopy(s),
            lambda s: s | {"x": 1},
            lambda s: {"x": 1} | s,
            lambda s: s == dict(s),
            lambda s: repr(s),
            lambda s: str(s),
            lambda s: f"{s}",
            lambda s: "items" in s,
            lambda s: "nope" in s,
            lambda s: s.get("nope", 5),
            lambda s: s.get("k1"),
            lambda s: s["k1"],
            lambda s: s.copy(),
            lambda s: s.pop("k1"),
            lambda s: s.pop("nope", 3),
            lambda s: s.setdefault("k1", "other"),
            lambda s: s.setdefault("new", "other"),
            lambda s: isinstance(s, dict),
            lambda s: (s.update(k1="new"), s["k1"], len(s))[1:],
            lambda s: (s.__setitem__("k1", "new"), dict(s)["k1"])[1],
            lambda s: (s.__setitem__("new", 1), len(s))[1],
            lambda s: (s.__delitem__("k1"), "k1" in s, len(s))[1:],
            lambda s: (s.clear(), len(s))[1],
            lambda s: [*map(str, s.values())],
            lambda s: sorted(dict(**s)),
            lambda s: 5 if 3 in s else 6,
        ],
    )
    def test_it_behaves_like_a_dict(self, function):
        got, plain = self.in_a_node(function)
        assert got == function(dict(plain))

    def test_a_missing_key_is_a_key_error(self):
        with pytest.raises(RuntimeError, match="KeyError: 'nope'"):
            self.in_a_node(lambda s: s["nope"])
