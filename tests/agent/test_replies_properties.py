"""Properties that hold for every reply, whatever it is made of."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linus_nb.agent.json_values import json_values
from linus_nb.agent.replies import (
    read_answer,
    read_arguments,
    read_check,
    read_choice,
    read_plan,
    without_thinking,
)
from linus_nb.errors import NoAnswerError

PLAN = '{"tasks": [{"task": "add", "tool": "calc", "needs_earlier": false}]}'


def accept_a_number(arguments):
    if isinstance(arguments.get("a"), int):
        return {"a": arguments["a"]}
    raise ValueError("a is no whole number")


TOOLS = {"calc": accept_a_number, "clock": dict}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
PIECES = st.sampled_from(
    ["{", "}", "[", "]", '"', "\\", "<think>", "</think>", "```", PLAN, PLAN[:30], "calc", ":", " "]
)
REPLIES = st.lists(PIECES | st.text(max_size=10) | JSON.map(json.dumps), max_size=12).map("".join)
READERS = st.sampled_from(
    [
        lambda text: read_plan(text, TOOLS),
        lambda text: read_arguments(text, "calc", accept_a_number),
        read_check,
        lambda text: read_choice(text, "tool", ("calc",)),
        lambda text: read_answer(text, TOOLS),
    ]
)


@given(READERS, REPLIES)
@example(lambda text: read_plan(text, TOOLS), "{" * 2_000)
def test_no_reply_makes_a_reader_raise_anything_but_our_own_error(read, reply):
    with suppress(NoAnswerError):
        read(reply)


@given(REPLIES)
def test_a_plan_holds_nothing_that_the_reply_did_not_hold(reply):
    try:
        plan = read_plan(reply, TOOLS)
    except NoAnswerError:
        return
    said = without_thinking(reply)
    strings = {text.strip() for value in json_values(said) for text in strings_in(value)}
    for step in plan:
        assert step.task in strings
        assert step.tool is None or step.tool in strings


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in (*value, *value.values()):
            yield from strings_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings_in(part)


STEP_OBJECTS = st.lists(
    st.fixed_dictionaries(
        {
            "task": st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
            "tool": st.sampled_from(["calc", "clock", "none", None]),
            "needs_earlier": st.booleans(),
        }
    ),
    min_size=1,
    max_size=5,
)


@given(STEP_OBJECTS, st.data())
def test_a_plan_that_was_cut_anywhere_is_never_read_as_a_shorter_one(tasks, data):
    whole = json.dumps({"tasks": tasks})
    assert [step.task for step in read_plan(whole, TOOLS)] == [t["task"].strip() for t in tasks]
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(NoAnswerError):
        read_plan(whole[:cut], TOOLS)
