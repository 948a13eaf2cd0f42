"""Plain rules find in a question what a small model would get wrong."""

from datetime import date
from typing import Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linus_nb.agent.offered import offer
from linus_nb.agent.small.by_rules import tools_for
from linus_nb.agent.small.candidates import candidates_for, mentioned
from linus_nb.agent.small.rules import ToolCue, narrowed
from linus_nb.agent.small.spans import dates, names, numbers, quoted
from linus_nb.agent.small.verbal_arithmetic import combinations, expressions


def calculator(expression: str) -> float:
    """Work out an arithmetic expression."""
    return float(expression)


def count_text(text: str, find: str = "") -> int:
    """Count the words and characters of a text."""
    return text.count(find)


def days_between(start: date, end: date) -> int:
    """Count the days from one date to another."""
    return (end - start).days


def compare(a: Literal["price", "volume", "age"], b: Literal["price", "volume", "age"]) -> str:
    """Compare two columns."""
    return f"{a} {b}"


def look_up(column: Literal["price", "area_km2"], row: str, sheet: Literal["x", "y"] = "x") -> str:
    """Look up the value of a column in a row."""
    return f"{column} {row} {sheet}"


def divide(a: float, b: float) -> float:
    """Divide one number by another."""
    return a / b


def clock(zone: Optional[str] = None) -> str:  # noqa: UP045  # the form that users write
    """Tell the current time of day."""
    return str(zone)


TOOLS = offer([calculator, count_text, days_between, compare, look_up, clock, divide])


@pytest.mark.parametrize(
    ("question", "expression"),
    [
        ("What is 42 * 17?", "42 * 17"),
        ("What is 42*17?", "42*17"),
        ("Compute (2 + 3) * 4.5 - 1.", "(2 + 3) * 4.5 - 1"),
        ("How much is 12 times 11?", "12 * 11"),
        ("What is 144 divided by 12?", "144 / 12"),
        ("What is 7 plus 8 minus 2?", "7 + 8 - 2"),
        ("Add 19 to 240.", "240 + 19"),
        ("Subtract 17 from 60, please.", "60 - 17"),
        ("The product of 13 and 11 is?", "13 * 11"),
        ("What is the difference between 73 and 48?", "73 - 48"),
        ("What is the square root of 144?", "sqrt(144)"),
        ("What is 2 to the power of 10?", "2 ** 10"),
        ("What is 9 squared?", "9 ** 2"),
        ("How much is 15% of 80?", "15% of 80"),
        ("How much is 15 percent of 80?", "15% of 80"),
        ("What is 1,250 + 3?", "1250 + 3"),
    ],
)
def test_an_expression_in_symbols_or_words_is_found(question, expression):
    assert expressions(question) == [expression]


@pytest.mark.parametrize(
    "question",
    [
        "Eva has 14 books and buys 9 more.",
        "What happened on 2024-03-01?",
        "Call 555 for help.",
        "Take 3 of these.",
        "",
        "- * /",
    ],
)
def test_where_no_expression_stands_none_is_found(question):
    assert expressions(question) == []


@given(st.text(st.sampled_from("0123456789.,+-*/%() ofxtimes"), max_size=60))
def test_looking_for_expressions_never_fails_and_all_found_can_be_calculated(question):
    for expression in expressions(question):
        assert any(character.isdigit() for character in expression)


def test_a_story_about_two_or_three_numbers_offers_what_they_can_make():
    assert "120 - 87" in combinations("There were 120 seats and 87 were sold.")
    three = combinations("3 boxes of 12 eggs, and 5 eggs more.")
    assert "3 * 12 + 5" in three
    assert len(three) == len(set(three)) <= 40
    assert combinations("One number: 7.") == combinations("1 2 3 4") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the letter 's' in 'mississippi'", ["s", "mississippi"]),
        ("Eva's text \"it's late\" here", ["it's late"]),
        ("Count the words: to be or not", ["to be or not"]),
        ("Nothing here", []),
    ],
)
def test_quoted_texts_are_found(text, found):
    assert quoted(text) == found


def test_names_numbers_and_dates_are_found():
    assert names("What does Maria Lang in Graz pay for item A17?") == ["Maria Lang", "Graz", "A17"]
    assert numbers("On 2024-03-01, -4 of 1,250 cost 9.50") == ["-4", "1250", "9.50"]
    assert dates("3 March 2024, July 14th, 2024, 2024-01-02 and 2024-02-31") == [
        "2024-03-03",
        "2024-07-14",
        "2024-01-02",
    ]


@pytest.mark.parametrize(
    ("question", "values", "found"),
    [
        ("Is the unit price above the cost?", ["price", "unit_price", "cost"], None),
        ("What is the area of Linz?", ["area_km2", "people"], ["area_km2"]),
        ("PRICES?", ["price"], ["price"]),
        ("pineapple", ["apple"], []),
    ],
)
def test_known_values_are_found_by_their_words(question, values, found):
    expected = ["unit_price", "cost"] if found is None else found
    assert mentioned(question, values) == expected


@pytest.mark.parametrize(
    ("tool", "question", "bound"),
    [
        ("calculator", "What is 42 * 17?", {"expression": "42 * 17"}),
        ("count_text", "How many words has 'a b c'?", {"text": "a b c"}),
        (
            "days_between",
            "Days from 2024-01-05 to 3 March 2024?",
            {"start": "2024-01-05", "end": "2024-03-03"},
        ),
        ("compare", "Compare volume with price", {"a": "volume", "b": "price"}),
        ("look_up", "The price of Graz?", {"column": "price", "row": "Graz"}),
        (
            "look_up",
            "Area of Graz on sheet y?",
            {"column": "area_km2", "row": "Graz", "sheet": "y"},
        ),
        ("clock", "What time is it?", {}),
        ("count_text", "How often is 's' in 'miss'?", {"text": "miss", "find": "s"}),
        ("count_text", "In 'miss', how often is 's'?", {"text": "miss", "find": "s"}),
    ],
)
def test_arguments_that_the_question_states_are_bound(tool, question, bound):
    assert candidates_for(TOOLS[tool].schema, question).bound == bound


def test_numbers_go_to_their_parameters_in_order():
    bound = candidates_for(TOOLS["divide"].schema, "How often does 5.5 go into 75?").bound
    assert bound == {"a": 5.5, "b": 75}


@pytest.mark.parametrize(
    ("tool", "question", "left"),
    [
        ("calculator", "Eva has 14 books and buys 9 more.", {"expression": 4}),
        ("count_text", "Count in 'a', 'b' or 'c'", {"text": 3}),
        ("compare", "Compare price with what fits", {"b": 2}),
        ("look_up", "What is it for Graz?", {"column": 2}),
    ],
)
def test_what_the_question_leaves_open_is_a_closed_set(tool, question, left):
    candidates = candidates_for(TOOLS[tool].schema, question)
    assert candidates.bound is None
    sizes = {key: len(part["enum"]) for key, part in candidates.schema["properties"].items()}
    assert sizes == left


@pytest.mark.parametrize(
    ("tool", "question"),
    [
        ("calculator", "What is the capital of France?"),
        ("days_between", "What day is it?"),
        ("days_between", "What weekday was 2024-01-05?"),
        ("divide", "Divide 5 somehow"),
    ],
)
def test_a_tool_that_needs_what_the_question_does_not_have_does_not_fit(tool, question):
    assert candidates_for(TOOLS[tool].schema, question).fit is None


@pytest.mark.parametrize(
    ("question", "tool"),
    [
        ("What is 42 * 17?", "calculator"),
        ("Tom has 5 pears and eats 2. How many are left?", "calculator"),
        ("How many words are in 'one two'?", "count_text"),
        ("How many days are there from 2024-01-01 to 2024-02-01?", "days_between"),
        ("Compare price and volume.", "compare"),
        ("What is the price of Graz?", "look_up"),
        ("What time is it?", "clock"),
    ],
)
def test_rules_find_the_tool(question, tool):
    without_divide = {name: offered for name, offered in TOOLS.items() if name != "divide"}
    assert tools_for(question, without_divide) == [tool]


def test_the_only_tool_is_not_in_question():
    assert tools_for("Hello", offer([compare])) == ["compare"]


def test_where_no_rule_says_anything_all_tools_stay():
    assert narrowed("Hello", [ToolCue("one"), ToolCue("two")]) == ["one", "two"]


def test_a_tool_that_does_not_fit_stays_only_if_none_does():
    unfit = ToolCue("calculator", fit=None)
    assert narrowed("Use the calculator", [unfit, ToolCue("clock")]) == ["clock"]
    assert narrowed("Use the calculator", [unfit]) == ["calculator"]


def test_closed_sets_are_found_behind_references_and_alternatives():
    schema = {
        "$defs": {"Mood": {"enum": ["good", "bad"], "type": "string"}},
        "properties": {
            "mood": {"$ref": "#/$defs/Mood"},
            "size": {"anyOf": [{"enum": ["small", "large"]}, {"type": "null"}]},
            "only": {"const": "this"},
            "many": {"type": "array"},
            "any": True,
            "maybe": {"anyOf": [{"type": "null"}]},
        },
        "required": ["mood", "size", "only", "many", "any", "maybe"],
    }
    candidates = candidates_for(schema, "A bad and large one")
    assert candidates.decided == {"mood": "bad", "size": "large", "only": "this"}
    assert candidates.schema["properties"]["many"] == {"type": "array"}
    assert candidates.schema["required"] == ["many", "any", "maybe"]


@given(st.text(max_size=200))
def test_any_question_gives_candidates_that_stand_in_the_schema(question):
    for offered in TOOLS.values():
        candidates = candidates_for(offered.schema, question)
        known = offered.schema["properties"].keys()
        assert candidates.decided.keys() | candidates.schema["properties"].keys() <= known
        if candidates.bound is not None:
            assert offered.accept(candidates.bound) == candidates.bound
