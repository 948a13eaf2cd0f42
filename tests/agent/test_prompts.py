"""Prompts say what a phase needs, the task last, and fit into the model's window."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from linus_nb.agent import prompts
from linus_nb.agent.agent import ReasoningAgent
from linus_nb.agent.prompts import Outcome, Situation, ToolLine
from linus_nb.agent.small.examples import nearest
from linus_nb.agent.window import estimated_tokens, fitted, looks_cut
from linus_nb.testing import ScriptedModel, Step

ADD = ToolLine("add", "Add two numbers.", ("a", "b"))
SITUATION = Situation(
    "2 + 3?",
    instructions="You are a clerk.",
    history=(HumanMessage("Hello"), AIMessage("Hi")),
    outcomes=(Outcome("add", "add", "5"), Outcome("tell", None, error="no voice")),
    missing=("the words",),
)
ALL = [
    prompts.plan_messages(SITUATION, [ADD]),
    prompts.choice_messages(SITUATION, [ADD]),
    prompts.argument_messages(SITUATION, "add", ADD, {"properties": {"a": {}}}),
    prompts.check_messages(SITUATION),
    prompts.step_messages(SITUATION, "tell"),
    prompts.answer_messages(SITUATION, None),
    prompts.answer_messages(SITUATION, {"properties": {"answer": {}}}),
]


@pytest.mark.parametrize("messages", ALL)
def test_every_phase_has_instructions_conversation_task_and_results(messages):
    assert messages[0] == SystemMessage("You are a clerk.")
    assert [message.text for message in messages[1:3]] == ["Hello", "Hi"]
    last = messages[-1].text
    assert last.startswith("Task: 2 + 3?")
    assert "- add [add] -> 5" in last
    assert "- tell -> FAILED: no voice" in last
    assert "Still missing: the words" in last


@pytest.mark.parametrize("messages", ALL)
def test_prompts_are_short(messages):
    assert estimated_tokens(messages) < 200


def test_a_schema_offers_the_tools_and_none():
    plan = prompts.plan_schema(["add"])["properties"]["tasks"]["items"]["properties"]
    assert plan["tool"]["enum"] == ["add", "none"]
    assert prompts.with_none(["add", "none"]) == ["add", "none"]


def test_a_long_result_is_shortened_for_the_model():
    text = str(Outcome("read", "file", "x" * 100_000))
    assert len(text) < prompts.LONGEST_RESULT + 100


def test_asking_again_shows_the_reply_and_the_fault():
    first = prompts.step_messages(SITUATION, "tell")
    messages = prompts.again(first, "", "the reply is empty")
    assert messages[: len(first)] == first
    assert messages[-2] == AIMessage("(empty)")
    assert "the reply is empty" in messages[-1].text


def test_a_small_model_sees_the_nearest_examples_with_the_tools_own_key():
    tool = ToolLine("calculator", "Works out an expression.", ("expression",))
    schema = {"properties": {"expression": {"type": "string"}}}
    messages = prompts.few_shot_messages("Multiply 5 by 6.", tool, schema)
    assert messages[-1] == HumanMessage("Multiply 5 by 6.")
    assert messages[-2] == AIMessage('{"expression": "22 * 30"}')
    assert len(messages) == 10


def test_examples_are_not_shown_for_several_parameters():
    schema = {"properties": {"a": {}, "b": {}}}
    assert len(prompts.few_shot_messages("Add 2 and 3.", ADD, schema)) == 2


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("How much older is Tom, who is 52, than Ann, who is 30?", "41 - 29"),
        ("How many words are in the sentence 'a b c'?", "the sun is warm"),
        ("How many days are there from 2020-01-01 to 2020-02-01?", "2024-03-01"),
    ],
)
def test_the_nearest_example_is_of_the_same_form(question, value):
    assert nearest(question)[-1].value == value


def test_the_oldest_messages_are_left_out_first_and_the_instructions_never():
    history = [HumanMessage(f"{number} " + "x" * 400) for number in range(50)]
    messages = [SystemMessage("You are a clerk."), *history, HumanMessage("And now?")]
    kept = fitted(messages, window=1000)
    assert kept[0].text == "You are a clerk."
    assert kept[-1].text == "And now?"
    assert kept[-2].text.startswith("49 ")
    assert 2 < len(kept) < len(messages)


def test_messages_that_have_to_stay_are_shortened_and_not_dropped():
    messages = [SystemMessage("s"), HumanMessage("task " * 2000), AIMessage("r"), HumanMessage("f")]
    kept = fitted(messages, window=1000, keep=3)
    assert [type(message) for message in kept] == [type(message) for message in messages]
    assert kept[1].text.startswith("task ")
    assert estimated_tokens(kept) <= 750


@given(st.lists(st.text(max_size=3000), min_size=1, max_size=8), st.integers(100, 4000))
def test_what_fits_fits_and_what_fitted_before_is_unchanged(texts, window):
    messages = [SystemMessage("Be brief."), *map(HumanMessage, texts)]
    kept = fitted(messages, window)
    assert kept[0].text == "Be brief."
    assert estimated_tokens(kept) <= window
    if estimated_tokens(messages) <= window * 0.75:
        assert kept == messages


@pytest.mark.parametrize(("counted", "cut"), [(1026, True), (9000, False), (None, False)])
def test_a_count_far_below_the_estimate_means_that_the_server_cut_the_prompt(counted, cut):
    assert looks_cut(10_000, counted) is cut


class WindowModel(ScriptedModel):
    num_ctx: int | None = None


@pytest.mark.anyio
async def test_a_prompt_that_does_not_fit_is_trimmed_with_a_warning(caplog):
    model = WindowModel(["fine"], num_ctx=2048)
    agent = ReasoningAgent(model, instructions="You are a clerk.")
    with caplog.at_level(logging.WARNING, logger="linus_nb"):
        await agent.arun("x" * 40_000)
    assert "num_ctx=2048" in caplog.text
    assert model.calls[0].messages[0].text == "You are a clerk."
    assert estimated_tokens(model.calls[0].messages) < 2048


@pytest.mark.anyio
async def test_a_prompt_that_the_server_cut_is_told(caplog):
    model = ScriptedModel([Step(text="fine", input_tokens=1026, output_tokens=1)])
    with caplog.at_level(logging.WARNING, logger="linus_nb"):
        await ReasoningAgent(model).arun("x" * 40_000)
    assert "read 1026 of about 10" in caplog.text


@pytest.mark.anyio
async def test_a_prompt_that_fits_is_sent_without_a_warning(caplog):
    with caplog.at_level(logging.WARNING, logger="linus_nb"):
        await ReasoningAgent(WindowModel(["fine"], num_ctx=2048)).arun("Hello")
    assert caplog.text == ""
