"""Values as text for a model: whole where they are short, bounded and marked where not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

LONGEST_VALUE = 20_000
"""Characters of one value in a prompt; what is cut is said at the cut."""

ROWS_SHOWN = 50
ROWS_IN_HEAD = 5


def text_of(value: object, longest: int = LONGEST_VALUE) -> str:
    """Return ``value`` as a prompt shows it.

    Parameters
    ----------
    value : object
        A str is taken as it is, None is empty, containers are JSON, a DataFrame is CSV of
        at most 50 rows, a message is its text.
    longest : int
        Most characters kept.

    Returns
    -------
    str

    Examples
    --------
    >>> text_of({"a": [1, 2]}), text_of("x"), text_of(None)
    ('{"a": [1, 2]}', 'x', '')
    """
    return cut(_text(value), longest)


def summary_of(value: object, longest: int = LONGEST_VALUE) -> str:
    """Return ``value`` as an agent without a prompt of its own is shown it.

    Like :func:`text_of`, but a DataFrame is its shape, its dtypes and its first rows.
    """
    if _is_frame(value):
        frame: Any = value
        dtypes = ", ".join(f"{name}: {dtype}" for name, dtype in frame.dtypes.items())
        head = frame.head(ROWS_IN_HEAD).to_csv(index=False).rstrip("\n")
        text = f"table of {len(frame)} rows x {frame.shape[1]} columns ({dtypes})\n{head}"
        return cut(text, longest)
    return text_of(value, longest)


def labelled(values: Iterable[tuple[str, object]], longest: int = LONGEST_VALUE) -> str:
    """Return one block of text in which every value stands under its key.

    Examples
    --------
    >>> print(labelled([("city", "Oslo"), ("days", [1, 2])]))
    city: Oslo
    days: [1, 2]
    """
    blocks = []
    for key, value in values:
        text = summary_of(value, longest)
        blocks.append(f"{key}:\n{text}" if "\n" in text else f"{key}: {text}")
    return "\n".join(blocks)


def message_text(value: object) -> str | None:
    """Return the text of a chat message, None if ``value`` is no message."""
    content = getattr(value, "content", None)
    if content is None or not hasattr(value, "additional_kwargs"):
        return None
    if isinstance(content, str):
        return content
    blocks = [block if isinstance(block, str) else block.get("text", "") for block in content]
    return "".join(blocks)


def cut(text: str, longest: int) -> str:
    """Return at most ``longest`` characters of ``text``, with a mark where it was cut."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}\n[... {len(text) - longest} more characters]"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if _is_frame(value):
        return _csv(value)
    message = message_text(value)
    if message is not None:
        return message
    plain = _plain(value)
    if isinstance(plain, dict | list):
        return json.dumps(plain, ensure_ascii=False, default=_json_default)
    return str(value)


def _plain(value: object) -> object:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    return value


def _json_default(value: object) -> object:
    plain = _plain(value)
    if plain is not value:
        return plain
    if hasattr(value, "item") and not _is_frame(value) and getattr(value, "size", 1) == 1:
        return value.item()  # a numpy scalar
    return text_of(value)


def _csv(frame: Any) -> str:
    shown = frame.head(ROWS_SHOWN).to_csv(index=False).rstrip("\n")
    left = len(frame) - ROWS_SHOWN
    return f"{shown}\n[... {left} more rows]" if left > 0 else shown


def _is_frame(value: object) -> bool:
    return hasattr(value, "to_csv") and hasattr(value, "head") and hasattr(value, "dtypes")
