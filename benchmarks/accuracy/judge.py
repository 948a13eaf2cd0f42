"""Whether an answer is right; the same rule for every contestant, and no rule of linus_nb.

A number is right if it is the only one in the answer that the question did not hold. A date
or text is right if it stands in the answer and no rival of it does (another date, weekday, or
value of the same column), but for those in the question.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TOLERANCE = 0.005
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2} [A-Z][a-z]+ \d{4}|[A-Z][a-z]+ \d{1,2},? \d{4}")
_FORMS = ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%B %d %Y", "%b %d, %Y")


def is_right(
    answer: str, expected: float | str, question: str, tables: dict[str, pd.DataFrame]
) -> bool:
    """Return whether ``answer`` says ``expected`` and nothing beside it.

    Examples
    --------
    >>> is_right("The sum of 2 and 3 is 5.", 5, "What is 2 + 3?", {})
    True
    >>> is_right("5 or 6", 5, "What is 2 + 3?", {}), is_right("5", 6, "What is 2 + 3?", {})
    (False, False)
    >>> is_right("It was May 2, 2025", "2025-05-02", "What is the day after 2025-05-01?", {})
    True
    """
    if not isinstance(expected, str):
        return _is_right_number(numbers(answer), float(expected), numbers(question))
    if _DATE.fullmatch(expected):
        said = dates(answer)
        return expected in said and said <= {expected} | dates(question)
    said = answer.casefold()
    rivals = [text for text in _rivals(expected, tables) if text.casefold() in said]
    asked = question.casefold()
    return expected.casefold() in said and all(rival.casefold() in asked for rival in rivals)


def _is_right_number(said: list[float], expected: float, asked: list[float]) -> bool:
    new = [number for number in said if number not in asked] or said
    return bool(new) and all(abs(number - expected) <= TOLERANCE for number in new)


def _rivals(expected: str, tables: dict[str, pd.DataFrame]) -> Iterable[str]:
    if expected in WEEKDAYS:
        return (day for day in WEEKDAYS if day != expected)
    columns = [frame[name] for frame in tables.values() for name in frame]
    return (
        str(value)
        for column in columns
        if expected in set(column.map(str))
        for value in column.unique()
        if str(value) != expected
    )


def numbers(text: str) -> list[float]:
    """Return the numbers in a text, those of dates left out."""
    found = _NUMBER.findall(_DATE.sub(" ", text))
    return [float(number.replace(",", "")) for number in found]


def dates(text: str) -> set[str]:
    """Return the dates in a text, as ISO."""
    found = set()
    for written in _DATE.findall(text):
        for form in _FORMS:
            try:
                found.add(datetime.strptime(written, form).date().isoformat())  # noqa: DTZ007
            except ValueError:
                continue
    return found
