"""The options of a node as somebody types them: each field's text, and what the text means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from linus_nb.errors import OptionError
from linus_nb.graph.node import OnError
from linus_nb.widgets.building import mapping_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.graph import AgentNode

FieldKind = Literal["text", "long", "number", "choice", "mapping", "flag"]

_LONGEST_QUOTED = 40


class FormField(NamedTuple):
    """One field of a form, as it is now.

    Parameters
    ----------
    name : str
        The option of ``AgentNode``, or "condition" of an edge.
    label : str
        What stands beside it.
    kind : {"text", "long", "number", "choice", "mapping", "flag"}
        How it is typed: a line, lines, a number, one of ``choices``, lines of
        ``parameter = key``, or ``true`` and ``false``.
    value : str
        Its text: what was typed, even if that is no value.
    choices : tuple of str
        What a choice offers.
    help : str
        What it is for.
    problem : str
        What is wrong with it, "" if nothing is.
    """

    name: str
    label: str
    kind: FieldKind
    value: str
    choices: tuple[str, ...] = ()
    help: str = ""
    problem: str = ""


class _Option(NamedTuple):
    label: str
    kind: FieldKind
    help: str
    read: Callable[[str], Any]
    """Returns what a text means, or raises OptionError."""
    choices: tuple[str, ...] = ()


def _text(text: str) -> str:
    return text


def _text_or_none(text: str) -> str | None:
    return text or None


def _name(text: str) -> str:
    if not text:
        raise OptionError("a node needs a name")
    return text


def _whole_number(text: str) -> int:
    try:
        return int(text.strip() or 0)
    except ValueError as error:
        raise OptionError(f"{_quoted(text)} is no whole number, like 3") from error


def _seconds(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError as error:
        raise OptionError(f"{_quoted(text)} is no number of seconds, like 2.5") from error


def _backoff(text: str) -> float:
    seconds = _seconds(text)
    return 0.5 if seconds is None else seconds


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise OptionError(f"{_quoted(text)} is none of {', '.join(choices)}")
        return text

    return read


def _flag(text: str) -> bool:
    return _one_of("true", "false")(text) == "true"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}…")


_ON_ERROR: tuple[str, ...] = get_args(OnError)

OPTIONS = {
    "name": _Option("Name", "text", "What the node is called.", _name),
    "agent": _Option("Agent", "choice", "What does the work.", _text),
    "description": _Option(
        "Description", "long", "What it is for; without a prompt, an agent's task.", _text
    ),
    "prompt": _Option(
        "Prompt", "long", "The text for an agent; {key} is replaced by a value.", _text_or_none
    ),
    "input_mapping": _Option(
        "Input",
        "mapping",
        f"Lines `parameter = key`; `{mapping_text.NOTHING}` for no input; empty: by name.",
        mapping_text.read,
    ),
    "output_key": _Option(
        "Output key", "text", "How others read the output; empty: the name.", _text_or_none
    ),
    "retry_count": _Option("Retries", "number", "Further attempts after a failure.", _whole_number),
    "retry_backoff": _Option(
        "Wait before a retry", "number", "Seconds; doubles with each further one.", _backoff
    ),
    "timeout_seconds": _Option(
        "Timeout", "number", "Longest time of an attempt, in seconds; empty: none.", _seconds
    ),
    "on_error": _Option(
        "On error",
        "choice",
        "fail ends the run; skip goes on without the output; continue goes on with None.",
        _one_of(*_ON_ERROR),
        _ON_ERROR,
    ),
    "resource": _Option(
        "Resource", "text", "Name of a limit that the executor enforces.", _text_or_none
    ),
    "thread": _Option("In a thread", "flag", "Off: a function runs on the event loop.", _flag),
}
"""The fields of a node's form, in order."""


def text_of(node: AgentNode, field: str) -> str:
    """Return what a field shows for ``node``; the agent's is known to the palette alone.

    Examples
    --------
    >>> from linus_nb.graph import AgentNode
    >>> node = AgentNode("n", max, timeout_seconds=30.0, input_mapping={"x": "y"})
    >>> [text_of(node, field) for field in ("timeout_seconds", "thread", "input_mapping")]
    ['30', 'true', 'x = y']
    """
    value = getattr(node, field)
    if field == "input_mapping":
        return mapping_text.written(value)
    if field == "output_key" and value == node.name:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return "" if value is None else str(value)
