"""A tool's result as a bounded text that a model (and a person) can read."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from pydantic import BaseModel

if TYPE_CHECKING:
    import pandas as pd

MAX_CHARACTERS: Final = 4000
MAX_ROWS: Final = 30  # of a frame
MAX_ITEMS: Final = 100  # of a list or a dict
MAX_DEPTH: Final = 6
SIGNIFICANT_DIGITS: Final = 12
MAX_WHOLE: Final = 10**15  # floats below it that are whole are shown as whole numbers


def tool_result_text(value: object, *, limit: int = MAX_CHARACTERS) -> str:
    """Write a tool's result as text.

    Parameters
    ----------
    value : object
        What the tool returned. A DataFrame or Series becomes CSV of its first 30 rows; dicts,
        lists, dataclasses and pydantic models become JSON; a float has at most 12 significant
        digits; bytes and other objects are shown by their ``str``.
    limit : int
        The most characters; a longer text is cut and says so.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> tool_result_text({"mean": 0.1 + 0.2, "missing": float("nan")})
    '{"mean": 0.3, "missing": null}'
    >>> tool_result_text("a" * 30, limit=20)
    'aaaaaaaaaaaaaaaaaaaa… (10 more characters)'
    """
    return shortened(_text(value), limit)


def shortened(text: str, limit: int) -> str:
    """Cut ``text`` to ``limit`` characters and say how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if _is_frame(value):
        return _frame_text(value)
    plain = _plain(value, MAX_DEPTH)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _is_frame(value: object) -> TypeGuard[pd.DataFrame | pd.Series[Any]]:
    pandas = sys.modules.get("pandas")  # where pandas was never loaded there is no frame
    return pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series)


def _frame_text(frame: pd.DataFrame | pd.Series[Any]) -> str:
    text = frame.head(MAX_ROWS).to_csv(float_format=f"%.{SIGNIFICANT_DIGITS}g").rstrip("\n")
    left_out = len(frame) - MAX_ROWS
    return f"{text}\n… ({left_out:,} more rows)" if left_out > 0 else text


def _plain(value: object, depth: int) -> Any:
    """Return ``value`` as what JSON knows, bounded in items and depth."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return _readable(value)
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return _plain_mapping(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return _plain_items(value, len(value), depth)
    return _plain_object(value, depth)


def _readable(number: float) -> int | float | str | None:
    if not math.isfinite(number):
        return None if math.isnan(number) else str(number)
    rounded = float(f"{number:.{SIGNIFICANT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < MAX_WHOLE else rounded


def _plain_mapping(mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    plain = {str(key): _plain(mapping[key], depth - 1) for key in islice(mapping, MAX_ITEMS)}
    if len(mapping) > MAX_ITEMS:
        plain["…"] = f"{len(mapping) - MAX_ITEMS:,} more"
    return plain


def _plain_items(items: Iterable[Any], count: int, depth: int) -> list[Any]:
    plain = [_plain(item, depth - 1) for item in islice(items, MAX_ITEMS)]
    if count > MAX_ITEMS:
        plain.append(f"… {count - MAX_ITEMS:,} more")
    return plain


def _plain_object(value: object, depth: int) -> Any:
    if isinstance(value, BaseModel):
        return _plain(dict(value), depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _plain(fields, depth)
    if _is_frame(value):
        return _frame_text(value)
    item = getattr(value, "item", None)  # a numpy scalar says what it is in Python
    if callable(item) and getattr(value, "shape", None) == ():
        return _plain(item(), depth - 1)
    return str(value)
