"""Compares texts by their words, the way the plain rules for small models need it; pure."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+|\d[\d.,]*")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?:s|t|d|m|re|ve|ll)?\b", re.IGNORECASE)  # noqa: RUF001
_ENDINGS = (
    "ations", "ation", "ings", "ing", "ies", "ied", "ers", "ors", "er", "or", "ed", "es", "s",
)  # fmt: skip
_SHORTEST_STEM = 3
_COMMON_WORDS = """
a an and any are as at be by can do does for from give given has have how i if in into is it
its let me my no not of on one or out own please show so tell that the their them then there
these this to use used using was were what when where which who will with you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_LARGEST = (
    "highest biggest greatest maximum max most longest tallest heaviest latest newest top best"
)
_SMALLEST = "lowest fewest least minimum min shortest lightest cheapest earliest worst"
_SAME = {
    **dict.fromkeys(_LARGEST.split(), "largest"),
    **dict.fromkeys(_SMALLEST.split(), "smallest"),
    **dict.fromkeys(("average", "avg"), "mean"),
    **dict.fromkeys(("total", "altogether"), "sum"),
    **dict.fromkeys(("different", "distinct"), "unique"),
    **dict.fromkeys(("earlier", "ago", "prior", "back"), "before"),
    **dict.fromkeys(("later", "afterwards"), "after"),
}
"""Words for the same thing in questions about data."""

_PHRASES = [
    (re.compile(pattern, re.IGNORECASE), word)
    for pattern, word in (
        (r"\bdays? of the week\b|\bweek days?\b", "weekday"),
        (r"\bhow (?:often|many times)\b", "occurrences"),
        (r"\bwhen (?=did|do|does|is|was|were|will)", "date "),
        (r"^who (?!else)", "name "),
    )
]


def stems(text: str, *, keep_common: bool = False) -> frozenset[str]:
    """Return the stems of the words in ``text``; every number is the one stem ``#``.

    Parameters
    ----------
    text : str
        Any text.
    keep_common : bool
        Keep words such as "the" and "of", which say little about the subject.

    Examples
    --------
    >>> sorted(stems("Count the words in 12 texts"))
    ['#', 'count', 'text', 'word']
    >>> stems("Apple's price") == stems("the price of Apple")
    True
    """
    plain = _APOSTROPHE.sub("", text.replace("_", " "))
    for pattern, word in _PHRASES:
        plain = pattern.sub(word, plain)
    words = (word.lower() for word in _WORD.findall(plain))
    return frozenset(stem(word) for word in words if keep_common or word not in _COMMON)


def is_common(text: str) -> bool:
    """Return whether ``text`` has no other words than "the", "of", "I" and such.

    Examples
    --------
    >>> is_common("I"), is_common("The Hague")
    (True, False)
    """
    return not stems(text)


def stem(word: str) -> str:
    """Return ``word`` without its ending, ``#`` for a number; one for words that mean the same.

    Examples
    --------
    >>> stem("dividing"), stem("words"), stem("17.5"), stem("highest")
    ('divid', 'word', '#', 'largest')
    >>> stem("supplies") == stem("supplier") == stem("supply"), stem("shipped") == stem("ship")
    (True, True)
    """
    if word[0].isdigit():
        return "#"
    word = _SAME.get(word, word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word.removesuffix(ending)
            break
    if len(word) > _SHORTEST_STEM:
        word = word[:-1] if word[-1] in "eiy" or word[-1] == word[-2] else word
    return word
