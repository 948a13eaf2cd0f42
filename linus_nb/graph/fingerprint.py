"""What a node *is*: its configuration and its code, comparable and stable across processes.

Running a notebook cell twice makes new function objects of the same code; they are the
same node. Changing a line, a default, a captured value, a global or a helper that the
function names makes it another one. Line numbers do not count.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linus_nb.graph.node import AgentNode, Edge

Description = tuple[Any, ...]
"""Nested tuples of str, numbers, bytes and None."""


def same_node(one: AgentNode, other: AgentNode) -> bool:
    """Whether two nodes would do the same."""
    return one is other or describe(one) == describe(other)


def same_edge(one: Edge, other: Edge) -> bool:
    """Whether two edges mean the same (who drew them does not count)."""
    if (one.source, one.target, one.label, one.routes) != (
        other.source, other.target, other.label, other.routes,
    ):  # fmt: skip
        return False
    return describe((one.condition, one.branch)) == describe((other.condition, other.branch))


def describe(value: object) -> Description:
    """Return nested tuples that are equal for values that do the same.

    Examples
    --------
    >>> describe(lambda x: x + 1) == describe(lambda x: x + 1)
    True
    >>> describe(lambda x: x + 1) == describe(lambda x: x + 2)
    False
    """
    return _Describer().describe(value)


class _Describer:
    """One walk; what was met before is named by its number, so that circles end."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []  # keeps ids from being used again during the walk

    def describe(self, value: Any) -> Description:  # noqa: PLR0911 - one kind of value a line
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return (type(value).__name__, repr(value))
        if isinstance(value, CodeType):
            return self._code(value)
        if id(value) in self._numbers:
            return ("met", self._numbers[id(value)])
        self._numbers[id(value)] = len(self._numbers)
        self._kept.append(value)
        if isinstance(value, Mapping):
            return ("mapping", *((self.describe(k), self.describe(v)) for k, v in value.items()))
        if isinstance(value, list | tuple):
            return (type(value).__name__, *map(self.describe, value))
        if isinstance(value, set | frozenset):
            return ("set", *sorted(map(repr, map(self.describe, value))))
        if callable(value) and not hasattr(value, "ainvoke") and not hasattr(value, "arun"):
            return self._callable(value)
        return self._object(value)

    def _callable(self, value: Any) -> Description:
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            return ("method", self.describe(value.__self__), self.describe(value.__func__))
        if isinstance(value, functools.partial):
            return ("partial", *map(self.describe, (value.func, value.args, value.keywords)))
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, BuiltinFunctionType):
            return ("builtin", value.__module__ or "", value.__qualname__)
        return self._object(value)

    def _function(self, function: FunctionType) -> Description:
        code = function.__code__
        closure = tuple(_cell(cell) for cell in function.__closure__ or ())
        named = {n: function.__globals__[n] for n in _names(code) if n in function.__globals__}
        return (
            "function",
            self._code(code),
            *map(self.describe, (function.__defaults__, function.__kwdefaults__, closure, named)),
        )

    def _code(self, code: CodeType) -> Description:
        constants = code.co_consts
        if constants and isinstance(constants[0], str):
            constants = constants[1:]  # the docstring, if it is one, does nothing
        described = tuple(map(self.describe, constants))
        return ("code", code.co_code, code.co_names, code.co_varnames, code.co_freevars, described)

    def _class(self, kind: type) -> Description:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if kind.__module__ != "__main__":
            return ("class", name)
        own = {n: v for n, v in vars(kind).items() if isinstance(v, FunctionType)}
        return ("class", name, self.describe(own))

    def _object(self, value: Any) -> Description:  # noqa: PLR0911 - one kind of value a line
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        if isinstance(value, ModuleType):
            return ("module", value.__name__)
        if hasattr(value, "to_config"):
            return ("configured", kind, self.describe(value.to_config()))
        if hasattr(value, "get_execution_order"):
            return ("dag", value.name, self.describe(dict(value.nodes)), self.describe(value.edges))
        if is_dataclass(value):
            pairs = {f.name: getattr(value, f.name, None) for f in fields(value)}
            return ("dataclass", kind, self.describe(pairs))
        if hasattr(value, "__pydantic_fields__"):
            pairs = {name: getattr(value, name, None) for name in value.__pydantic_fields__}
            return ("model", kind, self.describe(pairs))
        if hasattr(value, "to_csv") and hasattr(value, "dtypes"):
            return ("table", kind, hashlib.sha256(value.to_csv().encode()).hexdigest())
        if hasattr(value, "tobytes") and hasattr(value, "dtype"):
            return ("array", str(value.dtype), value.shape, value.tobytes())
        # Nothing is known of what it does, so only the very same object is the same.
        return ("object", kind, id(value))


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _names(code: CodeType) -> dict[str, None]:
    """Return the global names that ``code``, and the functions inside it, use."""
    names = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names
