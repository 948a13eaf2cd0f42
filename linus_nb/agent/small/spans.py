"""Finds what a question says literally: quoted texts, names, numbers, dates; pure."""

from __future__ import annotations

import re
from datetime import datetime

from linus_nb.agent.small.words import is_common

_QUOTED = re.compile(
    '"([^"]+)"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|`([^`]+)`|(?<!\\w)[\'‘](.+?)[\'’](?!\\w)'  # noqa: RUF001
)
_AFTER_COLON = re.compile(r":\s+(\S.*)$", re.DOTALL)
_NAME = re.compile(r"(?<![.?!:]\s)(?<!^)\b[A-Z]\w*(?:[ -][A-Z]\w*)*")
_CODE = re.compile(r"\b(?=\w*[A-Za-z])\w*(?:\d|(?<=\w)[A-Z_])\w*\b")
_NUMBER = re.compile(
    r"(?<![\w.,])[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|(?<![\w.])-?\d+(?:\.\d+)?(?![\w])"
)
_MONTHS = "january february march april may june july august september october november december"
_MONTH = "(" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS.split()) + r")\.?"
_DATE = re.compile(
    r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b"
    rf"|\b(?P<day_first>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_MONTH},?\s+(\d{{4}})\b"
    rf"|\b{_MONTH}\s+(?P<day_second>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b",
    re.IGNORECASE,
)


def quoted(text: str) -> list[str]:
    r"""Return what stands in quotation marks; else what follows a colon to the end.

    Examples
    --------
    >>> quoted("Count the letter 'a' in \"banana\"."), quoted("Count the words: to be")
    (['a', 'banana'], ['to be'])
    """
    found = [next(filter(None, groups)) for groups in _QUOTED.findall(text)]
    return _unique(found or [tail.strip() for tail in _AFTER_COLON.findall(text)])


def names(text: str) -> list[str]:
    """Return capitalised words, in runs, except at the start of a sentence; and codes.

    Examples
    --------
    >>> names("What is the phone number of Maria Lang, room B12?")
    ['Maria Lang', 'B12']
    """
    found = [(match.start(), match.group()) for match in _NAME.finditer(text)]
    inside = {start + i for start, name in found for i in range(len(name))}
    found += [(m.start(), m.group()) for m in _CODE.finditer(text) if m.start() not in inside]
    return _unique([name for _, name in sorted(found) if not is_common(name)])


def numbers(text: str) -> list[str]:
    """Return the numbers as they stand, thousands' commas taken out; those of dates are none.

    Examples
    --------
    >>> numbers("From 2024-03-01 on, 1,250 people paid 9.50 each.")
    ['1250', '9.50']
    """
    without_dates = _DATE.sub(" ", text)
    return [number.replace(",", "") for number in _NUMBER.findall(without_dates)]


def dates(text: str) -> list[str]:
    """Return the dates, as YYYY-MM-DD.

    Examples
    --------
    >>> dates("from 3 March 2024 to July 14th, 2024, not 2024-02-31")
    ['2024-03-03', '2024-07-14']
    """
    return [date for match in _DATE.finditer(text) if (date := _iso(match)) is not None]


def words(text: str) -> list[str]:
    """Return the single words, as they stand.

    Examples
    --------
    >>> words("Count the r in strawberry!")
    ['Count', 'the', 'r', 'in', 'strawberry']
    """
    return _unique(re.findall(r"\w+(?:['’-]\w+)*", text))  # noqa: RUF001


def _iso(match: re.Match[str]) -> str | None:
    parts = [part for part in match.groups() if part]
    if match["day_second"]:
        parts = [parts[1], parts[0], parts[2]]
    written = match["iso"] or f"{parts[0]} {parts[1][:3]} {parts[2]}"
    try:
        date = datetime.strptime(written, "%Y-%m-%d" if match["iso"] else "%d %b %Y")  # noqa: DTZ007
    except ValueError:
        return None
    return date.date().isoformat()


def _unique(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text.strip()))
