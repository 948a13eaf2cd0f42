"""Compares texts by their words, the way the plain rules for small models need it; pure."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+|\d[\d.,]*")
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ed", "es", "s")
_SHORTEST_STEM = 3
_COMMON_WORDS = """
a an and any are as at be by can do does for from give given has have how i if in into is it
its let me my no not of on one or out own please show so tell that the their them then there
these this to use used using was were what when where which who will with you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_SAME = {
    **dict.fromkeys(("highest", "biggest", "greatest", "maximum", "max", "most"), "largest"),
    **dict.fromkeys(("lowest", "fewest", "least", "minimum", "min"), "smallest"),
    **dict.fromkeys(("average", "avg"), "mean"),
    "total": "sum",
}
"""Words for the same thing in questions about data."""


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
    """
    words = (word.lower() for word in _WORD.findall(text.replace("_", " ")))
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
    """
    if word[0].isdigit():
        return "#"
    word = _SAME.get(word, word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word.removesuffix("e")
