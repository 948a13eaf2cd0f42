"""How DAGs, states and results look in a cell and in a terminal; always bounded in size."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linus_nb.graph.node_result import NodeResult
    from linus_nb.graph.result import ExecutionResult

# With cells of the widest characters, and of quotes, which HTML escapes with six characters,
# that is still less than 20 kB and 100 kB.
MOST_BYTES = 100_000
ROWS_IN_TEXT = 30
ROWS_IN_HTML = 50
LONGEST_CELL = 200
_UNBROKEN = 20

SIGNS = {
    "completed": "✓",
    "reused": "↻",
    "failed": "✕",
    "skipped": "-",
    "cancelled": "■",
    "running": "▶",
    "queued": "…",
    "waiting": "·",
}


def shorten(value: object, longest: int = LONGEST_CELL) -> str:
    r"""Return one line of at most ``longest`` characters about ``value``.

    Examples
    --------
    >>> shorten("two\nlines")
    'two lines'
    >>> shorten("x" * 1000, 10)
    'xxxxxxxxx…'
    """
    shape = getattr(value, "shape", None)
    if shape is not None and hasattr(value, "dtypes"):
        return f"table {' x '.join(map(str, shape))}"
    if isinstance(value, list | dict | set | tuple) and len(value) > longest:
        return f"{type(value).__name__} of {len(value)}"
    text = value if isinstance(value, str) else _repr(value)
    text = " ".join(text[: 4 * longest].split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as broken:  # noqa: BLE001 - a broken __repr__ must not hide the result
        return f"<{type(value).__name__} (its repr raised {type(broken).__name__})>"


def detail_text(record: NodeResult | None) -> str:
    """Return the second line of a node's box in a picture: its seconds and its tokens."""
    if record is None or record.seconds is None:
        return ""
    tokens = getattr(record.metrics, "total_tokens", None)
    return f"{record.seconds:.2f} s" + (f" · {tokens} tokens" if tokens else "")


def result_text(result: ExecutionResult) -> str:
    """Return the result as a few lines for a terminal (at most about 15 kB)."""
    lines = [_headline(result)]
    shown = list(result.nodes.values())[:ROWS_IN_TEXT]
    width = min(30, max((len(shorten(node.name, 30)) for node in shown), default=0))
    for node in shown:
        told = node.error if node.error is not None else node.output
        lines.append(
            f"  {SIGNS[_end(node)]} {shorten(node.name, 30):<{width}}  {_end(node):<9}  "
            f"{_seconds(node):>8}  {'' if told is None else shorten(told, 120)}"
        )
    left = len(result.nodes) - len(shown)
    if left > 0:
        lines.append(f"  ... {left} more nodes: result.nodes")
    if result.abandoned:
        lines.append(f"  would not stop: {shorten(result.abandoned)}")
    lines += [f"  {notice}" for notice in result.notices]
    return "\n".join(lines)


def result_html(result: ExecutionResult) -> str:
    """Return the result as a table for a cell, to stand under its picture (at most 60 kB)."""
    rows = [
        (
            f"{SIGNS[_end(node)]} {_end(node)}",
            shorten(node.name, 80),
            _seconds(node),
            shorten(node.error if node.error is not None else _blank(node.output)),
        )
        for node in list(result.nodes.values())[:ROWS_IN_HTML]
    ]
    left = len(result.nodes) - len(rows)
    foot = f"{left} more nodes: <code>result.nodes</code>" if left > 0 else ""
    if result.abandoned:
        foot += f" Would not stop: {escape(shorten(result.abandoned))}."
    foot += "".join(f"<br>{escape(notice)}" for notice in result.notices)
    return table(_headline(result), ("status", "node", "time", "output"), rows, foot)


def state_html(title: str, entries: Iterable[tuple[str, Any]], total: int) -> str:
    """Return keys and values as a table for a cell."""
    rows = [(shorten(key, 80), shorten(value)) for key, value in entries]
    foot = f"{total - len(rows)} more keys" if total > len(rows) else ""
    return table(title, ("key", "value"), rows, foot)


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], foot: str = "") -> str:
    """Return an HTML table; everything but ``foot`` is escaped."""
    heads = "".join(f"<th style='text-align:left'>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td style='{_style(c)}'>{escape(c)}</td>" for c in row) + "</tr>"
        for row in rows
    )
    return (
        f"<div><p><b>{escape(title)}</b></p><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table><p>{foot}</p></div>"
    )


def _style(cell: str) -> str:
    # Short cells (a status, a time) stay on one line; long ones wrap.
    return "text-align:left" + (";white-space:nowrap" if len(cell) <= _UNBROKEN else "")


def _headline(result: ExecutionResult) -> str:
    counts = ", ".join(
        f"{count} {status}"
        for status, count in (
            ("completed", result.completed_nodes),
            ("failed", result.failed_nodes),
            ("skipped", result.skipped_nodes),
            ("cancelled", result.cancelled_nodes),
        )
        if count
    )
    name, seconds = shorten(result.dag_name, 80), result.execution_time_seconds
    told = f"{name}: {result.status} in {seconds:.2f} s ({counts or 'no nodes'})"
    return f"{told} on {', '.join(result.models)}" if result.models else told


def _seconds(node: NodeResult) -> str:
    return "" if node.seconds is None else f"{node.seconds:.2f} s"


def _end(node: NodeResult) -> str:
    return "reused" if node.reused else node.status


def _blank(value: object) -> object:
    return "" if value is None else value
