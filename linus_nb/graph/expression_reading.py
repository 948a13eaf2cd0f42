"""Reads the text of an expression.

The text is parsed by ``ast`` and translated, piece by piece, into functions of the state;
what has no translation here is refused when the expression is made. Nothing is ever given to
``eval``, so that a DAG that was read from a file can run no code of its own.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, Any

from linus_nb.errors import ExpressionError, MissingInputError
from linus_nb.graph.expression_operations import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    MEMBERSHIP,
    METHODS,
    SIGNS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Meaning = Callable[[Mapping[str, Any]], Any]
    """What a piece of an expression gives for a state."""

LONGEST = 2_000
"""Characters of an expression."""
DEEPEST = 100
"""Levels of nesting; every operator of a chain like ``a + b + c`` is one."""
ALLOWED = (
    "an expression has state keys (state['my key'] if it is no name), numbers, text, == != < <= "
    "> >= in, and or not, + - * / // %, [ ], ... if ... else ..., "
    f"{', '.join(FUNCTIONS)} and of a text {', '.join('.' + name for name in METHODS)}"
)
_LONGEST_QUOTED = 80
_STATE = "state"


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression has at most {LONGEST} characters, not {len(text)}")
    if not text:
        raise ExpressionError("the expression is empty", hint=ALLOWED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes, which are no fault
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        # Python says 0 of a text that ends too early.
        column = (error.offset or len(text) + 1) - 1
        position = _position(text, error.lineno or 1, column)
        raise ExpressionError(
            f"{error.msg}, at character {position} of {_quoted(text)}",
            hint=ALLOWED,
            position=position,
        ) from error
    except (MemoryError, RecursionError, ValueError) as error:
        raise ExpressionError(f"{_quoted(text)} cannot be read: {error}", hint=ALLOWED) from error


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}…")


def _position(text: str, line: int, column: int) -> int:
    """Return the number of a character, counted from 0 over all lines."""
    before = text.split("\n")[: line - 1]
    return min(len(text), sum(len(passed) + 1 for passed in before) + max(0, column))


class Reader:
    """One reading of an expression: each allowed kind of piece is a method that translates it."""

    def __init__(self, text: str) -> None:
        self.keys: dict[str, None] = {}
        self.asked: dict[str, None] = {}
        self._text = text
        self._depth = 0
        self.meaning = self._read(_parsed(text))

    def _read(self, piece: ast.expr) -> Meaning:
        translate = getattr(self, f"_{type(piece).__name__.lower()}", None)
        if translate is None:
            raise self._refusal(piece)
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refusal(piece, f"nests deeper than {DEEPEST} levels")
        meaning: Meaning = translate(piece)
        self._depth -= 1
        return meaning

    def _each(self, pieces: list[ast.expr]) -> Callable[[Mapping[str, Any]], list[Any]]:
        meanings = [self._read(piece) for piece in pieces]
        return lambda state: [meaning(state) for meaning in meanings]

    def _refusal(self, piece: ast.expr, why: str = "is not allowed") -> ExpressionError:
        line = self._text.split("\n")[piece.lineno - 1]
        column = len(line.encode()[: piece.col_offset].decode())  # ast counts bytes
        position = _position(self._text, piece.lineno, column)
        segment = ast.get_source_segment(self._text, piece) or ""
        return ExpressionError(
            f"{_quoted(segment)} {why}, at character {position} of {_quoted(self._text)}",
            hint=ALLOWED,
            position=position,
        )

    # --- values ------------------------------------------------------------------

    def _constant(self, piece: ast.Constant) -> Meaning:
        value = piece.value
        if value is not None and not isinstance(value, str | bool | int | float):
            raise self._refusal(piece)
        return lambda _: value

    def _name(self, piece: ast.Name) -> Meaning:
        if piece.id == _STATE:
            raise self._refusal(piece, "is followed by ['a key'], or stands behind 'a key' in")
        return self._key(piece.id)

    def _key(self, key: str) -> Meaning:
        self.keys[key] = None

        def look_up(state: Mapping[str, Any]) -> Any:
            if key in state:
                return state[key]
            raise MissingInputError(
                f"the expression {_quoted(self._text)} reads {key!r}, which is not in the state",
                hint=f"it has {list(state)[:20]}; {key!r} in state asks whether it is there",
            )

        return look_up

    def _subscript(self, piece: ast.Subscript) -> Meaning:
        if _is_state(piece.value):
            if isinstance(piece.slice, ast.Constant) and isinstance(piece.slice.value, str):
                return self._key(piece.slice.value)
            raise self._refusal(piece, "does not name a key: state['a key']")
        value, index = self._read(piece.value), self._read(piece.slice)
        return lambda state: value(state)[index(state)]

    def _slice(self, piece: ast.Slice) -> Meaning:
        nothing = ast.Constant(None)
        ends = self._each([end or nothing for end in (piece.lower, piece.upper, piece.step)])
        return lambda state: slice(*ends(state))

    def _tuple(self, piece: ast.Tuple) -> Meaning:
        items = self._each(piece.elts)
        return lambda state: tuple(items(state))

    def _list(self, piece: ast.List) -> Meaning:
        return self._each(piece.elts)

    def _set(self, piece: ast.Set) -> Meaning:
        items = self._each(piece.elts)
        return lambda state: set(items(state))

    def _dict(self, piece: ast.Dict) -> Meaning:
        keys = [key for key in piece.keys if key is not None]
        if len(keys) < len(piece.keys):
            raise self._refusal(piece)
        told, values = self._each(keys), self._each(piece.values)
        return lambda state: dict(zip(told(state), values(state), strict=True))

    # --- operators ---------------------------------------------------------------

    def _boolop(self, piece: ast.BoolOp) -> Meaning:
        meanings = [self._read(value) for value in piece.values]
        decides = isinstance(piece.op, ast.Or)

        def decide(state: Mapping[str, Any]) -> Any:
            value = None
            for meaning in meanings:
                value = meaning(state)
                if bool(value) is decides:
                    break
            return value

        return decide

    def _unaryop(self, piece: ast.UnaryOp) -> Meaning:
        sign = SIGNS.get(type(piece.op))
        if sign is None:
            raise self._refusal(piece)
        value = self._read(piece.operand)
        return lambda state: sign(value(state))

    def _binop(self, piece: ast.BinOp) -> Meaning:
        work = ARITHMETIC.get(type(piece.op))
        if work is None:
            raise self._refusal(piece)
        left, right = self._read(piece.left), self._read(piece.right)
        return lambda state: work(left(state), right(state))

    def _ifexp(self, piece: ast.IfExp) -> Meaning:
        test, yes, no = (self._read(part) for part in (piece.test, piece.body, piece.orelse))
        return lambda state: yes(state) if test(state) else no(state)

    def _compare(self, piece: ast.Compare) -> Meaning:
        if _is_state(piece.comparators[0]):
            return self._asks(piece)
        first = self._read(piece.left)
        pairs = [
            (COMPARISONS[type(compare)], self._read(right))
            for compare, right in zip(piece.ops, piece.comparators, strict=True)
        ]

        def compared(state: Mapping[str, Any]) -> Any:
            left, verdict = first(state), True
            for compare, meaning in pairs:
                right = meaning(state)
                verdict = compare(left, right)
                if not verdict:
                    break
                left = right
            return verdict

        return compared

    def _asks(self, piece: ast.Compare) -> Meaning:
        """Translate ``"key" in state``."""
        key = piece.left.value if isinstance(piece.left, ast.Constant) else None
        wanted = MEMBERSHIP.get(type(piece.ops[0]))
        if not isinstance(key, str) or wanted is None or len(piece.ops) > 1:
            raise self._refusal(piece)
        self.asked[key] = None
        return lambda state: (key in state) is wanted

    def _call(self, piece: ast.Call) -> Meaning:
        called = piece.func
        if piece.keywords:
            raise self._refusal(piece)
        if isinstance(called, ast.Name) and called.id in FUNCTIONS:
            function, arguments = FUNCTIONS[called.id], self._each(piece.args)
        elif isinstance(called, ast.Attribute) and called.attr in METHODS:
            function = METHODS[called.attr]
            arguments = self._each([called.value, *piece.args])
        else:
            raise self._refusal(piece)
        return lambda state: function(*arguments(state))


def _is_state(piece: ast.expr) -> bool:
    return isinstance(piece, ast.Name) and piece.id == _STATE
