"""Finds the arithmetic that a question says, in symbols or in words; pure."""

from __future__ import annotations

import re
from itertools import permutations, product

from linus_nb.agent.small.operations import likely_operations
from linus_nb.agent.small.spans import numbers, with_figures
from linus_nb.agent.toolbox.calculator import calculate
from linus_nb.errors import ToolError

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_IN_WORDS = [
    (re.compile(pattern.replace("N", _NUMBER)), form)
    for pattern, form in (
        (r"product of N and N", r"\1 * \2"),
        (r"quotient of N and N", r"\1 / \2"),
        (r"difference (?:between|of) N and N", r"\1 - \2"),
        (r"add N (?:to|and) N", r"\2 + \1"),
        (r"subtract N from N", r"\2 - \1"),
        (r"multiply N (?:by|with|and) N", r"\1 * \2"),
        (r"divide N by N", r"\1 / \2"),
        (r"square root of N", r"sqrt(\1)"),
        (r"N squared", r"\1 ** 2"),
        (r"N cubed", r"\1 ** 3"),
        (r"half (?:of )?N", r"\1 / 2"),
        (r"(?:a|one) third of N", r"\1 / 3"),
        (r"(?:a|one) quarter of N", r"\1 / 4"),
        (r"(?:twice|double) N", r"\1 * 2"),
        (r"N ?(?:%|percent) of N", r"\1% of \2"),
    )
]
_LIST = re.compile(
    r"(?P<what>sum of|total of|add(?: up| together)?|average of|mean of)"
    rf"(?P<list> {_NUMBER[1:-1]}(?:,? and {_NUMBER[1:-1]}|, {_NUMBER[1:-1]})+)"
)
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
_MONEY = re.compile(
    r"[€$£] ?(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?) ?(?:[€$£]|euros?\b|dollars?\b|pounds?\b)"
)
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
    >>> expressions("What is the average of 4, 6 and 11?")
    ['(4 + 6 + 11) / 3']
    >>> expressions("Eva has 14 books and buys 9 more.")
    []
    """
    text = _DATE.sub(" ; ", _THOUSANDS.sub("", with_figures(question).lower()))
    text = _LIST.sub(_added_up, text)
    for pattern, form in _IN_WORDS:
        text = pattern.sub(form, text)
    for pattern, symbol in _OPERATORS:
        text = pattern.sub(symbol, text)
    runs = (" ".join(_trimmed(run).split()) for run in _RUN.findall(text))
    return list(dict.fromkeys(run for run in runs if _OPERATION.search(run) and _works(run)))


def combinations(question: str) -> list[str]:
    """Return the expressions that the two or three numbers of a question can make.

    They are what a story about numbers can mean: a model then takes one of them and need
    not write any. Of two numbers the smaller is taken from the larger, and divides it; the
    story's words rule operations out.

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
    made = {
        "+": f"{first} + {second}",
        "-": f"{larger} - {smaller}",
        "*": f"{first} * {second}",
        "/": " / ".join(_money_first(question, larger, smaller)),
    }
    return [made[symbol] for symbol in likely_operations(question)]


def _added_up(listed: re.Match[str]) -> str:
    terms = re.findall(_NUMBER, listed["list"])
    added = " + ".join(terms)
    return f"({added}) / {len(terms)}" if listed["what"] in {"average of", "mean of"} else added


def _money_first(question: str, larger: str, smaller: str) -> tuple[str, str]:
    """Return dividend and divisor: what a price is shared among is never a price."""
    money = {
        number.replace(",", "") for pair in _MONEY.findall(question) for number in pair if number
    }
    return (smaller, larger) if smaller in money and larger not in money else (larger, smaller)


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
