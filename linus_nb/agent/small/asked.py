"""Which part of a tool's result the question asks for; pure.

A tool says all that it knows, and a small model would restate it wrongly. So the part that
the question names is copied, and the whole where it names none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from linus_nb.agent.small.mentions import mentioned
from linus_nb.agent.small.spans import without_quotes

if TYPE_CHECKING:
    from linus_nb.agent.tool_calls import Arguments


_ASKED_FOR = re.compile(r"\b(?:which|what)\s+(\w+(?:\s+\w+)?)", re.IGNORECASE)
_MEASURE = re.compile(r"\b(?:what|how)\b", re.IGNORECASE)


def asked_part(question: str, result: object, arguments: Arguments | None) -> object:
    """Return the entry of a result that the question asks for; all of it where that is not clear.

    That is what follows "which"; else the first entry that the question names. What it names
    only to say where to look (an argument) is meant only where it asks "what" or "how much".

    Examples
    --------
    >>> counts = {"letters": 6, "words": 1}
    >>> asked_part("How many letters has the word banana?", counts, {"text": "banana"})
    6
    >>> row = {"city": "Graz", "people": 303}
    >>> asked_part("Which city has the most people?", row, {"column": "people"})
    'Graz'
    >>> asked_part("What is the largest number of people?", row, {"column": "people"})
    303
    >>> asked_part("Where do the most people live?", row, {"column": "people"})
    {'city': 'Graz', 'people': 303}
    """
    if not isinstance(result, Mapping) or not result:
        return result
    if len(result) == 1:
        return next(iter(result.values()))
    plain = without_quotes(question)
    given = {str(value).rpartition(".")[2] for value in (arguments or {}).values()}
    keys = [str(key) for key in result]
    wanted = _ASKED_FOR.search(plain)
    named = mentioned(wanted.group(1), keys) if wanted else []
    named += mentioned(plain, [k for k in keys if k not in given or _MEASURE.search(plain)])
    return next((result[key] for key in named if key in result), result)
