"""The operations of the calculator, each bounded before it does its work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

Number = int | float

MAX_BITS: Final = 4096  # of any whole number, about 1,233 digits
MAX_FACTORIAL: Final = 500  # 500! has 3,768 bits
MAX_ROUND_DIGITS: Final = 30  # round(5, -10**9) would build 10**10**9
MANY: Final = 1000  # arguments; the length of an expression allows no more


class Percent(float):
    """A number written with ``%`` behind it, so that ``200 + 10%`` can mean 220."""


class Function(NamedTuple):
    """A function of the calculator with the least and the most arguments it takes."""

    call: Callable[..., Number]
    least: int = 1
    most: int = 1


def _factorial(number: Number) -> int:
    if number != int(number) or not 0 <= number <= MAX_FACTORIAL:
        raise ValueError(f"factorial takes whole numbers from 0 to {MAX_FACTORIAL}")
    return math.factorial(int(number))


def _round(number: Number, digits: Number = 0) -> Number:
    if digits != int(digits) or abs(digits) > MAX_ROUND_DIGITS:
        raise ValueError(f"round takes at most {MAX_ROUND_DIGITS} digits")
    return round(number, int(digits)) if digits else round(number)


def _largest(*numbers: Number) -> Number:
    return max(numbers)


def _smallest(*numbers: Number) -> Number:
    return min(numbers)


def _sum(*numbers: Number) -> Number:
    return sum(numbers)


def _mean(*numbers: Number) -> Number:
    return math.fsum(numbers) / len(numbers)


CONSTANTS: Final[dict[str, float]] = {"pi": math.pi, "e": math.e, "tau": math.tau}
FUNCTIONS: Final[dict[str, Function]] = {
    "abs": Function(abs),
    "acos": Function(math.acos),
    "asin": Function(math.asin),
    "atan": Function(math.atan),
    "ceil": Function(math.ceil),
    "cos": Function(math.cos),
    "degrees": Function(math.degrees),
    "exp": Function(math.exp),
    "factorial": Function(_factorial),
    "floor": Function(math.floor),
    "ln": Function(math.log),
    "log": Function(math.log, 1, 2),
    "log10": Function(math.log10),
    "log2": Function(math.log2),
    "max": Function(_largest, 1, MANY),
    "mean": Function(_mean, 1, MANY),
    "min": Function(_smallest, 1, MANY),
    "radians": Function(math.radians),
    "round": Function(_round, 1, 2),
    "sin": Function(math.sin),
    "sqrt": Function(math.sqrt),
    "sum": Function(_sum, 1, MANY),
    "tan": Function(math.tan),
}


def checked(number: Number | complex) -> Number:
    """Return ``number`` if it is real, finite and not too large."""
    if isinstance(number, complex):
        raise ValueError("the result is not a real number")  # noqa: TRY004 - about a value
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise ValueError("the result is too large")
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError("the result is not a finite number")
    return number


def power(base: Number, exponent: Number) -> Number:
    """Raise ``base`` to a power, refusing a large whole result before it is made."""
    if isinstance(base, int) and isinstance(exponent, int):
        # the bits of 0, 1 and -1 do not grow, but their exponent may have any size
        bits = base.bit_length() * exponent
        if abs(base) > 1 and bits > MAX_BITS:
            raise ValueError("the result is too large")
    return checked(base**exponent)


def _times(left: Number, right: Number) -> Number:
    return left * right


def _divided(left: Number, right: Number) -> Number:
    return left / right


def _whole_divided(left: Number, right: Number) -> Number:
    return left // right


def _remainder(left: Number, right: Number) -> Number:
    return left % right


PRODUCTS: Final[dict[str, Callable[[Number, Number], Number]]] = {
    "*": _times,
    "of": _times,
    "/": _divided,
    "//": _whole_divided,
    "%": _remainder,
}
