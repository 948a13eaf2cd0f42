"""A condition as text: a safe expression over the state, like ``score > 0.8``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linus_nb.errors import ExpressionError, OptionError
from linus_nb.graph.expression_reading import ALLOWED, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.graph.node import Asked, Condition


class Expression:
    """A condition that is written down: it can be saved, compared and shown.

    Parameters
    ----------
    text : str
        The expression. Names are keys of the state; ``state["my key"]`` is a key that is no
        name, ``"key" in state`` asks whether it is there.

    Raises
    ------
    ExpressionError
        If the text is no expression, or has something in it that is not allowed;
        ``position`` is the character.

    Examples
    --------
    >>> condition = Expression("score > 0.8 and topic != 'spam'")
    >>> condition({"score": 0.9, "topic": "cats"})
    True
    >>> condition.keys
    ('score', 'topic')
    >>> Expression("score.__class__")
    Traceback (most recent call last):
        ...
    linus_nb.errors.ExpressionError: 'score.__class__' is not allowed, at character 0 of ...
    """

    __slots__ = ("_meaning", "keys", "optional", "text")

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise ExpressionError(f"an expression is a text, not {text!r}", hint=ALLOWED)
        self.text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
        reader = Reader(self.text)
        self._meaning = reader.meaning
        self.keys = tuple(key for key in reader.keys if key not in reader.asked)
        """The keys that the state must have, in the order of reading."""
        self.optional = tuple(reader.asked)
        """The keys of which it asks first whether they are there."""

    def __call__(self, state: Mapping[str, Any]) -> Any:
        """Return what the expression gives for ``state``."""
        return self._meaning(state)

    def to_config(self) -> dict[str, str]:
        """Return what it is, as JSON can hold it."""
        return {"expression": self.text}

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Expression) else NotImplemented

    def __hash__(self) -> int:
        return hash((Expression, self.text))

    def __reduce__(self) -> tuple[type[Expression], tuple[str]]:
        return Expression, (self.text,)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __str__(self) -> str:
        return self.text


def as_condition(given: Asked) -> Condition:
    """Return ``given``, a text as an expression.

    Raises
    ------
    OptionError
        If it is neither a text nor callable.
    """
    if isinstance(given, str):
        return Expression(given)
    if not callable(given):
        raise OptionError(
            f"{given!r} is no condition",
            hint='a function of a state dict, or an expression like "score > 0.8"',
        )
    return given
