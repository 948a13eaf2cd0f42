"""Values go into the journal and come back as they were; what cannot says where it is."""

import datetime as dt
import json
import math
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, Flag
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from pydantic import BaseModel, ConfigDict

from linus_nb.agent.metrics import AgentMetrics
from linus_nb.agent.response import AgentResponse, StepRecord
from linus_nb.errors import UnreadableError, UnstorableError
from linus_nb.graph.durable.encoding import digest, dumps, loads


class Colour(Enum):
    RED = "r"
    BLUE = "b"


class Rights(Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: object = None


@dataclass
class Plain:
    a: int
    b: list = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slotted:
    a: object

    def __post_init__(self):
        assert not isinstance(self.a, str), "reading must not run this"


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str
    inner: list[Plain] = []


def round_trip(value):
    return loads(dumps(value))


ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.dates()
    | st.times(timezones=st.none())
    | st.timedeltas()
    | st.datetimes(timezones=st.none() | st.timezones() | st.just(dt.UTC))
    | st.sampled_from([*Colour, ..., range(3), Rights.READ | Rights.WRITE])
)
KEYS = st.text() | st.integers() | st.tuples(st.integers(), st.text()) | st.just("$")
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.sets(st.integers() | st.text())
        | st.frozensets(st.binary())
        | st.builds(Plain, st.integers(), st.lists(inner))
        | st.builds(Point, st.integers(), inner)
        | st.lists(inner).map(lambda items: deque(items, maxlen=50))
    ),
    max_leaves=20,
)


def typed(value):
    """Return the value with all types in it, so that 1, True and 1.0 differ."""
    if isinstance(value, dict):
        return type(value), [(typed(k), typed(v)) for k, v in value.items()]
    if isinstance(value, list | tuple | deque):
        return type(value), [typed(item) for item in value]
    if isinstance(value, set | frozenset):
        return type(value), sorted(repr(typed(item)) for item in value)
    if isinstance(value, Plain):
        return Plain, typed(vars(value))
    return type(value), repr(value)


@given(VALUES)
def test_any_data_comes_back_as_it_was(value):
    assert typed(round_trip(value)) == typed(value)


@given(VALUES)
def test_what_came_back_has_the_same_digest(value):
    assert digest(round_trip(value)) == digest(value)


@pytest.mark.parametrize(
    "value",
    [
        math.inf,
        -math.inf,
        -0.0,
        -(2**64),
        bytearray(b"x"),
        "\ud800 alone",
        OrderedDict([("b", 1), ("a", 2)]),
        Counter("aab"),
        defaultdict(list, {"a": [1]}),
        Fraction(1, 3),
        Decimal("1.10"),
        UUID(int=1),
        Path("a/b"),
        dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2), "two")),
        Slotted((1, Slotted(None))),
        {"$": "tuple", "v": [1]},
        {2: "a", "2": "b", None: "c", (1, 2): "d", True: "e"},
        np.float32(1.5),
        np.datetime64("2026-01-01"),
        pd.Timestamp("2026-03-29 01:00", tz="Europe/Berlin"),
        pd.Timedelta("1 day"),
        pd.Period("2026-01", "M"),
        pd.Interval(0, 1.5, closed="both"),
    ],
    ids=repr,
)
def test_odd_values_come_back_as_they_were(value):
    back = round_trip([value])[0]
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_an_int_too_long_for_decimal_text_comes_back():
    assert round_trip(10**6000) == 10**6000


def test_missing_values_come_back_as_they_were():
    back = round_trip([math.nan, pd.NA, pd.NaT])
    assert math.isnan(back[0])
    assert back[1] is pd.NA
    assert back[2] is pd.NaT


class TestObjects:
    def test_a_pydantic_model_keeps_which_fields_were_set_and_its_extras(self):
        model = Model(name="m", colour="red")
        back = round_trip(model)
        assert back == model
        assert (back.model_fields_set, back.colour) == ({"name", "colour"}, "red")

    def test_messages_come_back_with_their_metadata(self):
        call = {"name": "t", "args": {"a": 1}, "id": "1", "type": "tool_call"}
        usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
        messages = [
            HumanMessage("hi"),
            AIMessage("", tool_calls=[call], usage_metadata=usage),
            ToolMessage("2", tool_call_id="1", artifact={"rows": (1, 2)}),
        ]
        assert round_trip(messages) == messages

    def test_an_agents_response_comes_back_with_its_metrics_and_steps(self):
        step = StepRecord(1, "execute", "tool", "sum", tool="calculator", arguments={"a": 1})
        response = AgentResponse("2", AgentMetrics(total_tokens=None, model="m"), [step])
        assert round_trip(response) == response

    def test_reading_runs_no_code_of_the_class(self):
        text = dumps(Slotted(1)).replace('"a":1', '"a":"text"')
        assert loads(text).a == "text"

    def test_a_class_that_is_not_loaded_is_not_imported(self, tmp_path, monkeypatch):
        (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
        monkeypatch.syspath_prepend(tmp_path)
        text = dumps(Plain(1)).replace(f"{Plain.__module__}:Plain", "trap:Plain")
        with pytest.raises(UnreadableError, match=r"is a trap\.Plain") as caught:
            loads(text)
        assert "import trap" in str(caught.value)

    @pytest.mark.parametrize("name", ["os:system", "threading:Thread", "builtins:object"])
    def test_only_classes_of_the_right_sort_are_made(self, name):
        for value in (Plain(1), Model(name="m"), Point(1), Colour.RED):
            own = f"{type(value).__module__}:{type(value).__qualname__}"
            with pytest.raises(UnreadableError):
                loads(dumps(value).replace(own, name))

    def test_a_class_that_has_got_another_field_is_told(self):
        text = dumps(Plain(1)).replace('"b":[]', '"c":[]')
        with pytest.raises(UnreadableError, match="lacks fields"):
            loads(text)

    def test_a_local_class_cannot_be_stored(self):
        @dataclass
        class Local:
            a: int

        with pytest.raises(UnstorableError, match=r"^\$\[0\] cannot") as caught:
            dumps([Local(1)])
        assert caught.value.path == "$[0]"
        assert "top level" in str(caught.value)


def circular():
    value = {"a": []}
    value["a"].append(value)
    return value


def deep():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, Plain(1, [threading.Lock()])]}, "$.a[1].b[0]"),
        ({"a": [1, Slotted(threading.Lock())]}, "$.a[1].a"),
        ({"a b": (i for i in ())}, "$['a b']"),
        ([Model(name="m", df=print)], "$[0].df"),
        (circular(), "$.a[0]"),
        (deep(), "$"),
        (pd.DataFrame({"c": [1, object()]}), "$['c'][1]"),
        (np.array([None, print], dtype=object), "$[1]"),
        (np.zeros(2, dtype=[("a", "i4")]), "$"),
        (np.ma.masked_array([1]), "$"),
        (defaultdict(lambda: 1), "$"),
        (type("Text", (str,), {})("x"), "$"),
        (lambda: 1, "$"),
        (Plain, "$"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_be_stored_is_told_with_its_path(value, path):
    with pytest.raises(UnstorableError, match="cannot be stored") as caught:
        dumps(value)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "text",
    ['{"$":"nonsense","v":1}', "{", '{"$":"tuple","v":1}', '{"$":"array","v":["|O",[1],"AA=="]}',
     '{"$":"scalar","v":["|O","AAAAAAAAAAA="]}', '{"$":[],"v":1}', '{"$":"tuple"}'],
)  # fmt: skip
def test_a_damaged_text_is_one_clear_error(text):
    with pytest.raises(UnreadableError):
        loads(text)


def frames():
    times = pd.date_range("2026-01-01", periods=3, freq="h")
    yield pd.DataFrame()
    yield pd.DataFrame({"a": [1, 2, 3], "b": [0.5, math.nan, -math.inf], "c": [True, False, True]})
    yield pd.DataFrame({"s": ["x", None, "ü"], "o": [(1, 2), {"a": 1}, None]}, index=[3, 1, 2])
    yield pd.DataFrame({"t": times, "z": times.tz_localize("Europe/Berlin")}, index=times)
    yield pd.DataFrame({"d": times - times[0], "p": times.to_period("D")})
    yield pd.DataFrame(
        {
            "n": pd.array([1, None, 3], dtype="Int64"),
            "b": pd.array([True, None, False], dtype="boolean"),
        }
    )
    yield pd.DataFrame({"c": pd.Categorical(["a", "b", "a"], ["b", "a"], ordered=True)})
    yield pd.DataFrame({"s": pd.array(["a", None], dtype=pd.StringDtype("python"))})
    yield pd.DataFrame([[1, 2], [3, 4]], columns=["same", "same"])
    yield pd.DataFrame({("a", 1): [1], ("a", 2): [2]})
    yield pd.DataFrame(
        {"x": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", None])
    )
    yield pd.DataFrame(index=range(3), columns=["a"])
    yield pd.DataFrame({"i": pd.arrays.IntervalArray.from_breaks([0, 1, 2])})
    yield pd.DataFrame({"f": np.array([1, 2], dtype="float32"), "u": np.array([1, 2], "uint8")})


@pytest.mark.parametrize(
    "frame", list(frames()), ids=lambda f: ",".join(map(str, f.columns)) or "empty"
)
def test_a_frame_comes_back_with_dtypes_index_and_columns(frame):
    frame.attrs["source"] = ("file", 1)
    back = round_trip(frame)
    pd.testing.assert_frame_equal(back, frame, check_freq=True)
    assert (list(back.dtypes), back.attrs) == (list(frame.dtypes), frame.attrs)
    assert digest(back) == digest(frame)
    for name, column in frame.items():
        if frame.columns.is_unique:
            pd.testing.assert_series_equal(round_trip(column), column)
            assert round_trip(column).name == name


def test_text_that_pyarrow_held_can_be_read_where_there_is_no_pyarrow():
    frame = pd.DataFrame({"s": pd.array(["a", None], dtype=pd.StringDtype("pyarrow"))})
    read = f"""
import sys
sys.modules["pyarrow"] = None
from linus_nb.graph.durable.encoding import loads
frame = loads({dumps(frame)!r})
print(frame["s"].dtype.storage, frame["s"][0], frame["s"].isna()[1])
"""
    command = [sys.executable, "-c", read]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "python a True\n"


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.array(1.5),
        np.empty((0, 3)),
        np.array(["a", "bc"]),
        np.array(["2026-01-01"], dtype="M8[D]"),
        np.asfortranarray(np.eye(2)),
        np.array([[1, "a"], [None, (1,)]], dtype=object),
        np.array([1, 2], dtype=">i4"),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_an_array_comes_back_with_dtype_and_shape(array):
    back = round_trip(array)
    np.testing.assert_array_equal(back, array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)


class TestDigests:
    def test_equal_sets_have_one_digest_whatever_their_order(self):
        assert digest({"a", "b", "c"}) == digest({"c", "b", "a"})

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (1, 1.0),
            (1, True),
            ((1,), [1]),
            ("1", 1),
            (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]})),
            (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, index=[1])),
            (np.zeros(2), np.zeros((2, 1))),
            (Plain(1), Plain(2)),
            (Plain(1), {"a": 1, "b": []}),
            (Colour.RED, Colour.BLUE),
        ],
        ids=repr,
    )
    def test_different_data_have_different_digests(self, one, other):
        assert digest(one) != digest(other)

    def test_what_is_no_data_counts_by_its_class(self):
        assert digest([threading.Lock()]) == digest([threading.Lock()])
        assert digest([threading.Lock()]) != digest([object()])

    def test_a_circle_has_a_digest(self):
        assert digest(circular()) == digest(circular())

    def test_large_values_are_left_alone_where_a_limit_is_given(self):
        assert digest(pd.DataFrame({"a": ["x"] * 1000}), most=100) is None
        assert digest(np.zeros(1000), most=100) is None
        assert digest([[1, 2]] * 10, most=100) is not None


def test_the_text_is_plain_json_in_ascii():
    text = dumps({"ü": [1, "ß", Plain(1)]})
    assert text.isascii()
    assert json.loads(text)["ü"][:2] == [1, "ß"]
