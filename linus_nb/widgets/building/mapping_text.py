"""An input mapping as lines that somebody types: ``parameter = key``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING = "nothing"
"""The line that stands for an empty mapping: a node without input."""

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINE = re.compile(rf"({_QUOTED}|[^=\"][^=]*?)\s*=\s*({_QUOTED}|[^\"].*)")


def written(mapping: Mapping[str, str] | None) -> str:
    r"""Return the lines for ``mapping``; what would be misread stands in quotes.

    Examples
    --------
    >>> print(written({"text": "report", "a = b": " two\nlines"}))
    text = report
    "a = b" = " two\nlines"
    """
    if mapping is None:
        return ""
    return "\n".join(f"{_side(one)} = {_side(key)}" for one, key in mapping.items()) or NOTHING


def read(text: str) -> dict[str, str] | None:
    """Return the mapping for lines, None if there are none.

    Raises
    ------
    OptionError
        At a line that is no pair, or names a parameter again.

    Examples
    --------
    >>> read("text = report")
    {'text': 'report'}
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    mapping: dict[str, str] = {}
    for line in lines if lines != [NOTHING] else ():
        match = _LINE.fullmatch(line)
        if match is None:
            raise OptionError(f"{line[:60]!r} is not a line like: parameter = key")
        parameter, key = (_unquoted(side, line) for side in match.groups())
        if parameter in mapping:
            raise OptionError(f"two lines name the parameter {parameter!r}")
        mapping[parameter] = key
    return mapping


def _side(text: str) -> str:
    plain = text.isprintable() and text == text.strip() and text != ""
    return text if plain and "=" not in text and not text.startswith('"') else json.dumps(text)


def _unquoted(side: str, line: str) -> str:
    if not side.startswith('"'):
        return side
    try:
        return str(json.loads(side))
    except ValueError as error:
        raise OptionError(f"the quotes in {line[:60]!r} cannot be read: {error}") from error
