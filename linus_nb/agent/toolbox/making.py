"""Tools from plain functions."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, get_type_hints

from langchain_core.tools import BaseTool, StructuredTool

from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel


def as_tool(function_or_tool: BaseTool | Callable[..., Any]) -> BaseTool:
    """Make a tool from a function; a tool is returned as it is.

    Parameters
    ----------
    function_or_tool : BaseTool or callable
        A sync or async function, a method, or an object that can be called. Its name, its
        docstring and its type hints are what the model is told.

    Returns
    -------
    BaseTool
        The tool.

    Raises
    ------
    OptionError
        If the name, the docstring or a type hint is missing.

    Examples
    --------
    >>> def area(width: float, height: float) -> float:
    ...     '''Area of a rectangle.'''
    ...     return width * height
    >>> as_tool(area).name, list(as_tool(area).args)
    ('area', ['width', 'height'])
    """
    if isinstance(function_or_tool, BaseTool):
        return function_or_tool
    if not callable(function_or_tool):
        raise OptionError(
            f"{function_or_tool!r} is neither a tool nor a function",
            hint="tools=[my_function, *get_default_tools()]",
        )
    function = function_or_tool
    name = getattr(function, "__name__", type(function).__name__)
    description = inspect.getdoc(function)
    if name == "<lambda>" or not description:
        missing = "name" if name == "<lambda>" else "docstring"
        raise OptionError(
            f"the function {name!r} has no {missing}, so a model cannot know what it is for",
            hint='create_custom_tool("name", "what it does", function)',
        )
    _require_hints(name, function)
    return _build(name, description, function, None)


def create_custom_tool(
    name: str,
    description: str,
    func: Callable[..., Any],
    args_schema: type[BaseModel] | dict[str, Any] | None = None,
) -> BaseTool:
    """Make a tool with a name and a description of your own.

    Parameters
    ----------
    name : str
        What the model calls it.
    description : str
        What it does, for the model; one or two sentences.
    func : callable
        The function, sync or async.
    args_schema : pydantic model or dict, optional
        Its parameters; a dict is a JSON schema. By default the function's type hints tell.

    Returns
    -------
    BaseTool
        The tool.

    Examples
    --------
    >>> shout = create_custom_tool("shout", "Write a text in capitals.", str.upper)
    Traceback (most recent call last):
        ...
    linus_nb.errors.OptionError: parameter 'self' of 'shout' cannot be given by name
      -> write a function whose parameters all have names
    >>> def shouted(text: str) -> str:
    ...     return text.upper()
    >>> create_custom_tool("shout", "Write a text in capitals.", shouted).run({"text": "hi"})
    'HI'
    """
    if not name.strip() or not description.strip():
        raise OptionError(
            f"a tool needs a name and a description, not {name!r} and {description!r}",
            hint='create_custom_tool("name", "what it does", function)',
        )
    return _build(name, description, func, args_schema)


def _build(
    name: str,
    description: str,
    function: Callable[..., Any],
    args_schema: type[BaseModel] | dict[str, Any] | None,
) -> BaseTool:
    _require_named_parameters(name, function)
    if args_schema is not None:
        _require_matching_schema(name, function, args_schema)
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        type(function).__call__
    )
    readable = _with_readable_signature(function)
    return StructuredTool.from_function(
        func=None if is_async else readable,
        coroutine=readable if is_async else None,
        name=name,
        description=description,
        args_schema=args_schema,
    )


def _with_readable_signature(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain function: LangChain reads hints of no partial and no callable object."""
    if inspect.isfunction(function) or inspect.ismethod(function):
        return function
    inner = function.func if isinstance(function, functools.partial) else type(function).__call__
    signature = inspect.signature(function)
    hints = get_type_hints(inner, include_extras=True)
    bound = function.keywords if isinstance(function, functools.partial) else {}
    parameters = [
        parameter.replace(annotation=hints.get(parameter.name, Any))
        for parameter in signature.parameters.values()
        if parameter.name not in bound
    ]

    def call(**arguments: Any) -> Any:
        return function(**arguments)

    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call


def _require_hints(name: str, function: Callable[..., Any]) -> None:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.annotation is inspect.Parameter.empty:
            raise OptionError(
                f"parameter {parameter.name!r} of {name!r} has no type hint",
                hint=f"def {name}({parameter.name}: str, ...)",
            )


def _require_named_parameters(name: str, function: Callable[..., Any]) -> None:
    by_name = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in by_name:
            raise OptionError(
                f"parameter {parameter.name!r} of {name!r} cannot be given by name",
                hint="write a function whose parameters all have names",
            )


def _require_matching_schema(
    name: str, function: Callable[..., Any], schema: type[BaseModel] | dict[str, Any]
) -> None:
    fields = schema.get("properties", {}) if isinstance(schema, dict) else schema.model_fields
    try:
        inspect.signature(function).bind(**dict.fromkeys(fields))
    except TypeError as error:
        raise OptionError(
            f"args_schema of {name!r} does not fit its function: {error}",
            hint=f"give the schema the parameters of {name}{inspect.signature(function)}",
        ) from error
