"""What goes into an agent and comes out of it is checked against its types."""

import enum
from typing import Literal

import pytest
from agent_scripts import ARGUMENTS, COMPLETE, multiply, plan
from pydantic import BaseModel

from linus_nb.agent.agent import ReasoningAgent
from linus_nb.agent.tools import create_custom_tool
from linus_nb.errors import (
    InvalidTaskError,
    NoAnswerError,
    OptionError,
)
from linus_nb.testing import ScriptedModel

pytestmark = pytest.mark.anyio


class City(BaseModel):
    name: str
    people: int


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


@pytest.mark.parametrize(
    ("schema", "reply", "result"),
    [
        (City, '{"name": "Graz", "people": 300000}', City(name="Graz", people=300_000)),
        (
            City,
            '```json\n{"name": "Graz", "people": "7", "x": 1}\n```',
            City(name="Graz", people=7),
        ),
        (Literal["yes", "no"], '{"answer": "no"}', "no"),
        (Literal["yes", "no"], "yes", "yes"),
        (Mood, '{"answer": "bad"}', Mood.BAD),
        (Mood, "<think>?</think>good", Mood.GOOD),
        (int, '{"answer": 714}', 714),
        (int, "714", 714),
        (bool, '{"answer": true}', True),
        (list[int], '{"answer": [1, 2]}', [1, 2]),
        (list[int], "[1, 2]", [1, 2]),
        (dict, '{"a": 1}', {"a": 1}),
        (str, "just words", "just words"),
    ],
)
async def test_the_result_is_an_instance_of_the_output_schema(schema, reply, result):
    response = await ReasoningAgent(ScriptedModel([reply]), output_schema=schema).arun("?")
    assert response.result == result
    assert type(response.result) is type(result)


async def test_an_answer_that_does_not_fit_is_asked_again_with_the_reason():
    model = ScriptedModel(['{"name": "Graz"}', '{"name": "Graz", "people": 3}'])
    response = await ReasoningAgent(model, output_schema=City).arun("?")
    assert response.result.people == 3
    assert "people: Field required" in model.calls[1].last_text


async def test_an_answer_that_never_fits_is_none():
    with pytest.raises(NoAnswerError, match="fits the schema"):
        await ReasoningAgent(ScriptedModel(["Graz"] * 3), output_schema=int).arun("?")


def test_something_that_is_no_type_is_refused_as_a_schema():
    with pytest.raises(OptionError, match="output_schema="):
        ReasoningAgent(ScriptedModel([]), output_schema=object())


@pytest.mark.parametrize(
    "task",
    [City(name="Graz", people=3), {"name": "Graz", "people": 3}, '{"name":"Graz","people":3}'],
)
async def test_a_task_that_fits_the_input_schema_reaches_the_model_as_json(task):
    model = ScriptedModel(["fine"])
    await ReasoningAgent(model, input_schema=City).arun(task)
    assert model.calls[0].last_text == '{"name":"Graz","people":3}'


async def test_a_model_of_another_class_fits_if_its_fields_do():
    class Town(BaseModel):
        name: str
        people: int
        river: str = "Mur"

    model = ScriptedModel(["fine"])
    await ReasoningAgent(model, input_schema=City).arun(Town(name="Graz", people=3))
    assert model.calls[0].last_text == '{"name":"Graz","people":3}'


async def test_a_tools_parameters_may_be_a_json_schema():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    }
    tool = create_custom_tool("times", "Multiply.", multiply, args_schema=schema)
    script = [plan("times"), '{"a": 42}', ARGUMENTS, COMPLETE, "714"]
    with ScriptedModel(script) as model:
        response = await ReasoningAgent(model, [tool]).arun("?")
    assert response.metrics.successful_tool_calls == 1


@pytest.mark.parametrize("task", ["Graz", {"name": "Graz"}, {"name": "Graz", "people": "many"}])
async def test_a_task_that_does_not_fit_is_refused_before_any_call(task):
    model = ScriptedModel([])
    with pytest.raises(InvalidTaskError, match="input_schema") as caught:
        await ReasoningAgent(model, input_schema=City).arun(task)
    assert isinstance(caught.value, ValueError)
    assert model.calls == ()


async def test_an_empty_task_is_refused():
    with pytest.raises(InvalidTaskError, match="empty"):
        await ReasoningAgent(ScriptedModel([])).arun("  ")


async def test_the_result_is_put_into_the_state():
    state = {}
    agent = ReasoningAgent(ScriptedModel(["Paris"]), output_key="capital", state=state)
    await agent.arun("?")
    assert state == {"capital": "Paris"}


def test_a_state_without_a_key_is_refused():
    with pytest.raises(OptionError, match="output_key"):
        ReasoningAgent(ScriptedModel([]), state={})
