"""Running one tool: its arguments checked, its errors as one kind, its result as text.

A sync tool gets a thread of its own for each call. The loop's default pool would not do: it has
few threads, and a handful of hung tools would block every later one. The thread is a daemon, so
a tool that never returns cannot keep the interpreter alive either.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError

from linus_nb.errors import ToolError, ToolTimeoutError
from linus_nb.rendering import shortened

T = TypeVar("T")


async def run_tool(
    tool: BaseTool,
    arguments: Mapping[str, Any],
    *,
    timeout: float | None = None,  # noqa: ASYNC109 - its error names the tool
) -> object:
    """Call a tool with arguments that a model chose.

    An async tool is awaited. A sync one runs in a thread of its own, with the caller's context
    variables; if the call is cancelled or times out, that thread is left behind and its result
    is ignored.

    Parameters
    ----------
    tool : BaseTool
        The tool; :func:`as_tool` makes one from a function.
    arguments : mapping
        One entry a parameter, by name.
    timeout : float, optional
        The most seconds that the tool may take; ``None`` sets no limit.

    Returns
    -------
    object
        Whatever the tool returns.

    Raises
    ------
    ToolError
        If the arguments do not fit, naming the field and its value, or if the tool raises;
        its own exception is the ``__cause__``.
    ToolTimeoutError
        If it takes longer than ``timeout``.

    Examples
    --------
    >>> from linus_nb.agent.tools import as_tool
    >>> def double(number: int) -> int:
    ...     '''Double a number.'''
    ...     return 2 * number
    >>> asyncio.run(run_tool(as_tool(double), {"number": 21}))
    42
    """
    check_arguments(tool, arguments)
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            return await _call(tool, dict(arguments))
    except ToolError:
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise _failure(tool, error) from error  # raised by the tool: nobody cancelled us
    except TimeoutError as error:
        if not limit.expired():
            raise _failure(tool, error) from error
        raise ToolTimeoutError(
            f"tool {tool.name!r} did not return within {timeout:g} s",
            hint=f"look why it hangs, or give it more time: tool_timeout={2 * (timeout or 0):g}",
        ) from error
    except Exception as error:
        raise _failure(tool, error) from error


def check_arguments(tool: BaseTool, arguments: Mapping[str, Any]) -> None:
    """Raise a ToolError unless ``arguments`` fit the tool's parameters.

    Parameters
    ----------
    tool : BaseTool
        The tool that is to be called.
    arguments : mapping
        One entry a parameter, by name; a name that is no parameter is refused too.
    """
    known = tool.args
    unknown = [name for name in arguments if name not in known]
    if unknown:
        value = shortened(repr(arguments[unknown[0]]), 80)
        raise ToolError(
            f"tool {tool.name!r} has no parameter {unknown[0]!r} (given as {value})",
            hint=_usage(tool),
        )
    schema = tool.args_schema
    try:
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            schema.model_validate(dict(arguments))
        elif isinstance(schema, Mapping):
            _check_required(tool, schema, arguments)
    except ValidationError as error:
        raise ToolError(_complaint(tool, error), hint=_usage(tool)) from error


def _check_required(
    tool: BaseTool, schema: Mapping[str, Any], arguments: Mapping[str, Any]
) -> None:
    for name in schema.get("required", ()):
        if name not in arguments:
            raise ToolError(f"tool {tool.name!r} needs {name!r}", hint=_usage(tool))


def _complaint(tool: BaseTool, error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(map(str, problem["loc"])) or "arguments"
    if problem["type"] == "missing":
        return f"tool {tool.name!r} needs {field!r}"
    value = shortened(repr(problem["input"]), 80)
    return f"tool {tool.name!r} refuses {field} = {value}: {shortened(problem['msg'], 300)}"


def _usage(tool: BaseTool) -> str:
    parameters = ", ".join(
        f"{name}: {schema.get('type', 'one of the offered values' if 'enum' in schema else 'any')}"
        for name, schema in tool.args.items()
    )
    return f"{tool.name}({parameters})"


async def _call(tool: BaseTool, arguments: dict[str, Any]) -> object:
    # `run` and `arun`, not `invoke`: that would take a dict with a key "type" for a tool call
    if is_async(tool):
        result = await tool.arun(arguments)
    else:
        result = await call_in_thread(lambda: tool.run(arguments), name=f"tool-{tool.name}")
    return await result if inspect.isawaitable(result) else result


def is_async(tool: BaseTool) -> bool:
    """Tell whether the tool has an async form of its own, and not LangChain's pooled one."""
    if "coroutine" in type(tool).model_fields:
        return getattr(tool, "coroutine", None) is not None
    return type(tool)._arun is not BaseTool._arun  # noqa: SLF001 - LangChain's extension point


class _Outcome(Generic[T]):
    """What a thread hands back. An exception travels as a value: a future refuses some kinds."""

    __slots__ = ("error", "value")

    def __init__(self, value: T | None = None, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error


async def call_in_thread(function: Callable[[], T], *, name: str) -> T:
    """Run ``function`` in a thread of its own, in a copy of the caller's context.

    Parameters
    ----------
    function : callable
        Takes nothing; bind its arguments beforehand.
    name : str
        The thread's name, for debuggers.

    Returns
    -------
    object
        What the function returns. Cancelling the await returns at once; the thread runs on.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Outcome[T]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(outcome: _Outcome[T]) -> None:
        if not done.done():
            done.set_result(outcome)

    def work() -> None:
        try:
            outcome = _Outcome(value=context.run(function))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's task
            outcome = _Outcome(error=error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name=name, daemon=True).start()
    outcome = await done
    if outcome.error is not None:
        raise _as_exception(outcome.error)
    return outcome.value  # type: ignore[return-value]  # None only where T allows it


def _as_exception(error: BaseException) -> BaseException:
    """Keep what a thread raised from acting on this task: SystemExit would end the kernel."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"{type(error).__name__}: {error}" if str(error) else repr(error))
    wrapped.__cause__ = error
    return wrapped


def _failure(tool: BaseTool, error: BaseException) -> ToolError:
    text = shortened(str(error), 500)
    return ToolError(
        f"tool {tool.name!r} failed: {type(error).__name__}{': ' if text else ''}{text}"
    )
