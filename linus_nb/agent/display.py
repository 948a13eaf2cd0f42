"""How an agent's response looks in a cell; always bounded in size."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from linus_nb.rendering import text_of

if TYPE_CHECKING:
    from linus_nb.agent.response import AgentResponse, StepRecord

# Even of quotes, which HTML escapes with six characters, that is less than 100 kB.
_LONGEST_ANSWER, _LONGEST_CELL = 5_000, 200
_MOST_STEPS, _MOST_ITEMS = 15, 50
_LEFT = "text-align:left;white-space:pre-wrap"


def response_html(response: AgentResponse) -> str:
    """Return answer, cost and steps for a cell (less than 100 kB)."""
    steps = response.execution_history
    rows = "".join(map(_row, steps[:_MOST_STEPS]))
    left_out = len(steps) - _MOST_STEPS
    more = f"<p>{left_out} more steps: <code>response.execution_history</code></p>"
    return (
        f"<div><p><b>{escape(_headline(response))}</b></p>"
        f"<pre style='white-space:pre-wrap'>{_text(response.result, _LONGEST_ANSWER)}</pre>"
        f"<details><summary>{len(steps)} steps</summary><table><tbody>{rows}</tbody></table>"
        f"{more if left_out > 0 else ''}</details></div>"
    )


def _headline(response: AgentResponse) -> str:
    metrics, status = response.metrics, response.completion_status
    tokens = "" if metrics.total_tokens is None else f", {metrics.total_tokens} tokens"
    told = "complete" if status["is_complete"] else f"not complete: {status['reason']}"[:200]
    return (
        f"{metrics.model or 'agent'}: {told} ({metrics.execution_time_seconds:.2f} s, "
        f"{metrics.llm_calls} model calls, {metrics.tool_executions} tool calls{tokens})"
    )


def _row(step: StepRecord) -> str:
    told = step.result if step.error is None else step.error
    cells = (step.phase, step.tool or step.by, step.task, told)
    texts = (f"<td style='{_LEFT}'>{_text(cell, _LONGEST_CELL)}</td>" for cell in cells)
    return f"<tr>{''.join(texts)}<td>{step.seconds:.2f} s</td></tr>"


def _text(value: object, limit: int) -> str:
    try:
        text = text_of(value, limit, max_items=_MOST_ITEMS)
    except Exception as broken:  # noqa: BLE001 - a broken value must not hide the rest
        text = f"<{type(value).__name__}: its text raised {type(broken).__name__}>"
    return escape(text)
