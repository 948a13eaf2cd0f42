"""Tools over tables and texts say what stands there, and only that."""

import json

import numpy as np
import pandas as pd
import pytest

from linus_nb.agent.tools import get_default_tools, run_tool, tool_result_text
from linus_nb.errors import OptionError, ToolError

pytestmark = pytest.mark.anyio

GOODS = pd.DataFrame(
    {
        "product": ["tea", "Coffee", "milk", "tea"],
        "price": [2.5, 4.0, np.nan, 3.0],
        "year": [2020, 2021, 2021, 2022],
        "sold": pd.to_datetime(["2024-01-31", "2024-02-29", "2024-02-01", None]),
        "fresh": [False, False, True, False],
    }
)


def tools(tables=None, texts=None):
    return {tool.name: tool for tool in get_default_tools(tables, texts)}


async def look_up(tables=None, **arguments):
    return await run_tool(tools(tables or {"goods": GOODS})["look_up_value"], arguments)


# --- tables -----------------------------------------------------------------


def test_a_column_can_only_be_one_that_exists():
    schema = tools({"goods": GOODS})["summarize_column"].args
    assert schema["column"]["enum"] == ["product", "price", "year", "sold", "fresh"]


def test_with_several_tables_a_column_is_named_with_its_table():
    both = {"a": pd.DataFrame({"x": [1]}), "b": pd.DataFrame({"x": [2]})}
    assert tools(both)["summarize_column"].args["column"]["enum"] == ["a.x", "b.x"]


async def test_a_column_that_does_not_exist_is_refused_with_its_name():
    with pytest.raises(ToolError, match="refuses column = 'cost'"):
        await run_tool(tools({"goods": GOODS})["summarize_column"], {"column": "cost"})


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("price", {"count": 3, "missing": 1, "min": 2.5, "max": 4.0, "sum": 9.5, "median": 3.0}),
        ("year", {"count": 4, "missing": 0, "min": 2020, "max": 2022, "mean": 2021.0}),
        ("sold", {"count": 3, "missing": 1, "min": "2024-01-31", "max": "2024-02-29"}),
        ("product", {"count": 4, "unique": 3, "most_common": {"tea": 2, "Coffee": 1, "milk": 1}}),
        ("fresh", {"count": 4, "unique": 2, "most_common": {"False": 3, "True": 1}}),
    ],
)
async def test_a_summary_fits_the_kind_of_its_column(column, expected):
    summary = await run_tool(tools({"goods": GOODS})["summarize_column"], {"column": column})
    assert {name: summary[name] for name in expected} == expected
    assert json.loads(tool_result_text(summary))


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"column": "price", "equals": "Coffee"}, 4.0),
        ({"column": "price", "equals": "Coffee", "where": "product"}, 4.0),
        ({"column": "price", "equals": "milk"}, None),
        ({"column": "product", "equals": 2020}, "tea"),
        ({"column": "product", "equals": "2020"}, "tea"),
        ({"column": "product", "equals": 4.0, "where": "price"}, "Coffee"),
        ({"column": "sold", "equals": "Coffee"}, "2024-02-29"),
        ({"column": "product", "equals": "2024-01-31"}, "tea"),
        ({"column": "product", "equals": "True", "where": "fresh"}, "milk"),
    ],
)
async def test_a_look_up_finds_the_value_of_one_row(arguments, value):
    assert await look_up(**arguments) == value


async def test_a_look_up_of_several_rows_returns_the_rows():
    rows = await look_up(column="price", equals="tea")
    assert [row["price"] for row in rows] == [2.5, 3.0]
    assert rows[1]["sold"] is None


async def test_with_many_values_any_text_may_be_looked_up_in_any_case():
    many = pd.DataFrame({"name": [f"Item {n}" for n in range(500)], "n": range(500)})
    assert await look_up({"many": many}, column="n", equals="item 77") == 77
    with pytest.raises(ToolError, match="no row of 'many' has 'item x'") as caught:
        await look_up({"many": many}, column="n", equals="item x")
    assert "'Item " in caught.value.hint


async def test_with_few_values_only_those_can_be_looked_up():
    equals = tools({"goods": GOODS})["look_up_value"].args["equals"]
    enum = next(choice["enum"] for choice in equals["anyOf"] if "enum" in choice)
    assert {"tea", "Coffee", "milk", "2024-02-29"} <= set(enum)
    with pytest.raises(ToolError, match="refuses equals"):
        await look_up(column="price", equals="beer")


async def test_a_month_is_enough_to_find_a_date():
    many = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=300), "n": range(300)})
    rows = await look_up({"many": many}, column="n", equals="2024-02", where="day")
    assert [rows[0]["n"], len(rows), rows[-1]] == [31, 21, "… 9 more rows"]


async def test_a_value_in_two_columns_is_not_guessed():
    both = {"t": pd.DataFrame({"a": ["x", "y"], "b": ["y", "x"], "n": [1, 2]})}
    with pytest.raises(ToolError, match="stands in several columns: 'a', 'b'"):
        await look_up(both, column="n", equals="x")
    assert await look_up(both, column="n", equals="x", where="b") == 2


async def test_columns_of_two_tables_are_not_mixed():
    both = {"a": pd.DataFrame({"x": [1], "k": ["u"]}), "b": pd.DataFrame({"k": ["u"]})}
    with pytest.raises(ToolError, match="different tables"):
        await look_up(both, column="a.x", equals="u", where="b.k")
    assert await look_up(both, column="a.x", equals="u") == 1


@pytest.mark.parametrize(
    ("column", "extreme", "product"),
    [
        ("price", "largest", "Coffee"),
        ("price", "smallest", "tea"),
        ("sold", "largest", "Coffee"),
        ("year", "largest", "tea"),
    ],
)
async def test_the_row_with_an_extreme_value_is_found(column, extreme, product):
    tool = tools({"goods": GOODS})["find_extreme_row"]
    row = await run_tool(tool, {"column": column, "extreme": extreme})
    assert row["product"] == product


async def test_a_column_without_an_extreme_says_why():
    empty = pd.DataFrame({"c": pd.Series([None, None], dtype=float)})
    with pytest.raises(ToolError, match="has no values"):
        await run_tool(
            tools({"t": empty})["find_extreme_row"], {"column": "c", "extreme": "largest"}
        )


def test_only_columns_of_numbers_or_dates_have_an_extreme():
    assert tools({"goods": GOODS})["find_extreme_row"].args["column"]["enum"] == [
        "price",
        "year",
        "sold",
    ]
    assert "find_extreme_row" not in tools({"t": pd.DataFrame({"c": ["a", "b"]})})


async def test_an_index_with_a_meaning_counts_as_a_column():
    prices = pd.DataFrame({"price": [1.0, 2.0]}, index=pd.Index(["tea", "milk"], name="product"))
    assert await look_up({"t": prices}, column="price", equals="milk") == 2.0


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"c": pd.array([1, None, 3], dtype="Int64"), "k": ["x", "y", "z"]}),
        pd.DataFrame({"c": pd.Categorical(["1", "2", "3"]), "k": ["x", "y", "z"]}),
        pd.DataFrame({"c": [[1], {2: 3}, (4,)], "k": ["x", "y", "z"]}),
        pd.DataFrame({("c", 1): [1, 2, 3], ("k", 2): ["x", "y", "z"]}),
        pd.DataFrame({1: [1, 2, 3], 2.5: ["x", "y", "z"]}),
        pd.DataFrame({"c": pd.timedelta_range("1h", periods=3), "k": ["x", "y", "z"]}),
        pd.DataFrame({"c": pd.date_range("2024", periods=3, tz="UTC"), "k": ["x", "y", "z"]}),
        pd.DataFrame({"c": [1 + 2j, 3j, 1], "k": ["x", "y", "z"]}),
        pd.DataFrame({"c": pd.Series([], dtype=float), "k": pd.Series([], dtype=object)}),
    ],
    ids=range(9),
)
async def test_columns_of_any_kind_can_be_summarized_and_looked_up(frame):
    named = tools({"t": frame})
    first, second = named["summarize_column"].args["column"]["enum"]
    summary = await run_tool(named["summarize_column"], {"column": first})
    assert summary["count"] + summary["missing"] == len(frame)
    assert json.loads(tool_result_text(summary))
    if len(frame):
        value = await run_tool(named["look_up_value"], {"column": first, "equals": "z"})
        assert tool_result_text(value)
        assert await run_tool(named["look_up_value"], {"column": second, "equals": "z"}) == "z"


def test_tables_without_columns_add_no_tools():
    assert len(tools({"empty": pd.DataFrame()})) == len(tools()) == 3


def test_what_is_no_table_is_refused():
    with pytest.raises(OptionError, match="table 't' is a dict, not a DataFrame"):
        tools({"t": {"a": [1]}})
    with pytest.raises(OptionError, match="two columns that read 'a'"):
        tools({"t": pd.DataFrame([[1, 2]], columns=["a", "a"])})


# --- texts ------------------------------------------------------------------

POEM = "The rain came.\n\nThe garden drank the rain; nobody else did.\n\nThen the sun."


@pytest.mark.parametrize(
    ("text", "find", "expected"),
    [
        ("", "", {"characters": 0, "words": 0, "sentences": 0, "lines": 0}),
        ("One. Two! Three?", "", {"words": 3, "sentences": 3, "characters": 16}),
        ("no full stop", "", {"sentences": 1, "characters_without_spaces": 10}),
        ("It's well-known.", "", {"words": 2, "sentences": 1}),
        ("Pi is 3.14 about.", "", {"sentences": 1}),
        ("strawberry", "r", {"occurrences": 3}),
        ("The cat and the catalogue", "cat", {"occurrences": 1}),
        ("The cat and the catalogue", "THE", {"occurrences": 2}),
        ("a+b+c", "+", {"occurrences": 2}),
    ],
)
async def test_counts_are_what_a_reader_counts(text, find, expected):
    counts = await run_tool(tools()["text_statistics"], {"text": text, "find": find})
    assert {name: counts[name] for name in expected} == expected


async def test_a_search_returns_the_passages_that_hold_the_words_best_first():
    found = await run_tool(tools(texts={"poem": POEM})["search_texts"], {"query": "garden rain"})
    assert found[0] == {"source": "poem", "text": "The garden drank the rain; nobody else did."}
    assert [passage["text"] for passage in found[1:]] == ["The rain came."]


async def test_a_search_without_a_hit_is_empty():
    search = tools(texts=[POEM])["search_texts"]
    assert await run_tool(search, {"query": "snow"}) == []
    assert await run_tool(search, {"query": ""}) == []


async def test_a_long_paragraph_is_found_in_short_passages():
    search = tools(texts=["word " * 1000 + "needle " + "word " * 1000])["search_texts"]
    (passage,) = await run_tool(search, {"query": "Needle"})
    assert len(passage["text"]) <= 600


async def test_a_given_text_is_counted_by_its_name():
    count = tools(texts={"poem": POEM, "other": "x"})["named_text_statistics"]
    assert count.args["name"]["enum"] == ["poem", "other"]
    assert (await run_tool(count, {"name": "poem", "find": "rain"}))["occurrences"] == 2


def test_a_list_of_texts_is_numbered_and_one_text_is_a_list_of_one():
    assert tools(texts=["a", "b"])["named_text_statistics"].args["name"]["enum"] == [
        "text 1",
        "text 2",
    ]
    assert tools(texts="a")["named_text_statistics"].args["name"]["const"] == "text 1"


def test_what_is_no_text_is_refused():
    with pytest.raises(OptionError, match="'n' as a int, not a str"):
        tools(texts={"n": 5})
