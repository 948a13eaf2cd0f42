"""Tools from functions, and how a tool is run."""

import asyncio
import contextvars
import functools
import threading
from typing import Any, Literal

import pytest
from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

from linus_nb.agent.tools import (
    as_tool,
    create_custom_tool,
    get_default_tools,
    run_tool,
)
from linus_nb.errors import OptionError, ToolError, ToolTimeoutError

pytestmark = pytest.mark.anyio
USER = contextvars.ContextVar("user", default="nobody")


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


async def doubled_later(number: int) -> int:
    """Double a number, without a hurry."""
    await asyncio.sleep(0)
    return 2 * number


class Scale:
    """Multiply by a factor."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, number: int) -> int:
        return self.factor * number

    def times(self, number: int) -> int:
        """Multiply by the factor."""
        return self.factor * number


class Legacy(BaseTool):
    name: str = "legacy"
    description: str = "A tool with its own class."

    def _run(self, number: int) -> str:
        return f"{number} in {threading.current_thread().name}"


# --- making -----------------------------------------------------------------


@pytest.mark.parametrize(
    "function", [double, doubled_later, Scale(2), Scale(2).times], ids=lambda f: type(f).__name__
)
async def test_any_typed_callable_becomes_a_tool(function):
    tool = as_tool(function)
    assert tool.description
    assert list(tool.args) == ["number"]
    assert await run_tool(tool, {"number": 21}) == 42


async def test_a_partial_becomes_a_tool_without_its_bound_argument():
    def power(base: int, exponent: int) -> int:
        return base**exponent

    tool = create_custom_tool("square", "Square a number.", functools.partial(power, exponent=2))
    assert list(tool.args) == ["base"]
    assert await run_tool(tool, {"base": 5}) == 25


def test_a_tool_is_returned_as_it_is():
    tool = as_tool(double)
    assert as_tool(tool) is tool


def untyped(number):
    """Double a number."""


def undocumented(number: int) -> int:
    return number


def variadic(*numbers: int) -> int:
    """Add numbers."""
    return sum(numbers)


@pytest.mark.parametrize(
    ("thing", "complaint"),
    [
        (untyped, "parameter 'number' of 'untyped' has no type hint"),
        (undocumented, "'undocumented' has no docstring"),
        (lambda number: number, "'<lambda>' has no name"),
        (variadic, "parameter 'numbers' of 'variadic' cannot be given by name"),
        (5, "5 is neither a tool nor a function"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_with_its_reason(thing, complaint):
    with pytest.raises(OptionError, match=complaint):
        as_tool(thing)


async def test_a_custom_tool_takes_a_lambda_and_a_schema():
    class Arguments(BaseModel):
        number: int = Field(ge=0)

    tool = create_custom_tool("triple", "Triple a number.", lambda number: 3 * number, Arguments)
    assert await run_tool(tool, {"number": 2}) == 6
    with pytest.raises(ToolError, match="refuses number = -1: Input should be greater"):
        await run_tool(tool, {"number": -1})


async def test_a_custom_tool_takes_a_json_schema():
    schema = {"type": "object", "properties": {"number": {"type": "integer"}}}
    tool = create_custom_tool(
        "triple", "Triple.", lambda number: 3 * number, schema | {"required": ["number"]}
    )
    assert await run_tool(tool, {"number": 2}) == 6
    with pytest.raises(ToolError, match="needs 'number'"):
        await run_tool(tool, {})


def test_a_schema_that_does_not_fit_the_function_is_refused():
    class Wrong(BaseModel):
        amount: int

    with pytest.raises(
        OptionError, match="does not fit its function: missing a required argument: 'number'"
    ):
        create_custom_tool("double", "Double.", double, Wrong)


@pytest.mark.parametrize(("name", "description"), [("", "d"), ("n", " ")])
def test_a_custom_tool_needs_a_name_and_a_description(name, description):
    with pytest.raises(OptionError, match="needs a name and a description"):
        create_custom_tool(name, description, double)


def print_then(function, number: int) -> Any:
    return function(number)


# --- running ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"number": "many"}, "refuses number = 'many'"),
        ({}, "needs 'number'"),
        ({"number": 1, "unit": "kg"}, "has no parameter 'unit' .given as 'kg'."),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_naming_field_and_value(arguments, complaint):
    with pytest.raises(ToolError, match=complaint) as caught:
        await run_tool(as_tool(double), arguments)
    assert caught.value.hint == "double(number: integer)"


async def test_a_parameter_named_type_is_a_parameter():
    def kind(type: Literal["tool_call", "other"]) -> str:  # noqa: A002 - the name is the point
        """Name the type."""
        return type

    assert await run_tool(as_tool(kind), {"type": "tool_call"}) == "tool_call"


async def test_a_sync_tool_sees_the_callers_context_in_another_thread():
    def who() -> tuple[str, bool]:
        """Say who calls."""
        return USER.get(), threading.current_thread() is threading.main_thread()

    token = USER.set("ada")
    try:
        assert await run_tool(as_tool(who), {}) == ("ada", False)
    finally:
        USER.reset(token)


async def test_an_async_tool_runs_on_the_callers_loop():
    async def where() -> int:
        """Say which loop runs."""
        return id(asyncio.get_running_loop())

    assert await run_tool(as_tool(where), {}) == id(asyncio.get_running_loop())


async def test_a_tool_class_without_an_async_form_gets_a_thread_of_its_own():
    assert await run_tool(Legacy(), {"number": 1}) == "1 in tool-legacy"


async def test_an_awaitable_result_is_awaited():
    tool = create_custom_tool("later", "Double.", functools.partial(print_then, doubled_later))
    assert await run_tool(tool, {"number": 4}) == 8


async def test_fifty_hung_tools_do_not_keep_another_from_running():
    release = threading.Event()

    def hang() -> bool:
        """Wait for the end of the test."""
        return release.wait()

    hung = [asyncio.create_task(run_tool(as_tool(hang), {})) for _ in range(50)]
    try:
        assert await run_tool(as_tool(double), {"number": 1}, timeout=5) == 2
    finally:
        release.set()
    assert all(await asyncio.gather(*hung))


async def test_cancelling_returns_at_once_and_leaves_the_thread_behind():
    started, release = threading.Event(), threading.Event()

    def hang() -> None:
        """Wait for the end of the test."""
        started.set()
        release.wait()

    call = asyncio.create_task(run_tool(as_tool(hang), {}))
    await asyncio.to_thread(started.wait)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert [thread for thread in threading.enumerate() if thread.name == "tool-hang"]
    release.set()


def test_a_thread_that_ends_after_its_loop_harms_nobody():
    release = threading.Event()
    threads = []

    def hang() -> None:
        """Wait for the end of the loop."""
        threads.append(threading.current_thread())
        release.wait()

    with pytest.raises(ToolTimeoutError):
        asyncio.run(run_tool(as_tool(hang), {}, timeout=0.01))
    release.set()
    threads[0].join()


async def test_a_tool_that_takes_too_long_is_a_timeout_error_with_its_name():
    async def hang() -> None:
        """Wait for ever."""
        await asyncio.Event().wait()

    with pytest.raises(ToolTimeoutError, match=r"'hang' did not return within 0\.01 s") as caught:
        await run_tool(as_tool(hang), {}, timeout=0.01)
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize(
    "error", [ValueError("bad"), TimeoutError("own"), StopIteration(1), SystemExit(3), KeyError()]
)
@pytest.mark.parametrize("in_thread", [True, False], ids=["sync", "async"])
async def test_whatever_a_tool_raises_is_a_tool_error_that_keeps_its_cause(error, in_thread):
    def broken() -> None:
        """Raise."""
        raise error

    async def broken_later() -> None:
        """Raise."""
        raise error

    if isinstance(error, SystemExit) and not in_thread:
        error = RuntimeError("SystemExit on the loop is the loop's own business")
    with pytest.raises(ToolError, match="failed: ") as caught:
        await run_tool(as_tool(broken if in_thread else broken_later), {}, timeout=5)
    assert not isinstance(caught.value, ToolTimeoutError)
    assert caught.value.__cause__ is not None


async def test_a_tool_that_cancels_itself_has_failed():
    async def gives_up() -> None:
        """Raise what only a caller may."""
        raise asyncio.CancelledError

    with pytest.raises(ToolError, match="CancelledError"):
        await run_tool(as_tool(gives_up), {})


async def test_a_tool_error_of_the_tools_own_is_not_wrapped():
    with pytest.raises(ToolError, match=r"^cannot calculate") as caught:
        await run_tool(get_default_tools()[0], {"expression": "1 / 0"})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
