"""Any agent, Runnable or function as one thing that can be called.

:func:`callee_of` looks once at what a node was given and says how it is called, whether it
is awaited or needs a thread, and what it takes.
"""

from __future__ import annotations

import functools
import inspect
import sys
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from linus_nb.errors import OptionError
from linus_nb.rendering import message_text

if TYPE_CHECKING:
    from collections.abc import Callable

Takes = Literal["parameters", "task", "text", "mapping", "state"]
"""What a callee takes: a function's parameters; an agent's task; a chat model's text; a
Runnable's dict; a nested DAG's initial state."""

_VARIABLE_KEYWORD = inspect.CO_VARKEYWORDS


class Parameters(NamedTuple):
    """The parameters of a function.

    Parameters
    ----------
    positional : tuple of str
        Those that can only be given by position.
    named : tuple of str
        All others but ``*args`` and ``**kwargs``.
    required : frozenset of str
        Those without a default.
    any_keyword : bool
        Whether there is a ``**kwargs``.
    """

    positional: tuple[str, ...]
    named: tuple[str, ...]
    required: frozenset[str]
    any_keyword: bool

    @property
    def all(self) -> tuple[str, ...]:
        """Every parameter with a name of its own."""
        return self.positional + self.named


class Callee(NamedTuple):
    """How a node's agent is called.

    Parameters
    ----------
    function : callable
        What to call.
    takes : str
        See ``Takes``.
    is_async : bool
        True: calling it gives an awaitable at once; False: it needs a thread.
    parameters : Parameters, optional
        Of a function.
    """

    function: Callable[..., Any]
    takes: Takes
    is_async: bool
    parameters: Parameters | None = None


def callee_of(agent: Any) -> Callee:
    """Return how ``agent`` is called.

    Parameters
    ----------
    agent : object
        Anything with ``arun``, ``ainvoke``, ``run`` or ``invoke``, or a callable.

    Raises
    ------
    OptionError
        If there is no way to call it.

    Examples
    --------
    >>> callee = callee_of(lambda a, b=1: a)
    >>> callee.takes, callee.is_async, callee.parameters.required
    ('parameters', False, frozenset({'a'}))
    """
    if type(agent) is FunctionType:
        return _function(agent)
    if hasattr(agent, "get_execution_order") and hasattr(agent, "add_edge"):
        return Callee(agent, "state", is_async=True)
    for name in () if isinstance(agent, type) else ("arun", "ainvoke", "run", "invoke"):
        method = getattr(agent, name, None)
        if callable(method):
            return Callee(method, _takes(agent, name), is_async=name.startswith("a"))
    if callable(agent):
        return _function(agent)
    raise OptionError(
        f"{agent!r} cannot be called: it has no arun, ainvoke, run or invoke and is no function",
        hint="give a function, an agent, a LangChain Runnable or an AgentDAG",
    )


def output_of(value: Any) -> tuple[Any, Any]:
    """Return a node's output and, if an agent or a model gave it, the whole response.

    An agent's output is its ``.result``, a message's its text.
    """
    if hasattr(value, "completion_status") and hasattr(value, "result"):
        # A table's columns are attributes too, but a table is nobody's response.
        return (value, None) if hasattr(value, "dtypes") else (value.result, value)
    text = message_text(value)
    if text is not None:
        return text, value
    return value, None


def _takes(agent: Any, method: str) -> Takes:
    if method.endswith("run"):
        return "task"
    return "text" if _is_language_model(agent) else "mapping"


def _function(function: Callable[..., Any]) -> Callee:
    return Callee(function, "parameters", _is_async(function), parameters_of(function))


def _is_async(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, FunctionType | MethodType):
        return inspect.iscoroutinefunction(function)
    return inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _is_language_model(agent: Any) -> bool:
    # If langchain was never imported, the agent cannot be one of its models.
    models = sys.modules.get("langchain_core.language_models")
    return models is not None and isinstance(agent, models.BaseLanguageModel)


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """Return the parameters of ``function``; one that hides them takes nothing."""
    if type(function) is FunctionType and not hasattr(function, "__wrapped__"):
        with_default = len(function.__defaults__ or ())
        return _parameters_of_code(
            function.__code__, with_default, tuple(function.__kwdefaults__ or ())
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return Parameters((), (), frozenset(), any_keyword=False)
    kinds: dict[Any, list[str]] = {}
    for parameter in signature.parameters.values():
        kinds.setdefault(parameter.kind, []).append(parameter.name)
    named = kinds.get(inspect.Parameter.POSITIONAL_OR_KEYWORD, [])
    named += kinds.get(inspect.Parameter.KEYWORD_ONLY, [])
    positional = kinds.get(inspect.Parameter.POSITIONAL_ONLY, [])
    required = {
        name
        for name in positional + named
        if signature.parameters[name].default is inspect.Parameter.empty
    }
    any_keyword = inspect.Parameter.VAR_KEYWORD in kinds
    return Parameters(tuple(positional), tuple(named), frozenset(required), any_keyword)


@functools.lru_cache(maxsize=1024)
def _parameters_of_code(
    code: CodeType, with_default: int, keyword_defaults: tuple[str, ...]
) -> Parameters:
    # Ten times faster than inspect.signature, which would dominate building a large DAG; and
    # the functions that a loop defines have one code, so that one answer serves all of them.
    by_position = code.co_varnames[: code.co_argcount]
    by_keyword = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
    required = by_position[: len(by_position) - with_default]
    required += tuple(name for name in by_keyword if name not in keyword_defaults)
    return Parameters(
        by_position[: code.co_posonlyargcount],
        by_position[code.co_posonlyargcount :] + by_keyword,
        frozenset(required),
        bool(code.co_flags & _VARIABLE_KEYWORD),
    )
