"""What a story about two numbers does with them, as far as its words tell; pure.

Words speak for an operation: "altogether" for a sum, "left" for a difference, "4.75 each"
for a product, "split evenly" for a quotient. They add up; where no operation is ahead the
model decides among the best.
"""

from __future__ import annotations

import re

from linus_nb.agent.small.spans import with_figures

_UNIT = r"day|week|month|year|hour|minute|second|piece|person|head|night|km|kilo\w*|lit(?:re|er)"
_EACH = rf"(?:each|every|apiece|per \w+|an? (?:{_UNIT}))"
_HOLDS = (
    "(?:is|are|was|has|have|had|holds?|contains?|costs?|weighs?|takes?|lasts?|pays?|gets?|"
    "carries|makes?|fits?|seats?|with|of)"
)
_GOES_AWAY = (
    "owe[sd]?|change|away|spent|spends?|lost|loses?|gave|sold|used|uses?|eats?|ate|drank|broken|"
    "missing|absent|cancel\\w*|returned|fell|falls?|dropped|drops?|reduced|discount\\w*|faulty|"
    "damaged|spoil\\w*|leaked?|paid|off|than"
)
_MORE = (
    "more|fewer|less|longer|older|younger|taller|heavier|higher|larger|bigger|smaller|further|"
    "farther|faster|cheaper|earlier|later|late|early|short"
)
_NUMBER = r"\d+(?:[.,]\d+)*"

_CUES: dict[str, dict[str, float]] = {
    "+": {
        r"\b(?:altogether|in total|in all|combined|total of|sum|add(?:ed|ing|s)?|plus)\b": 2,
        r"\b(?:total|together|both|overall)\b": 1,
        r"\bhow (?:many|much|far|long)\b.*\b(?:now|then)\b": 1,
        r"\bN more\b|\b(?:another|extra|further|additional) N": 1.5,
        r"\b(?:gain|join|rise|rose|raise|grow|grew|increase)\w*\b": 1,
    },
    "-": {
        r"\b(?:left|remain\w*|stays?|the rest|difference|subtract\w*|minus|still)\b": 2,
        rf"\bhow (?:many|much) (?:\w+ )?(?:{_MORE})\b": 3,
        rf"\b(?:{_GOES_AWAY})\b": 1,
        r"\btakes? \w+ off\b|\bof (?:them|these|those|which)\b|\bfrom N to N": 1,
        r"\bbut (?:it |only |actually )*\w+ N": 1,
    },
    "*": {
        rf"\bN(?: \w+)? {_EACH}\b": 3,
        rf"\b{_EACH} (?:\w+ ){{0,3}}{_HOLDS}\b.*?N": 2.5,
        rf"\b(?:one|a single \w+) {_HOLDS} N": 2.5,
        r"\bat N\b|\btimes\b|\bmultipl\w+|\brows of\b|\barea\b|\bevery\b": 2,
        r"\bN (?:\w+ )?of N\b": 2,
    },
    "/": {
        r"\b(?:evenly|equally|divid\w+|quotient|per person|per head|average|equal parts)\b": 3,
        r"\b(?:split|splits|shared?|shares|sharing|among|between us)\b": 2,
        r"\b(?:what|how (?:much|many|long))\b[^.?!]*\b(?:each(?! of\b)|apiece|everyone)\b": 2.5,
        r"\bhow many \w+ of N\b": 3.5,
        r"\bhow many \w+ (?:do|will|can|are|is|would)\b.*\b(?:need\w*|fill\w*|last|made?)\b": 2.5,
        r"\bN (?:\w+ )?(?:for|in|over|within) N \w+\b.*\bhow (?:much|many)\b.*\bper\b": 3,
        r"\b(?:cost|price|weight) of one\b|\bdoes one \w+\b": 2,
    },
}
"""What speaks for an operation, and how much; N is a number."""

_COMPILED = {
    symbol: [(re.compile(cue.replace("N", _NUMBER)), weight) for cue, weight in cues.items()]
    for symbol, cues in _CUES.items()
}
_WANTED = re.compile(r"[^.?!;]*\?")
"""The sentence that asks: what stands there says more about what is wanted."""

_CLEAR = 2.0
_LEAD = 1.0


def likely_operations(question: str) -> list[str]:
    """Return the operations that a question's words speak for most; all four if none clearly.

    Examples
    --------
    >>> likely_operations("Tom has 5 pears and eats 2. How many are left?")
    ['-']
    >>> likely_operations("What do 6 tickets at 4.75 each cost?")
    ['*']
    >>> likely_operations("Eva has 14 books, Tom has 9 books.")
    ['+', '-', '*', '/']
    """
    text = with_figures(question).lower()
    wanted = _WANTED.search(text)
    scores = {
        symbol: _score(cues, text) + (_score(cues, wanted.group()) if wanted else 0.0) / 2
        for symbol, cues in _COMPILED.items()
    }
    best = max(scores.values())
    near = [symbol for symbol in scores if best < _CLEAR or scores[symbol] > best - _LEAD]
    return sorted(near, key=lambda symbol: -scores[symbol])


def _score(cues: list[tuple[re.Pattern[str], float]], text: str) -> float:
    return sum(weight for pattern, weight in cues if pattern.search(text))
