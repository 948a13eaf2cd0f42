"""Values as text for prompts."""

import json

import numpy as np
import pandas as pd
import pytest
from langchain_core.messages import AIMessage
from pydantic import BaseModel

from linus_nb.rendering import labelled, message_text, summary_of, text_of


class Point(BaseModel):
    x: float
    y: int


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (None, ""),
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (True, "true"),
        ([1, "a", None], '[1, "a", null]'),
        ((1, 2), "[1, 2]"),
        ({"a": {"b": [1.5]}}, '{"a": {"b": [1.5]}}'),
        (Point(x=1, y=2), '{"x": 1, "y": 2}'),
        ({"point": Point(x=1.5, y=2)}, '{"point": {"x": 1.5, "y": 2}}'),
        (
            {"n": np.int64(7), "when": pd.Timestamp("2024-01-02")},
            '{"n": 7, "when": "2024-01-02 00:00:00"}',
        ),
        (AIMessage("said"), "said"),
        ([AIMessage("said")], '["said"]'),
        ({"smile": "☺"}, '{"smile": "☺"}'),
    ],
)
def test_a_value_is_written_as_a_reader_expects(value, text):
    assert text_of(value) == text


def test_a_container_of_a_prompt_is_whole_json_however_many_items_it_has():
    assert json.loads(text_of(list(range(3000)))) == list(range(3000))


def test_a_long_text_is_cut_and_says_so():
    assert text_of("a" * 30, 20) == "a" * 20 + "… (10 more characters)"


def test_a_frame_is_csv_of_bounded_length():
    text = text_of(pd.DataFrame({"a": range(100)}))
    assert text.splitlines()[1] == "0,0"
    assert text.endswith("… (70 more rows)")


def test_a_summary_of_a_frame_has_its_shape_types_and_head():
    text = summary_of(pd.DataFrame({"a": range(100), "b": 0.5}))
    assert text.startswith("table of 100 rows x 2 columns (a: int64, b: float64)\n,a,b\n0,0,0.5")
    assert "95 more rows" in text


def test_labels_stand_above_texts_of_several_lines():
    assert labelled([("one", "x"), ("two", "y\nz")]) == "one: x\ntwo:\ny\nz"


def test_a_circular_container_ends():
    circle = []
    circle.append(circle)
    assert text_of(circle).startswith("[[")


def test_a_message_of_blocks_is_their_text():
    message = AIMessage(
        [{"type": "text", "text": "a"}, "b", {"type": "image_url", "image_url": "x"}]
    )
    assert message_text(message) == "ab"
    assert message_text("no message") is None
