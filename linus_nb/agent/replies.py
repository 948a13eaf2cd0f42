"""Reads what a model wrote; pure: text in, a plan, arguments, a check or an answer out.

Models wrap JSON in think tags, fences, prose and doubled braces, stop in the middle, or
write a tool call where an answer belongs. Every reader here gives what the reply holds,
or raises :class:`~linus_nb.errors.NoAnswerError` saying what was wrong with it; none
completes, guesses or uses a part of something that was cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from linus_nb.agent.json_values import JsonValue, json_values
from linus_nb.agent.tool_calls import Arguments, first_of, is_tool_call, tool_calls_in
from linus_nb.errors import NoAnswerError

T = TypeVar("T")

Accept: TypeAlias = Callable[[Arguments], Arguments]
"""Returns a tool's arguments as the tool takes them, or raises ValueError saying why not."""

_LONGEST_QUOTE = 300

_THINKING = re.compile(r"<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_THOUGHT = re.compile(r"</(think|thinking|thought|reasoning)>", re.IGNORECASE)
_NO_TOOL = {"", "none", "null"}
_NOTHING = {"", "none", "nothing", "null", "n/a"}


class _UnfitError(ValueError):
    """A JSON value is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One task of a plan.

    Parameters
    ----------
    task : str
        What to do.
    tool : str or None
        The tool that does it; None: the model itself.
    arguments : dict or None
        The tool's arguments, if the plan already said them.
    needs_earlier : bool
        It needs the results of the steps before it; otherwise it runs together with them.
    """

    task: str
    tool: str | None = None
    arguments: Arguments | None = None
    needs_earlier: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """The model's verdict on the results."""

    is_complete: bool
    reason: str
    missing: tuple[str, ...] = ()


def without_thinking(text: str) -> str:
    """Return the text after the last think block.

    Examples
    --------
    >>> without_thinking("<think>2 or 3?</think> 3")
    '3'
    >>> without_thinking("<think>the reply was cut while")
    ''
    """
    closings = list(_THOUGHT.finditer(text))
    rest = text[closings[-1].end() :] if closings else text
    opening = _THINKING.search(rest)
    return (rest[: opening.start()] if opening else rest).strip()


def read_plan(text: str, tools: Mapping[str, Accept]) -> tuple[Step, ...]:
    """Read a plan, or a tool call that came as text.

    Parameters
    ----------
    text : str
        The reply.
    tools : mapping of str to callable
        What each tool accepts. A tool call as text counts only if the tool is here and
        its arguments are accepted.

    Returns
    -------
    tuple of Step
        In the plan's order; empty if the plan has no tasks.

    Raises
    ------
    NoAnswerError
        If the reply holds no plan, or one that names an unknown tool.

    Examples
    --------
    >>> read_plan('{"tasks": [{"task": "add 2 and 3", "tool": "add"}]}', {"add": dict})
    (Step(task='add 2 and 3', tool='add', arguments=None, needs_earlier=False),)
    """
    values = list(json_values(without_thinking(text)))
    if len(values) > 1 and all(map(tool_calls_in, values)):
        text = json.dumps(values)
    return _first_readable(text, "a plan", lambda value: _plan_in(value, tools))


def read_arguments(text: str, tool: str, accept: Accept) -> Arguments:
    """Read the arguments for ``tool``; a whole tool call for it is unwrapped.

    Examples
    --------
    >>> read_arguments('{"name": "add", "parameters": {"a": 2}}', "add", dict)
    {'a': 2}
    """

    def arguments_in(value: JsonValue) -> Arguments:
        for called, arguments in tool_calls_in(value):
            if called != tool:
                raise _UnfitError(f"a call of {called!r} where {tool!r} was asked for")
            return accept(arguments)
        if isinstance(value, dict):
            return accept(value)
        raise _UnfitError("the arguments are not a JSON object")

    return _first_readable(text, f"arguments for {tool!r}", arguments_in)


def read_check(text: str) -> Check:
    """Read the verdict of a completion check.

    A verdict that says complete and yet names what is missing counts as incomplete.

    Examples
    --------
    >>> read_check('{"is_complete": true, "reason": "all there", "missing": []}')
    Check(is_complete=True, reason='all there', missing=())
    """
    return _first_readable(text, "a verdict", _check_in)


def read_choice(text: str, key: str, choices: tuple[str, ...]) -> str:
    """Read which of ``choices`` the model took.

    Examples
    --------
    >>> read_choice('{"tool": "add"}', "tool", ("add", "none"))
    'add'
    """

    def choice_in(value: JsonValue) -> str:
        chosen = value.get(key) if isinstance(value, dict) else None
        if not isinstance(chosen, str) or chosen not in choices:
            raise _UnfitError(f"{chosen!r} is not one of {', '.join(choices)}")
        return chosen

    return _first_readable(text, f"a choice of {key}", choice_in)


def read_answer(text: str, tools: Container[str]) -> str:
    """Read an answer in words; a tool call is none.

    Examples
    --------
    >>> read_answer("<think>42 * 17</think>It is 714.", tools=())
    'It is 714.'
    """
    answer = without_thinking(text)
    if not answer:
        raise NoAnswerError("the reply is empty")
    if is_tool_call(answer, tools):
        raise NoAnswerError(f"the reply is a tool call, not an answer: {quote(answer)}")
    return answer


def read_value(text: str, validate: Callable[[JsonValue], T]) -> T:
    """Read an answer that has to fit a schema.

    Parameters
    ----------
    text : str
        The reply.
    validate : callable
        Returns the validated instance, or raises ValueError saying why not.
    """
    return _first_readable(text, "an answer that fits the schema", validate)


def quote(text: str) -> str:
    r"""Return ``text`` for an error message: on one line, at most 300 characters.

    Examples
    --------
    >>> quote("two\nlines")
    "'two lines'"
    """
    quoted = repr(" ".join(text[: 2 * _LONGEST_QUOTE].split()))
    return quoted if len(quoted) <= _LONGEST_QUOTE else f"{quoted[: _LONGEST_QUOTE - 1]}…"


def _first_readable(text: str, wanted: str, read: Callable[[JsonValue], T]) -> T:
    """Return what ``read`` makes of the first JSON value that it can read."""
    content = without_thinking(text)
    if not content:
        raise NoAnswerError("the reply is empty")
    complaint = "there is no complete JSON in it"
    for value in json_values(content):
        try:
            return read(value)
        except ValueError as error:
            complaint = str(error)[:_LONGEST_QUOTE]
    raise NoAnswerError(f"the reply is not {wanted} ({complaint}): {quote(content)}")


def _plan_in(value: JsonValue, tools: Mapping[str, Accept]) -> tuple[Step, ...]:
    tasks = value
    if isinstance(value, dict):
        tasks = first_of(value, ("tasks", "steps", "plan", "tool_calls"))
        if tasks is None and tool_calls_in(value):
            tasks = [value]
    elif isinstance(value, list) and not (value and all(isinstance(v, dict) for v in value)):
        tasks = None
    if not isinstance(tasks, list):
        raise _UnfitError("there is no list of tasks")
    return tuple(_step_in(task, tools) for task in tasks)


def _step_in(value: JsonValue, tools: Mapping[str, Accept]) -> Step:
    if isinstance(value, str) and value.strip():
        return Step(value.strip())
    if not isinstance(value, dict):
        raise _UnfitError(f"{value!r} is not a task")
    called, arguments = next(iter(tool_calls_in(value)), (None, None))
    tool = _known_tool(called or value.get("tool"), tools)
    text = first_of(value, ("task", "description", "step"))
    is_task = isinstance(text, str) and bool(text.strip())
    if not is_task and (tool is None or arguments is None):
        raise _UnfitError("a task has no text")
    if tool is not None and arguments is not None:
        arguments = _accepted(tools[tool], arguments, required=not is_task)
    return Step(
        text.strip() if isinstance(text, str) and is_task else str(tool),
        tool,
        arguments if tool else None,
        value.get("needs_earlier") is True,
    )


def _accepted(accept: Accept, arguments: Arguments, *, required: bool) -> Arguments | None:
    """Return what the tool accepts; a task may come without it, a mere call may not."""
    try:
        return accept(arguments)
    except ValueError:
        if required:
            raise
        return None


def _known_tool(name: JsonValue, tools: Mapping[str, Accept]) -> str | None:
    """Return the tool's own name; None for no tool."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise _UnfitError(f"the tool {name!r} is not a name")
    if name in tools:
        return name
    if name.strip().lower() in _NO_TOOL:
        return None
    raise _UnfitError(f"there is no tool {name!r}; there are: {', '.join(tools) or 'none'}")


def _check_in(value: JsonValue) -> Check:
    if not isinstance(value, dict):
        raise _UnfitError("the verdict is not a JSON object")
    verdict = {"true": True, "false": False}.get(str(value.get("is_complete")).lower())
    if verdict is None:
        raise _UnfitError("is_complete is neither true nor false")
    missing = value.get("missing") or []
    items = missing if isinstance(missing, list) else [missing]
    names = tuple(text for item in items if (text := str(item).strip()).lower() not in _NOTHING)
    return Check(verdict and not names, str(value.get("reason") or ""), names)
