"""What an expression may do with values: operators and functions that cannot grow out of hand.

No operation here makes something that is much larger than what it was given, so that an
expression, which has no loops, ends soon whatever it says.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any, Final

from linus_nb.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BITS: Final = 4096
"""Of a product of whole numbers, about 1,233 digits."""
MOST_DIGITS: Final = 30
"""To which ``round`` rounds: ``round(5, -10**9)`` would build a number of that many digits."""

_CONTAINERS = (list, tuple, dict, set, frozenset)


def _times(left: Any, right: Any) -> Any:
    if any(isinstance(value, str | bytes | list | tuple) for value in (left, right)):
        raise ExpressionError("'*' multiplies numbers; text and lists are not repeated")
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() + right.bit_length()
        if bits > MOST_BITS:
            raise ExpressionError(f"a product of whole numbers has {bits} bits, over {MOST_BITS}")
    return left * right


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str | bytes):
        raise ExpressionError("'%' is the remainder of numbers; it does not format text")
    return left % right


def _round(number: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > MOST_DIGITS:
        raise ExpressionError(f"round takes at most {MOST_DIGITS} digits, not {digits}")
    return round(number, digits)


def _text(value: Any) -> str:
    # The text of a list that holds the text of a list doubles every backslash.
    if isinstance(value, _CONTAINERS):
        raise ExpressionError(f"str takes a number or a text, not a {type(value).__name__}")
    return str(value)


def _in(left: Any, right: Any) -> bool:
    return left in right


def _not_in(left: Any, right: Any) -> bool:
    return left not in right


ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _times,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _remainder,
}
SIGNS: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.Not: operator.not_,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: _in,
    ast.NotIn: _not_in,  # codespell:ignore
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
MEMBERSHIP: Final[dict[type[ast.cmpop], bool]] = {
    ast.In: True,
    ast.NotIn: False,  # codespell:ignore
}
"""Whether to ask for a key's presence, or for its absence."""
FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "abs": abs,
    "all": all,
    "any": any,
    "bool": bool,
    "float": float,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "round": _round,
    "str": _text,
    "sum": sum,
}
METHODS: Final[dict[str, Callable[..., Any]]] = {
    "endswith": str.endswith,
    "lower": str.lower,
    "startswith": str.startswith,
    "strip": str.strip,
    "upper": str.upper,
}
"""Methods of text; as functions of ``str``, so that they work on nothing else."""
