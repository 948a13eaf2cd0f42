"""Inputs, outputs and errors as bounded texts for a panel; nothing from outside is markup."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from linus_nb.drawing.picture import cleaned
from linus_nb.errors import LinusError
from linus_nb.graph.node_result import error_text
from linus_nb.rendering import shortened, text_of

if TYPE_CHECKING:
    from linus_nb.graph.node_result import NodeResult

LONGEST_TEXT = 8_000
ALL_TEXTS = 400_000
"""Characters of one panel and, shared evenly, of all panels of a view."""

LEAST_TEXT = 300
_MOST_ITEMS = 200
_NEXT = "Mend the node and run again; what finished is kept in executor.last_result."


def room_for_each(nodes: int) -> int:
    """Return how many characters one text of a view of so many nodes may have.

    Examples
    --------
    >>> room_for_each(5), room_for_each(200)
    (8000, 2000)
    """
    return max(LEAST_TEXT, min(LONGEST_TEXT, ALL_TEXTS // max(1, nodes)))


def readable(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return ``value`` as text; one that cannot be read says so.

    Examples
    --------
    >>> readable({"mean": 0.5})
    '{"mean": 0.5}'
    >>> class Broken:
    ...     def __str__(self):
    ...         raise KeyError("no text")
    >>> readable(Broken())
    '<Broken: its text raised KeyError>'
    """
    try:
        return cleaned(text_of(value, limit, max_items=_MOST_ITEMS), 2 * limit + 100)
    except Exception as broken:  # noqa: BLE001 - a broken value must not hide the others
        return f"<{type(value).__name__}: its text raised {type(broken).__name__}>"


def output_text(record: NodeResult, limit: int) -> str:
    """Return what a node wrote."""
    return readable(record.output, limit)


def input_text(record: NodeResult, limit: int) -> str:
    """Return what a node was given; "" for what takes no input."""
    try:
        given = record.input
    except Exception as broken:  # noqa: BLE001 - an input that cannot be copied is told as that
        return f"its input cannot be shown: {error_text(broken)}"
    if isinstance(given, dict):
        lines = (f"{key}: {readable(value, limit)}" for key, value in given.items())
        return shortened("\n".join(lines), limit)
    return readable(given, limit)


def error_facts(record: NodeResult, limit: int) -> dict[str, str]:
    """Return what the Error tab says: a sentence, the cause, what to do next, the traceback.

    Examples
    --------
    >>> from linus_nb.graph import NodeResult
    >>> error_facts(NodeResult("sum", "failed", error="ValueError: no rows"), 500)["sentence"]
    "'sum' failed: ValueError: no rows"
    """
    error = record.exception
    told = error.message if isinstance(error, LinusError) and error.message else record.error
    hint = error.hint if isinstance(error, LinusError) else None
    facts = {
        "sentence": shortened(f"{record.name!r} {_how(record)}: {told}", limit),
        "cause": shortened(_cause(error), limit),
        "next": shortened(hint or _NEXT, limit),
        "traceback": _traceback(error, limit),
    }
    return {key: cleaned(text) for key, text in facts.items()}


def _how(record: NodeResult) -> str:
    return "failed" if record.status == "failed" else f"had an error and is {record.status}"


def _cause(error: BaseException | None) -> str:
    if error is None:
        return ""
    cause = error.__cause__ or error.__context__
    return "" if cause is None else error_text(cause)


def _traceback(error: BaseException | None, limit: int) -> str:
    """Return the end of the traceback, where the fault is."""
    text = "".join(traceback.format_exception(error)) if error is not None else ""
    return text if len(text) <= limit else "…\n" + text[-limit:]
