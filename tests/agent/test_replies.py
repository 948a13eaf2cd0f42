"""Whatever a model writes, the readers give what is in it or raise our own error."""

import json

import pytest

from linus_nb.agent.replies import (
    Check,
    Step,
    quote,
    read_answer,
    read_arguments,
    read_check,
    read_choice,
    read_plan,
    read_value,
)
from linus_nb.errors import NoAnswerError


def accept_a_number(arguments):
    if isinstance(arguments.get("a"), int):
        return {"a": arguments["a"]}
    raise ValueError(f"a: not a whole number: {arguments.get('a')!r}")


TOOLS = {"calc": accept_a_number, "clock": dict}
PLAN = '{"tasks": [{"task": "add", "tool": "calc", "needs_earlier": false}]}'
STEPS = (Step("add", "calc"),)


@pytest.mark.parametrize(
    "reply",
    [
        PLAN,
        f"<think>hm, maybe {{}}</think>{PLAN}",
        f'<think>{{"tasks": []}}</think>\n{PLAN}',
        f"the opening tag was in the template</think>{PLAN}",
        f"<THINKING>one</THINKING><think>two</think>{PLAN}",
        f"```json\n{PLAN}\n```",
        f"Here is the plan:\n{PLAN}\nShall I go on?",
        f"{{{PLAN}}}",
        f"{{ {PLAN}",
        f'{{"note": 1}} {PLAN}',
        f"set {{x}} and [y] first. {PLAN}",
        '{"steps": [{"description": "add", "tool": "calc"}], "confidence": 0.9}',
        '[{"task": "add", "tool": "calc"}]',
        '{"tasks": [{"task": "add", "tool": "calc", "arguments": {"a": "many"}}]}',
    ],
)
def test_a_plan_is_read_whatever_is_around_it(reply):
    assert read_plan(reply, TOOLS) == STEPS


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "  \n",
        "I would add the numbers.",
        "null",
        "[]",
        "{}",
        '{"tasks": "add"}',
        '{"tasks": [7]}',
        '{"tasks": [{"tool": "calc"}]}',
        '{"tasks": [{"task": ""}]}',
        '{"tasks": [{"task": "add", "tool": 3}]}',
        '{"tasks": [{"task": "add", "tool": "calc"}, {"task": "mul',
        f"{PLAN[:-1]}",
        f"<think>{PLAN}",
        f"<think>{PLAN}</think>",
        '{"tasks": [{"task": "add", "tool": "calc"},]}',
        "[" * 100_000,
        "{" * 20_000,
        '{"a":' * 5_000,
        "9" * 10_000,
    ],
)
def test_a_reply_without_a_whole_plan_is_refused(reply):
    with pytest.raises(NoAnswerError):
        read_plan(reply, TOOLS)


def test_a_plan_with_an_unknown_tool_is_refused_and_the_known_ones_are_named():
    with pytest.raises(NoAnswerError, match=r"no tool 'oven'; there are: calc, clock"):
        read_plan('{"tasks": [{"task": "bake", "tool": "oven"}]}', TOOLS)


def test_an_empty_plan_is_a_plan():
    assert read_plan('{"tasks": []}', TOOLS) == ()


@pytest.mark.parametrize("word", ["null", '"none"', '""', '"None"'])
def test_a_step_may_have_no_tool(word):
    assert read_plan(f'{{"tasks": [{{"task": "think", "tool": {word}}}]}}', TOOLS) == (
        Step("think"),
    )


def test_a_tool_that_is_named_none_is_a_tool():
    assert read_plan('{"tasks": [{"task": "x", "tool": "none"}]}', {"none": dict}) == (
        Step("x", "none"),
    )


@pytest.mark.parametrize(
    "reply",
    [
        '{"name": "calc", "parameters": {"a": 2}}',
        '{"name": "calc", "arguments": "{\\"a\\": 2}"}',
        '<tool_call>{"name": "calc", "arguments": {"a": 2, "b": 3}}</tool_call>',
        '{"type": "function", "function": {"name": "calc", "arguments": {"a": 2}}}',
        '{"tool_calls": [{"function": {"name": "calc", "arguments": {"a": 2}}}]}',
        '{"action": "calc", "action_input": {"a": 2}}',
    ],
)
def test_a_tool_call_as_text_is_a_plan_of_one_step(reply):
    assert read_plan(reply, TOOLS) == (Step("calc", "calc", {"a": 2}),)


def test_several_tool_calls_as_text_are_a_plan_of_as_many_steps():
    reply = '{"name": "calc", "arguments": {"a": 1}}\n{"name": "clock", "arguments": {}}'
    assert [step.tool for step in read_plan(reply, TOOLS)] == ["calc", "clock"]


@pytest.mark.parametrize(
    "reply",
    [
        '{"name": "oven", "parameters": {"a": 2}}',
        '{"name": "calc", "parameters": {"a": "two"}}',
        '{"name": "calc", "parameters": {}}',
        '{"name": "calc", "parameters": [2]}',
    ],
)
def test_a_tool_call_as_text_counts_only_if_the_tool_exists_and_takes_the_arguments(reply):
    with pytest.raises(NoAnswerError):
        read_plan(reply, TOOLS)


def test_the_first_plan_counts_where_a_reply_goes_on_with_another():
    more = PLAN.replace("add", "multiply")
    assert read_plan(f"{PLAN}\nUser: and now?\n{more}", TOOLS) == STEPS


def test_arguments_are_read_bare_or_in_a_call_of_their_tool():
    for reply in ('{"a": 2}', '{"name": "calc", "arguments": {"a": 2}}', '```\n{"a": 2}\n```'):
        assert read_arguments(reply, "calc", accept_a_number) == {"a": 2}


@pytest.mark.parametrize(
    "reply", ["[2]", '{"a": "2"}', '{"name": "clock", "arguments": {"a": 2}}', '{"a": 2', "2"]
)
def test_arguments_that_do_not_fit_are_refused(reply):
    with pytest.raises(NoAnswerError, match="arguments for 'calc'"):
        read_arguments(reply, "calc", accept_a_number)


@pytest.mark.parametrize(
    ("reply", "check"),
    [
        (
            '{"is_complete": true, "reason": "ok", "missing": []}',
            Check(is_complete=True, reason="ok"),
        ),
        ('{"is_complete": "True", "missing": ["none"]}', Check(is_complete=True, reason="")),
        (
            '{"is_complete": true, "missing": ["the sum"]}',
            Check(is_complete=False, reason="", missing=("the sum",)),
        ),
        (
            '{"is_complete": false, "missing": "the sum"}',
            Check(is_complete=False, reason="", missing=("the sum",)),
        ),
    ],
)
def test_a_verdict_is_read(reply, check):
    assert read_check(reply) == check


@pytest.mark.parametrize("reply", ["yes", "true", '{"is_complete": "mostly"}', "{}", ""])
def test_a_verdict_that_is_neither_yes_nor_no_is_refused(reply):
    with pytest.raises(NoAnswerError):
        read_check(reply)


def test_a_choice_has_to_be_one_of_those_offered():
    assert read_choice('{"tool": "calc"}', "tool", ("calc", "none")) == "calc"
    with pytest.raises(NoAnswerError, match="'oven' is not one of calc, none"):
        read_choice('{"tool": "oven"}', "tool", ("calc", "none"))


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "<think>it is 4</think>",
        "<think>it is 4",
        '{"name": "search", "arguments": {"query": "x"}}',
        '```json\n{"name": "search", "parameters": {}}\n```',
        '<tool_call>\n{"name": "search", "arguments": {}}\n</tool_call>',
        '[{"name": "search", "arguments": {}}]',
        "```tool_code\ncalc(a=2)\n```",
        'I will calculate. {"name": "calc", "arguments": {"a": 2}}',
    ],
)
def test_nothing_and_a_tool_call_are_no_answer(reply):
    with pytest.raises(NoAnswerError):
        read_answer(reply, TOOLS)


@pytest.mark.parametrize(
    "reply",
    [
        "It is 4.",
        '{"name": "Ada", "born": 1815}',
        'The call {"name": "calc", "arguments": {"a": 2}} gave 4.',
        "```python\nprint(4)\n```",
        "a < b and {c",
    ],
)
def test_words_and_data_are_answers_and_stay_as_they_are(reply):
    assert read_answer(reply, TOOLS) == reply


def test_thinking_is_taken_off_an_answer():
    assert read_answer("<think>2 + 2 = </think>\n\n4", {}) == "4"


def test_a_value_that_does_not_validate_names_what_is_wrong():
    def refuse(value):
        raise ValueError("born: should be a year")

    with pytest.raises(NoAnswerError, match="born: should be a year"):
        read_value('{"name": "Ada"}', refuse)


def test_a_reply_is_quoted_on_one_line_and_at_most_300_characters():
    assert len(quote("x\n" * 100_000)) <= 300
    assert len(quote("\x00" * 1000)) <= 300
    assert "\n" not in quote("a\nb")


@pytest.mark.parametrize("reply", ["x" * 5000, json.dumps({"tasks": ["y", {"tool": "z" * 5000}]})])
def test_an_error_quotes_no_more_than_300_characters_of_the_reply(reply):
    with pytest.raises(NoAnswerError) as caught:
        read_plan(reply, TOOLS)
    assert len(caught.value.message) < 700
