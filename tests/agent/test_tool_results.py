"""A tool's result reads well and is bounded."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel

from linus_nb.agent.tools import (
    tool_result_text,
)

pytestmark = pytest.mark.anyio


@dataclass
class Point:
    x: float
    label: str


class Answer(BaseModel):
    value: float
    parts: list[Point]


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else "deep"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (0.1 + 0.2, "0.3"),
        (1e300, "1e+300"),
        (8.0, "8"),
        (True, "true"),
        (None, "null"),
        (float("nan"), "null"),
        (float("inf"), "inf"),
        ({"a": (1, 2.50)}, '{"a": [1, 2.5]}'),
        ({1: {"b"}}, '{"1": ["b"]}'),
        ("é", "é"),
        (["é"], '["é"]'),
        (Point(0.30000000000000004, "p"), '{"x": 0.3, "label": "p"}'),
        (Answer(value=1.0, parts=[Point(2, "q")]), None),
        (pd.Series([1.5], name="s").iloc[0], "1.5"),
        (pd.DataFrame({"a": [1], "b": [0.1 + 0.2]}), ",a,b\n0,1,0.3"),
        ({"frame": pd.DataFrame({"a": [1]})}, '{"frame": ",a\\n0,1"}'),
        (ValueError("odd"), "odd"),
        (nested(10), '[[[[[["…"]]]]]]'),
    ],
    ids=str,
)
def test_a_result_reads_well(value, text):
    if text is None:
        text = '{"value": 1, "parts": [{"x": 2, "label": "q"}]}'
    assert tool_result_text(value) == text


def test_a_large_result_is_bounded_and_says_so():
    assert tool_result_text("a" * 5000).endswith("… (1,000 more characters)")
    assert '"… 900 more"' in tool_result_text(list(range(1000)))
    assert '"…": "900 more"' in tool_result_text(dict.fromkeys(range(1000)))
    assert tool_result_text(pd.DataFrame({"a": range(100)})).endswith("… (70 more rows)")


def test_a_result_that_holds_itself_is_bounded():
    loop: list[object] = []
    loop.append(loop)
    assert tool_result_text(loop).startswith("[[")
