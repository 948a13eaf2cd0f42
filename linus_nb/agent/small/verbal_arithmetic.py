"""Finds the arithmetic that a question says, in symbols or in words; pure."""

from __future__ import annotations

import re
from itertools import permutations, product

from linus_nb.agent.small.spans import numbers
from linus_nb.agent.toolbox.calculator import calculate
from linus_nb.errors import ToolError

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_IN_WORDS = [
    (re.compile(pattern.replace("N", _NUMBER)), form)
    for pattern, form in (
        (r"sum of N and N", r"\1 + \2"),
        (r"product of N and N", r"\1 * \2"),
        (r"quotient of N and N", r"\1 / \2"),
        (r"difference (?:between|of) N and N", r"\1 - \2"),
        (r"(?:average|mean) of N and N", r"(\1 + \2) / 2"),
        (r"add N (?:to|and) N", r"\2 + \1"),
        (r"subtract N from N", r"\2 - \1"),
        (r"multiply N (?:by|with|and) N", r"\1 * \2"),
        (r"divide N by N", r"\1 / \2"),
        (r"square root of N", r"sqrt(\1)"),
        (r"N squared", r"\1 ** 2"),
        (r"N cubed", r"\1 ** 3"),
        (r"N ?(?:%|percent) of N", r"\1% of \2"),
    )
]
_OPERATORS = [
    (re.compile(pattern), symbol)
    for pattern, symbol in (
        (r"\bmultiplied by\b|\btimes\b|(?<=[\d) ])[x×](?=[\d( ])", " * "),  # noqa: RUF001
        (r"\bdivided by\b", " / "),
        (r"\bto the power of\b", " ** "),
        (r"\bplus\b", " + "),
        (r"\bminus\b", " - "),
    )
]
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_RUN = re.compile(
    r"(?:\b(?:sqrt|abs|round|log10|log2|log|ln|exp)\b|\bof\b|[\d.+\-*/^%()÷−· ])+"  # noqa: RUF001
)
_OPERATION = re.compile(r"[\d)%]\s*(?:\*\*|[-+*/^÷−·]|%|of)\s*[-\d(a-z]|sqrt|log|exp")  # noqa: RUF001
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_NUMBERS = 3
_SYMBOLS = ("+", "-", "*", "/")


def expressions(question: str) -> list[str]:
    """Return the arithmetic expressions that a question states.

    Examples
    --------
    >>> expressions("What is (2 + 3) * 4?"), expressions("Subtract 17 from 1,060.")
    (['(2 + 3) * 4'], ['1060 - 17'])
    >>> expressions("How much is 15% of 80 plus 3?")
    ['15% of 80 + 3']
    >>> expressions("Eva has 14 books and buys 9 more.")
    []
    """
    text = _DATE.sub(" ; ", _THOUSANDS.sub("", question.lower()))
    for pattern, form in _IN_WORDS:
        text = pattern.sub(form, text)
    for pattern, symbol in _OPERATORS:
        text = pattern.sub(symbol, text)
    runs = (" ".join(_trimmed(run).split()) for run in _RUN.findall(text))
    return list(dict.fromkeys(run for run in runs if _OPERATION.search(run) and _works(run)))


def combinations(question: str) -> list[str]:
    """Return the expressions that the two or three numbers of a question can make.

    They are what a story about numbers can mean: a model then takes one of them and need
    not write any. Of two numbers the smaller is taken from the larger, and divides it.

    Examples
    --------
    >>> combinations("Eva gets 9 books and has 14 already.")
    ['9 + 14', '14 - 9', '9 * 14', '14 / 9']
    """
    found = numbers(question)
    if not 1 < len(found) <= _MOST_NUMBERS:
        return []
    if len(found) == _MOST_NUMBERS:
        return _of_three(*found)
    first, second = found
    larger, smaller = sorted(found, key=float, reverse=True)
    return [
        f"{first} + {second}",
        f"{larger} - {smaller}",
        f"{first} * {second}",
        f"{larger} / {smaller}",
    ]


def _of_three(*found: str) -> list[str]:
    """Return the expressions in the numbers' own order, and with the last one first."""
    first, second, third = found
    together = [f"{first} {one} {second} {two} {third}" for one, two in product(_SYMBOLS, repeat=2)]
    grouped = [f"({first} {one} {second}) {two} {third}" for one in "+-" for two in "*/"]
    behind = [
        f"{a} {one} ({b} {two} {c})"
        for a, b, c in ((first, second, third), (third, first, second))
        for one, two in permutations(("*", "-", "/", "+"), 2)
        if one in "*/-"
    ]
    return list(dict.fromkeys([*together, *grouped, *behind]))


def _trimmed(run: str) -> str:
    """Take off what is no part of an expression: a full stop, a loose "of"."""
    run = re.sub(r"^(?:\s|of\b|[.*/^%])+|(?:\s|of\b|[.*/^+-])+$", "", run)
    return run if run.count("(") == run.count(")") else run.strip("() ")


def _works(expression: str) -> bool:
    try:
        calculate(expression)
    except ToolError:
        return False
    return True
