"""Values as text for a model (and a person): whole where short, bounded and marked where not."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeGuard

if TYPE_CHECKING:
    import pandas as pd

LONGEST_VALUE: Final = 20_000
"""Characters of one value in a prompt."""

MAX_ROWS: Final = 30  # of a frame
ROWS_IN_SUMMARY: Final = 5
MAX_DEPTH: Final = 50  # of containers in containers; a circular one ends there
SIGNIFICANT_DIGITS: Final = 12
MAX_WHOLE: Final = 10**15  # floats below it that are whole are shown as whole numbers


def text_of(
    value: object,
    limit: int = LONGEST_VALUE,
    *,
    max_items: int | None = None,
    max_depth: int = MAX_DEPTH,
) -> str:
    """Return ``value`` as text.

    Parameters
    ----------
    value : object
        A str is taken as it is, None is empty, a message is its text. A DataFrame or Series
        becomes CSV of its first 30 rows; containers, dataclasses and pydantic models become
        JSON, floats with at most 12 significant digits; anything else is its ``str``.
    limit : int
        Most characters; a longer text is cut and says so.
    max_items : int, optional
        Most items of one container.
    max_depth : int
        Most containers inside each other.

    Returns
    -------
    str

    Examples
    --------
    >>> text_of({"mean": 0.1 + 0.2, "missing": float("nan")})
    '{"mean": 0.3, "missing": null}'
    >>> text_of("a" * 30, 20)
    'aaaaaaaaaaaaaaaaaaaa… (10 more characters)'
    >>> text_of(None)
    ''
    """
    if isinstance(value, str):
        return shortened(value, limit)
    if value is None:
        return ""
    if _is_frame(value):
        return shortened(_csv(value, MAX_ROWS), limit)
    message = message_text(value)
    if message is not None:
        return shortened(message, limit)
    plain = _Plain(max_items).of(value, max_depth)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    return shortened(text, limit)


def summary_of(value: object, limit: int = LONGEST_VALUE) -> str:
    """Return ``value`` as an agent without a prompt of its own is shown it.

    Like :func:`text_of`, but a DataFrame is its shape, its dtypes and its first rows.
    """
    if not _is_frame(value) or not hasattr(value, "columns"):
        return text_of(value, limit)
    dtypes = ", ".join(f"{name}: {dtype}" for name, dtype in value.dtypes.items())
    title = f"table of {len(value)} rows x {value.shape[1]} columns ({dtypes})"
    return shortened(f"{title}\n{_csv(value, ROWS_IN_SUMMARY)}", limit)


def labelled(values: Iterable[tuple[str, object]], limit: int = LONGEST_VALUE) -> str:
    """Return one block of text in which every value stands under its key.

    Examples
    --------
    >>> print(labelled([("city", "Oslo"), ("days", [1, 2])]))
    city: Oslo
    days: [1, 2]
    """
    blocks = []
    for key, value in values:
        text = summary_of(value, limit)
        blocks.append(f"{key}:\n{text}" if "\n" in text else f"{key}: {text}")
    return "\n".join(blocks)


def message_text(value: object) -> str | None:
    """Return the text of a chat message, None if ``value`` is no message."""
    content = getattr(value, "content", None)
    if content is None or not hasattr(value, "additional_kwargs"):
        return None
    if isinstance(content, str):
        return content
    return "".join(b if isinstance(b, str) else b.get("text", "") for b in content)


def shortened(text: str, limit: int) -> str:
    """Cut ``text`` to ``limit`` characters and say how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def _is_frame(value: object) -> TypeGuard[pd.DataFrame]:
    pandas = sys.modules.get("pandas")  # where pandas was never loaded there is no frame
    return pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series)


def _csv(frame: pd.DataFrame, rows: int) -> str:
    text = frame.head(rows).to_csv(float_format=f"%.{SIGNIFICANT_DIGITS}g").rstrip("\n")
    left_out = len(frame) - rows
    return f"{text}\n… ({left_out:,} more rows)" if left_out > 0 else text


class _Plain:
    """Turns values into what JSON knows, bounded in items and depth."""

    def __init__(self, max_items: int | None) -> None:
        self._max_items = max_items

    def of(self, value: object, depth: int) -> Any:
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return _readable(value)
        if depth == 0:
            return "…"
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._items(value, len(value), depth)
        return self._object(value, depth)

    def _mapping(self, mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        keys = islice(mapping, self._max_items)
        plain = {str(key): self.of(mapping[key], depth - 1) for key in keys}
        if len(mapping) > len(plain) and self._max_items is not None:
            plain["…"] = f"{len(mapping) - self._max_items:,} more"
        return plain

    def _items(self, items: Iterable[Any], count: int, depth: int) -> list[Any]:
        plain = [self.of(item, depth - 1) for item in islice(items, self._max_items)]
        if count > len(plain):
            plain.append(f"… {count - len(plain):,} more")
        return plain

    def _object(self, value: object, depth: int) -> Any:
        message = message_text(value)  # before the pydantic model that it also is
        if message is not None:
            return message
        if hasattr(value, "__pydantic_fields__") and not isinstance(value, type):
            return self.of(dict(value), depth)  # type: ignore[call-overload]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return self.of(fields, depth)
        if _is_frame(value):
            return _csv(value, MAX_ROWS)
        item = getattr(value, "item", None)  # a numpy scalar says what it is in Python
        if callable(item) and getattr(value, "shape", None) == ():
            return self.of(item(), depth - 1)
        return str(value)


def _readable(number: float) -> int | float | str | None:
    if not math.isfinite(number):
        return None if math.isnan(number) else str(number)
    rounded = float(f"{number:.{SIGNIFICANT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < MAX_WHOLE else rounded
