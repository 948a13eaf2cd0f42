"""A tool of an agent may take so long, and then it is a failed step that the model sees."""

import asyncio
import threading

import pytest
from agent_scripts import A_ROUND, COMPLETE, INCOMPLETE, multiply, plan

from linus_nb.agent.agent import ReasoningAgent
from linus_nb.errors import OptionError
from linus_nb.testing import ScriptedModel

pytestmark = pytest.mark.anyio


async def wait() -> str:
    """Wait for ever."""
    await asyncio.Event().wait()
    return "never"


@pytest.fixture
def hang():
    """A tool that hangs in its thread, until the test has ended."""
    ended = threading.Event()

    def hang() -> str:
        """Hang."""
        ended.wait()
        return "never"

    yield hang
    ended.set()


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_a_tool_that_takes_too_long_is_a_failed_step(kind, named, hang):
    tool = wait if kind == "async" else hang
    script = [plan(tool.__name__), INCOMPLETE, *A_ROUND, COMPLETE, "714"]
    limit = {tool.__name__: 0.02} if named else 0.02
    with ScriptedModel(script) as model:
        agent = ReasoningAgent(model, [tool, multiply], tool_timeout=limit)
        response = await agent.arun("?")
    assert response.result == "714"
    assert response.metrics.failed_tool_calls == 1
    assert "did not return within 0.02 s" in model.calls[1].last_text
    assert "tool_timeout=0.04" in next(
        record.error for record in response.execution_history if record.error
    )


async def test_without_a_limit_a_tool_may_take_its_time():
    with ScriptedModel([*A_ROUND, COMPLETE, "714"]) as model:
        agent = ReasoningAgent(model, [multiply], tool_timeout={"multiply": 30})
        assert (await agent.arun("?")).metrics.successful_tool_calls == 1


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        (0, "tool_timeout=0 is not"),
        ({"multiply": -1}, "tool_timeout=-1 is not"),
        ({"divide": 1}, "names 'divide', which is no tool"),
    ],
)
def test_a_limit_that_can_never_work_is_refused(limit, why):
    with pytest.raises(OptionError, match=why):
        ReasoningAgent(ScriptedModel([]), [multiply], tool_timeout=limit)
