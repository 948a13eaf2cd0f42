"""Whatever a node returns becomes bounded JSON."""

import dataclasses
import datetime as dt
import decimal
import json
import math
import threading

import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from linus_nb.server.values import encoded, plain


@dataclasses.dataclass
class Point:
    x: float
    y: float


class City(pydantic.BaseModel):
    name: str
    people: int


class Broken:
    def __str__(self):
        raise RuntimeError("no text")


class Unreadable(dict):
    def __iter__(self):
        raise RuntimeError("no keys")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, None),
        ((1, [2.5, "three"], {"four": True}), [1, [2.5, "three"], {"four": True}]),
        (math.nan, None),
        (math.inf, "inf"),
        (pd.NaT, None),
        (pd.NA, None),
        (np.float64(1.5), 1.5),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array(7), 7),
        (Point(1.0, 2.0), {"x": 1.0, "y": 2.0}),
        (City(name="Oslo", people=717_710), {"name": "Oslo", "people": 717_710}),
        (AIMessage("hello"), "hello"),
        (b"1234", "<4 bytes>"),
        (dt.date(2026, 11, 30), "2026-11-30"),
        (decimal.Decimal("1.10"), "1.10"),
        (10**400, "<whole number of 1,329 bits>"),
        (Broken(), "<Broken (reading it raised RuntimeError)>"),
        (Unreadable(a=1), "<Unreadable (reading it raised RuntimeError)>"),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
    ],
)
def test_each_kind_of_value_is_told_as_a_reader_expects(value, told):
    assert plain(value) == told


def test_a_frame_is_its_shape_columns_and_first_rows():
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-01-01"] * 500), "price": range(500)})
    told = plain(frame)
    assert told["shape"] == [500, 2]
    assert told["columns"] == ["day", "price"]
    assert len(told["rows"]) == 100
    assert told["rows"][1] == ["2026-01-01 00:00:00", 1]


def test_a_series_is_a_frame_of_one_column():
    assert plain(pd.Series([1, 2], name="n"))["rows"] == [[1], [2]]


def test_a_lock_is_its_text():
    assert plain(threading.Lock()).startswith("<unlocked _thread.lock")


def test_a_circle_ends():
    circle = []
    circle.append(circle)
    assert json.loads(encoded(plain(circle, max_depth=3))) == [[["…"]]]


def test_half_a_character_does_not_break_the_reply():
    assert json.loads(encoded(plain({"\ud800": "\udfff"}))) == {"?": "?"}


def test_what_is_beyond_the_items_is_left_out_and_said_so():
    assert plain([[1, 2], [3, 4]], max_items=4) == [[1, 2], "… 1 more"]
    assert plain({"a": 1, "b": 2, "c": 3}, max_items=3) == {"a": 1, "b": 2, "…": "1 more"}


def test_what_is_beyond_the_characters_is_left_out_and_said_so():
    assert plain(["abc", "defgh", "ij"], max_characters=5) == [
        "abc",
        "de… (3 more characters)",
        "… (2 more characters)",
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_any_value_becomes_json_of_bounded_size(value):
    told = encoded(plain(value, max_items=50, max_characters=500, max_depth=5))
    json.loads(told)
    assert len(told) < 50 * 300 + 6 * 500
