"""How a call is not the recorded one: the nearest record, and the first field that differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from linus_nb.agent.json_values import JsonValue
    from linus_nb.testing.cassettes.records import Call

_BEFORE, _SHOWN = 15, 60
"""Characters shown before the place where two texts part, and in all."""


def canonical(value: JsonValue) -> str:
    """Return a text that is equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def nearest(
    calls: Iterable[Call], unused: Collection[int], node: str, phase: str, request: JsonValue
) -> Call | None:
    """Return the record that a call was most likely meant to be."""
    asked = canonical(request)

    def likeness(numbered: tuple[int, Call]) -> tuple[bool, bool, bool, int]:
        number, call = numbered
        alike = _parting(canonical(call.request), asked)
        return call.node == node, call.phase == phase, number in unused, alike

    return max(enumerate(calls), key=likeness, default=(0, None))[1]


def first_difference(recorded: JsonValue, now: JsonValue, path: str = "") -> str | None:
    """Return where two requests part and how, None if they are equal.

    Examples
    --------
    >>> first_difference({"options": {"seed": 1}}, {"options": {"seed": 2}})
    'options.seed: recorded 1, now 2'
    >>> first_difference(["a"], ["a", "b"])
    "[1]: recorded nothing, now 'b'"
    """
    if isinstance(recorded, dict) and isinstance(now, dict):
        names = [*recorded, *(name for name in now if name not in recorded)]
        return _first(
            (recorded.get(name, _NOTHING), now.get(name, _NOTHING), f"{path}.{name}".lstrip("."))
            for name in names
        )
    if isinstance(recorded, list) and isinstance(now, list):
        longest = range(max(len(recorded), len(now)))
        return _first((_at(recorded, i), _at(now, i), f"{path}[{i}]") for i in longest)
    if recorded == now and type(recorded) is type(now):
        return None
    return f"{path}: recorded {_shown(recorded, now)}, now {_shown(now, recorded)}"


class _Nothing(str):
    """Stands where one side has no value."""

    __slots__ = ()


_NOTHING = _Nothing()


def _first(pairs: Iterable[tuple[JsonValue, JsonValue, str]]) -> str | None:
    return next((found for pair in pairs if (found := first_difference(*pair))), None)


def _at(values: list[JsonValue], index: int) -> JsonValue:
    return values[index] if index < len(values) else _NOTHING


def _shown(value: JsonValue, other: JsonValue) -> str:
    if isinstance(value, _Nothing):
        return "nothing"
    if not isinstance(value, str):
        return f"{canonical(value):.{_SHOWN}}"
    parting = _parting(value, other) if isinstance(other, str) else 0
    begin = max(0, parting - _BEFORE)
    end = begin + _SHOWN
    cut = value[begin:end]
    return f"{'…' if begin else ''}{cut!r}{'…' if end < len(value) else ''}"


def _parting(one: str, other: str) -> int:
    """Return the index of the first character at which two texts differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
