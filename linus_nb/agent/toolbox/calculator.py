"""A calculator for expressions that a model wrote: it answers at once or refuses.

Nothing is handed to Python's own parser or to ``eval``. The grammar below knows numbers,
operators and a closed table of functions, so there is nothing else to reach.

Every bound stands in front of the work that it bounds: the length and the depth of the text,
the bits of a power, the digits of ``round``. No single operation can then grow large, and the
length limits how many there are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from linus_nb.agent.toolbox.arithmetic import (
    CONSTANTS,
    FUNCTIONS,
    PRODUCTS,
    Number,
    Percent,
    checked,
    power,
)
from linus_nb.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LENGTH: Final = 1000  # characters of an expression
MAX_DEPTH: Final = 50  # parentheses, signs and powers inside each other
MAX_QUOTED: Final = 80  # characters of it in an error
FLOAT_DIGITS: Final = 15  # what a float holds of a decimal number; the rest is noise

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<symbol>\*\*|//|[-+*/%(),])"
    r"|(?P<space>[ \t\r\n]+)"
)
_SPELLINGS = str.maketrans(
    {
        "\N{MULTIPLICATION SIGN}": "*",
        "\N{MIDDLE DOT}": "*",
        "\N{DIVISION SIGN}": "/",
        "\N{MINUS SIGN}": "-",
        "\N{NO-BREAK SPACE}": " ",
        "^": "**",
    }
)
_THOUSANDS = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")


def calculate(expression: str) -> Number:
    """Work out an arithmetic expression.

    Parameters
    ----------
    expression : str
        Numbers, ``+ - * / // % ** ^``, parentheses, ``pi``, ``e`` and functions such as
        ``sqrt``, ``round``, ``max`` or ``log`` (natural; ``log(8, 2)`` has a base; angles are in
        radians). At most 1,000 characters. A ``%`` after a number is per cent: ``15% of 80``
        is 12 and ``200 + 10%`` is 220; between two numbers it is the remainder.

    Returns
    -------
    int or float
        Whole results are int; other ones have at most 15 significant digits.

    Raises
    ------
    ToolError
        If this is no such expression, has no real result, or the result is too large.

    Examples
    --------
    >>> calculate("2 * (3 + 4)"), calculate("0.1 + 0.2"), calculate("1,250 * 15%")
    (14, 0.3, 187.5)
    """
    if len(expression) > MAX_LENGTH:
        raise ToolError(
            f"the expression has {len(expression):,} characters, more than {MAX_LENGTH:,}",
            hint="calculate it in parts",
        )
    try:
        return _tidy(_Calculation(expression).result())
    except (ArithmeticError, ValueError) as error:
        raise ToolError(
            f"cannot calculate {_quoted(expression)}: {error}",
            hint="use numbers, + - * / ** ( ) and functions like sqrt(2) or round(2.345, 1)",
        ) from error


def _quoted(text: str) -> str:
    return repr(text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}…")


def _tidy(number: Number) -> Number:
    if isinstance(number, int):
        return number
    rounded = float(f"{number:.{FLOAT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 10**FLOAT_DIGITS else rounded


def _tokens(expression: str) -> Iterator[str]:
    text = expression.translate(_SPELLINGS)
    if not re.search("[A-Za-z_]\\s*\\(", text):  # in max(1,234) the comma parts two numbers
        text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{text[position]!r} does not belong in an expression")
        position = match.end()
        if match.lastgroup != "space":
            yield match[0]
    yield ""  # the end


class _Calculation:
    """Recursive descent over the tokens, calculating on the way; depth is counted."""

    def __init__(self, expression: str) -> None:
        self.tokens = list(_tokens(expression))
        self.position = 0
        self.depth = 0

    @property
    def upcoming(self) -> str:
        return self.tokens[self.position]

    def take(self) -> str:
        token = self.upcoming
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if self.upcoming != token:
            found = repr(self.upcoming) if self.upcoming else "the end"
            raise ValueError(f"expected {token!r} but found {found}")
        self.take()

    def result(self) -> Number:
        number = self.addition()
        if self.upcoming:
            raise ValueError(f"an operator is missing before {_quoted(self.upcoming)}")
        return number

    def addition(self) -> Number:
        left = self.product()
        while self.upcoming in {"+", "-"}:
            sign = 1 if self.take() == "+" else -1
            right = self.product()
            relative = isinstance(right, Percent) and not isinstance(left, Percent)
            left = checked(left * (1 + sign * right) if relative else left + sign * right)
        return left

    def product(self) -> Number:
        left = self.signed()
        while self.upcoming in PRODUCTS:
            operation = PRODUCTS[self.take()]
            left = checked(operation(left, self.signed()))
        return left

    def signed(self) -> Number:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
        if self.upcoming in {"+", "-"}:
            number = self.signed() if self.take() == "+" else -self.signed()
        else:
            number = self.power()
        self.depth -= 1
        return number

    def power(self) -> Number:
        base = self.percentage()
        if self.upcoming != "**":
            return base
        self.take()
        return power(base, self.signed())

    def percentage(self) -> Number:
        number = self.atom()
        if self.upcoming == "%" and not self._an_operand_follows():
            self.take()
            return Percent(number / 100)
        return number

    def _an_operand_follows(self) -> bool:
        following = self.tokens[self.position + 1]
        return following != "of" and bool(re.match(r"[0-9A-Za-z_.(]", following))

    def atom(self) -> Number:
        word = self.take()
        if word[:1] in {*"0123456789."}:
            return checked(int(word) if word.isdigit() else float(word))
        if word == "(":
            number = self.addition()
            self.expect(")")
            return number
        if word in CONSTANTS:
            return CONSTANTS[word]
        if word in FUNCTIONS:
            return self.call(word)
        found = f"{_quoted(word)} is not a number or a known function" if word else "it ends early"
        raise ValueError(found)

    def call(self, name: str) -> Number:
        function = FUNCTIONS[name]
        self.expect("(")
        arguments = [self.addition()]
        while self.upcoming == ",":
            self.take()
            arguments.append(self.addition())
        self.expect(")")
        if not function.least <= len(arguments) <= function.most:
            raise ValueError(f"{name} does not take {len(arguments)} arguments")
        return checked(function.call(*arguments))
