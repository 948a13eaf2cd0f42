"""The scripted model replays its script, whoever calls it."""

import asyncio

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from linus_nb.errors import OptionError, ScriptError
from linus_nb.testing import Fault, ScriptedModel, Step

pytestmark = pytest.mark.anyio


def test_replies_come_in_order_and_dicts_are_json():
    model = ScriptedModel(["one", {"answer": 2}, Step(text="three")])
    assert [model.invoke("?").content for _ in range(3)] == ["one", '{"answer": 2}', "three"]


def test_a_step_in_a_mapping_is_for_the_calls_of_its_key():
    model = ScriptedModel({"Oslo": [Step(text="north")], "Rome": [Step(text="south")]})
    assert [model.invoke(city).content for city in ("Rome", "Oslo")] == ["south", "north"]


async def test_a_call_without_a_step_fails_naming_its_last_message():
    model = ScriptedModel([])
    with pytest.raises(ScriptError, match="last message is 'what now'"):
        await model.ainvoke("what now")
    with pytest.raises(ScriptError, match="what now"):
        model.assert_finished()


def test_leaving_the_block_fails_when_steps_are_left():
    model = ScriptedModel(["asked", "left"])
    model.invoke("?")
    with pytest.raises(ScriptError, match="1 steps were not asked for; the first says 'left'"):
        model.__exit__(None, None, None)


def test_a_with_block_does_not_hide_the_error_that_left_it():
    with pytest.raises(KeyError), ScriptedModel(["never asked"]):
        raise KeyError("the real one")


async def test_a_stream_joins_to_the_text_and_ends_with_counts_and_reason():
    step = Step(text="two  words\n", input_tokens=7, output_tokens=3, done_reason="length")
    chunks = [chunk async for chunk in ScriptedModel([step]).astream("?")]
    assert "".join(chunk.content for chunk in chunks) == "two  words\n"
    assert len([chunk for chunk in chunks if chunk.content]) == 3
    assert chunks[-1].usage_metadata["total_tokens"] == 10
    assert chunks[-1].response_metadata["done_reason"] == "length"


async def test_counts_that_were_not_given_are_absent():
    message = await ScriptedModel(["text"]).ainvoke("?")
    assert message.usage_metadata is None


async def test_an_error_is_raised_after_the_text_that_came_before_it():
    model = ScriptedModel([Step(text="so far", error=ConnectionError("gone"))])
    stream = model.astream("?")
    assert [(await anext(stream)).content for _ in range(2)] == ["so", " far"]
    with pytest.raises(ConnectionError, match="gone"):
        await anext(stream)


async def test_tool_calls_arrive_whole_in_both_ways_of_asking():
    step = Step(tool_calls=[{"name": "add", "args": {"a": 1}}])
    model = ScriptedModel([step, step])
    whole = await model.ainvoke("?")
    parts = [chunk async for chunk in model.astream("?")]
    assert whole.tool_calls[0]["args"] == {"a": 1}
    assert parts[-1].tool_calls[0]["args"] == {"a": 1}


async def test_keyed_replies_go_to_the_agents_whose_messages_match():
    model = ScriptedModel({"sum": ["10", "11"], "weather": ["rain"]})
    answers = await asyncio.gather(*(model.ainvoke(q) for q in ("weather?", "sum?", "the sum")))
    assert [answer.content for answer in answers] == ["rain", "10", "11"]
    model.assert_finished()


def test_a_predicate_sees_all_messages():
    step = Step(text="yes", when=lambda messages: isinstance(messages[0], SystemMessage))
    model = ScriptedModel([step, "no"])
    assert model.invoke([HumanMessage("hi")]).content == "no"
    assert model.invoke([SystemMessage("be kind"), HumanMessage("hi")]).content == "yes"


async def test_a_function_answers_every_call():
    model = ScriptedModel(lambda messages: messages[-1].text.upper())
    assert [(await model.ainvoke(text)).content for text in ("a", "b")] == ["A", "B"]


async def test_concurrent_calls_each_get_a_step_of_their_own():
    model = ScriptedModel([str(number) for number in range(50)])
    answers = await asyncio.gather(*(model.ainvoke("?") for _ in range(50)))
    assert {answer.content for answer in answers} == {str(number) for number in range(50)}
    assert len(model.calls) == 50


async def test_calls_record_messages_schema_and_temperature_of_copies_too():
    class Answer(BaseModel):
        value: int

    model = ScriptedModel([{"value": 4}, "not json"], temperature=0.7)
    exact = model.model_copy(update={"temperature": 0})
    structured = exact.with_structured_output(Answer, method="json_schema", include_raw=True)
    good, bad = await structured.ainvoke("2 + 2?"), await structured.ainvoke("again?")
    assert good["parsed"] == Answer(value=4)
    assert bad["parsed"] is None
    assert bad["raw"].content == "not json"
    assert bad["parsing_error"] is not None
    assert model.calls[0].format["properties"]["value"]["type"] == "integer"
    assert model.calls[0].options["temperature"] == 0
    assert model.calls[0].last_text == "2 + 2?"


async def test_a_stop_word_is_recorded_and_a_streaming_callback_hears_each_piece():
    heard = []

    class Listener(AsyncCallbackHandler):
        async def on_llm_new_token(self, token, **_):
            heard.append(token)

    model = ScriptedModel(["two words"])
    async for _ in model.astream("?", {"callbacks": [Listener()]}, stop=["END"]):
        pass
    assert model.calls[0].options["stop"] == ["END"]
    assert [piece for piece in heard if piece] == ["two", " words"]


async def test_without_the_raw_reply_a_structured_call_returns_the_value():
    model = ScriptedModel([{"value": 4}])
    assert await model.with_structured_output({"type": "object"}).ainvoke("?") == {"value": 4}


async def test_bound_tools_are_recorded():
    @tool
    def add(a: int) -> int:
        """Add."""
        return a

    model = ScriptedModel(["ok"])
    await model.bind_tools([add]).ainvoke("?")
    assert model.calls[0].options["tools"][0]["function"]["name"] == "add"


def test_what_is_no_reply_is_refused_with_an_example():
    with pytest.raises(OptionError, match="once"):
        ScriptedModel("text")
    with pytest.raises(OptionError, match="3 is no reply"):
        ScriptedModel([3])
    with pytest.raises(OptionError, match="use FakeOllama"):
        ScriptedModel([Fault.CUT]).invoke("?")
