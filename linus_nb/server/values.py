"""Whatever a node returned, as JSON: always possible, always bounded, never an exception."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

from linus_nb.rendering import message_text, shortened

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_ROWS: Final = 100  # of a frame
_LONGEST_KEY: Final = 200
_MOST_BITS: Final = 1_000  # Python writes no whole number that is much longer
_MISSING: Final = frozenset({"NAType", "NaTType"})
_LEFT_OUT: Final = "…"


def encoded(value: Json) -> bytes:
    r"""Return ``value`` as UTF-8; half a surrogate pair, which UTF-8 has not, becomes ``?``.

    Examples
    --------
    >>> encoded({"text": "\ud800é"}).decode()
    '{"text":"?é"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")


def plain(
    value: object,
    *,
    max_items: int = 10_000,
    max_characters: int = 1_000_000,
    max_depth: int = 32,
    clean: Callable[[str], str] = str,
) -> Json:
    """Return ``value`` as JSON knows it.

    Parameters
    ----------
    value : object
        Containers, dataclasses, pydantic models and numpy arrays become arrays and objects; a
        message its text; a DataFrame its shape, columns and first 100 rows; NaN and missing
        values null; anything else its text.
    max_items : int
        Most values in all; what is beyond is left out, and a text says how much.
    max_characters : int
        Most characters of text in all.
    max_depth : int
        Most containers inside each other; a circular one ends there.
    clean : callable
        What each text goes through first.

    Examples
    --------
    >>> plain({1: (2, float("nan")), "path": {"a"}})
    {'1': [2, None], 'path': ['a']}
    >>> plain([1, 2, 3, 4], max_items=3)
    [1, 2, '… 2 more']
    """
    return _Budget(max_items, max_characters, clean).plain(value, max_depth)


class _Budget:
    """Turns values into JSON until its items or characters are spent."""

    def __init__(self, items: int, characters: int, clean: Callable[[str], str]) -> None:
        self._items = items
        self._characters = characters
        self._clean = clean

    def plain(self, value: object, depth: int) -> Json:
        self._items -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float):
            return _number(value)
        if depth <= 0:
            return _LEFT_OUT
        try:
            return self._structured(value, depth)
        except Exception as broken:  # noqa: BLE001 - an output whose own code raises is still told
            return f"<{type(value).__name__} (reading it raised {type(broken).__name__})>"

    def _structured(self, value: object, depth: int) -> Json:
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple | AbstractSet):
            return self._list(value, len(value), depth)
        if _is_frame(value):
            return self._frame(value, depth)
        if _is_series(value):
            return self._frame(value.to_frame(), depth)
        if _is_array(value):
            return self._array(value, depth)
        return self._object(value, depth)

    def _mapping(self, mapping: Mapping[Any, object], depth: int) -> dict[str, Json]:
        told: dict[str, Json] = {}
        for key in mapping:
            if self._items <= 0:
                told[_LEFT_OUT] = f"{len(mapping) - len(told):,} more"
                break
            told[shortened(str(key), _LONGEST_KEY)] = self.plain(mapping[key], depth - 1)
        return told

    def _list(self, items: Iterable[object], count: int, depth: int) -> list[Json]:
        told: list[Json] = []
        for item in items:
            if self._items <= 0:
                told.append(f"… {count - len(told):,} more")
                break
            told.append(self.plain(item, depth - 1))
        return told

    def _frame(self, frame: pd.DataFrame, depth: int) -> dict[str, Json]:
        head = frame.iloc[:MAX_ROWS]
        rows = list(head.itertuples(index=False, name=None))
        return {
            "shape": list(frame.shape),
            "columns": self._list(frame.columns, len(frame.columns), depth - 1),
            "index": self._list(head.index, len(head), depth - 1),
            "rows": self._list(rows, len(rows), depth - 1),
        }

    def _array(self, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], depth: int) -> Json:
        if array.ndim == 0:
            return self.plain(array.item(), depth - 1)
        rows = islice(array, max(0, self._items) + 1)
        return self._list(rows, len(array), depth)

    def _object(self, value: object, depth: int) -> Json:
        message = message_text(value)  # before the pydantic model that it also is
        if message is not None:
            return self._text(message)
        if hasattr(value, "__pydantic_fields__") and not isinstance(value, type):
            fields: Mapping[str, object] = dict(value)  # type: ignore[call-overload]
            return self._mapping(fields, depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return self._mapping(fields, depth)
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value):,} bytes>"
        return None if type(value).__name__ in _MISSING else self._text(str(value))

    def _text(self, text: str) -> str:
        text = self._clean(text)
        kept = max(0, self._characters)
        self._characters -= len(text)
        return shortened(text, kept)


def _number(number: float) -> int | float | str | None:
    if isinstance(number, int):
        bits = number.bit_length()
        return int(number) if bits <= _MOST_BITS else f"<whole number of {bits:,} bits>"
    if math.isnan(number):
        return None
    return float(number) if math.isfinite(number) else str(float(number))


def _is_frame(value: object) -> TypeGuard[pd.DataFrame]:
    pandas = sys.modules.get("pandas")  # where pandas was never loaded there is no frame
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _is_series(value: object) -> TypeGuard[pd.Series]:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.Series)


def _is_array(
    value: object,
) -> TypeGuard[np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray | numpy.generic)
