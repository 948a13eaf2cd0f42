"""Finds what a question says literally: quoted texts, names, numbers, dates; pure."""

from __future__ import annotations

import re
from datetime import datetime

from linus_nb.agent.small.words import is_common

_QUOTED = re.compile(
    '"([^"]+)"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|`([^`]+)`|(?<!\\w)[\'‘](.+?)[\'’](?!\\w)'  # noqa: RUF001
)
_LABEL = r"\b(?:letter|character|word|phrase)\s+(?P<text>[\w-]+)"
_LABELLED = re.compile(
    rf"{_LABEL}(?=\s*(?:[?,.;!]|$|\b(?:does|do|have|has|is|are|in|there|contains?)\b))",
    re.IGNORECASE,
)
_OCCURRING = re.compile(rf"{_LABEL}(?=\s+(?:appear|come|occur|stand)s?\b)", re.IGNORECASE)
_LONE_LETTER = re.compile(r"(?<![\w'’-])([b-hj-zB-HJ-Z]|[A-Za-z](?=['’]s\b))(?!\w)")  # noqa: RUF001
_IN_THE_END = re.compile(r"\bin\s+(?:the\s+word\s+)?(?P<text>[\w-]+)\s*[?.!]*$")
_AFTER_COLON = re.compile(r":\s+(\S.*)$", re.DOTALL)
_NAME = re.compile(r"(?<![.?!:]\s)(?<!^)\b[A-Z]\w*(?:[ -][A-Z]\w*)*")
_CODE = re.compile(r"\b(?=\w*[A-Za-z])\w*(?:\d|(?<=\w)[A-Z_])\w*\b")
_NUMBER = re.compile(
    r"(?<![\w.,])[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|(?<![\w.])-?\d+(?:\.\d+)?(?![\w])"
)
_FIGURE_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
_ROUND = {"dozen": 12, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100}
_FIGURES = {word: number for number, word in enumerate(_FIGURE_WORDS.split(), start=2)} | _ROUND
_NUMBER_WORD = re.compile(r"\b(?:a )?(?:" + "|".join(_FIGURES) + r")\b", re.IGNORECASE)
_MONTHS = "january february march april may june july august september october november december"
_MONTH = "(" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS.split()) + r")\.?"
_DATE = re.compile(
    r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b"
    rf"|\b(?P<day_first>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_MONTH},?\s+(\d{{4}})\b"
    rf"|\b{_MONTH}\s+(?P<day_second>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b",
    re.IGNORECASE,
)
_FROM = re.compile(r"\b(?:from|since)\s+$", re.IGNORECASE)


def quoted(text: str) -> list[str]:
    r"""Return what stands in quotation marks; else what follows a colon to the end.

    Examples
    --------
    >>> quoted("Count the letter 'a' in \"banana\"."), quoted("Count the words: to be")
    (['a', 'banana'], ['to be'])
    """
    found = [next(filter(None, groups)) for groups in _QUOTED.findall(text)]
    return _unique(found or [tail.strip() for tail in _AFTER_COLON.findall(text)])


def without_quotes(text: str) -> str:
    """Return the text without what it quotes, which is not about anything.

    Examples
    --------
    >>> without_quotes("How many words are in 'three blind mice'?")
    'How many words are in ""?'
    """
    return _AFTER_COLON.sub(":", _QUOTED.sub('""', text))


def literals(text: str) -> list[str]:
    """Return the texts that a question is about: quoted, or called a word, or a lone letter.

    Examples
    --------
    >>> literals("How often does the letter e occur in 'green tea'?")
    ['green tea', 'e']
    >>> literals("How many letters does the word banana have?"), literals("How many r's in berry?")
    (['banana'], ['berry', 'r'])
    """
    plain = without_quotes(text)
    labelled = [found["text"] for found in _OCCURRING.finditer(plain)] or [
        found["text"]
        for found in _LABELLED.finditer(plain)
        if len(found["text"]) == 1 or not is_common(found["text"])
    ]
    letters = _LONE_LETTER.findall(plain)
    found = _unique([*quoted(text), *labelled])
    last = _IN_THE_END.search(plain)
    if last and letters and not [each for each in found if len(each) > 1]:
        found.append(last["text"])
    return _unique([*found, *letters]) if found else []


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
    >>> numbers("two weeks later")
    ['2']
    """
    without_dates = _DATE.sub(" ", with_figures(text))
    return [number.replace(",", "") for number in _NUMBER.findall(without_dates)]


def with_figures(text: str) -> str:
    """Return the text with its small numbers written in figures.

    "One" stays: it is seldom a number ("which one", "no one").

    Examples
    --------
    >>> with_figures("Two of twelve, and one more")
    '2 of 12, and one more'
    """
    return _NUMBER_WORD.sub(lambda word: str(_FIGURES[word.group().lower().split()[-1]]), text)


def counted(text: str, unit: str) -> str | None:
    """Return the number that stands before a unit.

    Examples
    --------
    >>> counted("It runs for 90 days from 2024-03-01.", "days"), counted("the 90th day", "days")
    ('90', None)
    """
    pattern = rf"({_NUMBER.pattern})[ -](?:more )?{re.escape(unit.rstrip('s'))}s?\b"
    found = re.search(pattern, _DATE.sub(" ", with_figures(text)), re.IGNORECASE)
    return found.group(1).replace(",", "") if found else None


def dates(text: str) -> list[str]:
    """Return the dates, as YYYY-MM-DD; first the one "from" which something is counted.

    Examples
    --------
    >>> dates("until 2024-05-01, counting from 2024-03-01")
    ['2024-03-01', '2024-05-01']
    >>> dates("from 3 March 2024 to July 14th, 2024, not 2024-02-31")
    ['2024-03-03', '2024-07-14']
    """
    found = [(match, date) for match in _DATE.finditer(text) if (date := _iso(match)) is not None]
    begins = [bool(_FROM.search(text[: match.start()])) for match, _ in found]
    ranked = sorted(range(len(found)), key=lambda index: not begins[index])
    return [found[index][1] for index in ranked]


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
