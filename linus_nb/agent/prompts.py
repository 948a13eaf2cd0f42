"""What the model is asked, phase by phase; pure: data in, messages and schemas out.

Every phase asks for one thing, with the task last, because small models follow what they
read last. The schema of a reply goes to the server, not into the words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from linus_nb.agent.small.examples import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linus_nb.agent.schemas import JsonSchema

DEFAULT_INSTRUCTIONS = "You are a careful assistant. You say only what you know or were told."
NO_TOOL = "none"
LONGEST_RESULT = 4000
"""Characters of one tool's result that a model gets to read."""


@dataclass(frozen=True, slots=True)
class ToolLine:
    """A tool as the model sees it."""

    name: str
    description: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        summary = " ".join(self.description.split())
        return f"- {self.name}({', '.join(self.arguments)}): {summary[:300]}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step brought, as the model reads it."""

    task: str
    tool: str | None
    result: str | None = None
    error: str | None = None

    def __str__(self) -> str:
        via = f" [{self.tool}]" if self.tool else ""
        said = f"FAILED: {self.error}" if self.error is not None else f"{self.result}"
        return f"- {self.task}{via} -> {shortened(said, LONGEST_RESULT)}"


@dataclass(frozen=True, slots=True)
class Situation:
    """What every phase knows.

    Parameters
    ----------
    task : str
        What the user wants.
    instructions : str or None
        Who the agent is.
    history : tuple of BaseMessage
        The conversation before the task.
    outcomes : tuple of Outcome
        What the steps up to now brought, oldest first.
    missing : tuple of str
        What the last check found missing.
    """

    task: str
    instructions: str | None = None
    history: tuple[BaseMessage, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    missing: tuple[str, ...] = ()

    def ask(self, request: str, *, about: str = "") -> list[BaseMessage]:
        """Return the messages that put ``request`` about the task to the model."""
        parts = [f"Task: {self.task}"]
        if self.outcomes:
            parts.append("Done so far:\n" + "\n".join(map(str, self.outcomes)))
        if self.missing:
            parts.append("Still missing: " + "; ".join(self.missing))
        parts += [part for part in (about, request) if part]
        system = SystemMessage(self.instructions or DEFAULT_INSTRUCTIONS)
        return [system, *self.history, HumanMessage("\n\n".join(parts))]


def plan_messages(situation: Situation, tools: Sequence[ToolLine]) -> list[BaseMessage]:
    """Ask which tasks lead to the answer, and which tool does each."""
    return situation.ask(
        "Split the task into the fewest steps that still have to be done. For each step name "
        f'the tool that does it, or "{NO_TOOL}". Set needs_earlier to true if the step needs '
        "the result of a step before it. The answer is written later. Reply with JSON only:\n"
        '{"tasks": [{"task": "...", "tool": "...", "needs_earlier": false}]}',
        about="Tools:\n" + "\n".join(map(str, tools)),
    )


def plan_schema(tools: Sequence[str]) -> JsonSchema:
    """Return the JSON schema of a plan over ``tools``.

    Examples
    --------
    >>> schema = plan_schema(["add"])
    >>> schema["properties"]["tasks"]["items"]["properties"]["tool"]["enum"]
    ['add', 'none']
    """
    step = {
        "type": "object",
        "properties": {
            "task": {"type": "string"},
            "tool": {"type": "string", "enum": with_none(tools)},
            "needs_earlier": {"type": "boolean"},
        },
        "required": ["task", "tool", "needs_earlier"],
    }
    return {
        "title": "Plan",
        "type": "object",
        "properties": {"tasks": {"type": "array", "items": step}},
        "required": ["tasks"],
    }


def choice_messages(situation: Situation, tools: Sequence[ToolLine]) -> list[BaseMessage]:
    """Ask a small model which one of ``tools`` does the task."""
    return situation.ask(
        'Which tool does this task? Reply with JSON only: {"tool": "..."}',
        about="Tools:\n" + "\n".join(map(str, tools)),
    )


def choice_schema(choices: Sequence[str]) -> JsonSchema:
    """Return the JSON schema of a choice among ``choices``."""
    return {
        "title": "Choice",
        "type": "object",
        "properties": {"tool": {"type": "string", "enum": [*choices]}},
        "required": ["tool"],
    }


def argument_messages(
    situation: Situation, step: str, tool: ToolLine, schema: JsonSchema
) -> list[BaseMessage]:
    """Ask for the arguments with which ``tool`` does ``step``."""
    return situation.ask(
        f"Give the arguments of {tool.name} for the step: {step}\n"
        f"Reply with one JSON object for this schema: {json.dumps(_properties(schema))}",
        about=f"Tool:\n{tool}",
    )


def few_shot_messages(question: str, tool: ToolLine, schema: JsonSchema) -> list[BaseMessage]:
    """Ask a small model for arguments: by the nearest examples, and the question last."""
    keys = list(_properties(schema))
    system = f"{tool.name}: {tool.description}\nReply with the JSON arguments for the question."
    messages: list[BaseMessage] = [SystemMessage(system)]
    if len(keys) == 1:
        for example in nearest(question):
            arguments = json.dumps({keys[0]: example.value}, ensure_ascii=False)
            messages += [HumanMessage(example.question), AIMessage(arguments)]
    return [*messages, HumanMessage(question)]


def check_messages(situation: Situation) -> list[BaseMessage]:
    """Ask whether the results are all that the task needs."""
    return situation.ask(
        "Are these results enough to answer the task in full? A failed step is no result. "
        'Reply with JSON only: {"is_complete": true or false, "reason": "...", '
        '"missing": ["what is not there yet"]}'
    )


CHECK_SCHEMA: JsonSchema = {
    "title": "Check",
    "type": "object",
    "properties": {
        "is_complete": {"type": "boolean"},
        "reason": {"type": "string"},
        "missing": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["is_complete", "reason", "missing"],
}


def step_messages(situation: Situation, step: str) -> list[BaseMessage]:
    """Ask the model itself to do a step for which there is no tool."""
    return situation.ask(f"Do only this step, and reply with its result: {step}")


def answer_messages(situation: Situation, schema: JsonSchema | None) -> list[BaseMessage]:
    """Ask for the answer to the task."""
    if schema is not None:
        form = json.dumps(schema.get("properties", schema))
        return situation.ask(f"Answer the task as one JSON object for this schema: {form}")
    if situation.outcomes:
        return situation.ask("Answer the task in words, from what was done above. Call no tool.")
    system = SystemMessage(situation.instructions or DEFAULT_INSTRUCTIONS)
    return [system, *situation.history, HumanMessage(situation.task)]


def again(messages: Sequence[BaseMessage], reply: str, fault: str) -> list[BaseMessage]:
    """Ask the same once more, with the reply that could not be used and what was wrong."""
    return [
        *messages,
        AIMessage(shortened(reply, 1000) or "(empty)"),
        HumanMessage(f"That cannot be used: {fault}\nReply again, as asked."),
    ]


def shortened(text: str, limit: int) -> str:
    """Return ``text``, with its middle left out if it is longer than ``limit`` characters.

    Examples
    --------
    >>> shortened("abcdefghij", 7)
    'abc…hij'
    """
    if len(text) <= limit:
        return text
    half = max(limit - 1, 0) // 2
    return f"{text[:half]}…{text[len(text) - half :]}"


def with_none(tools: Sequence[str]) -> list[str]:
    """Return the names of ``tools``, and the word for no tool.

    Examples
    --------
    >>> with_none(["add"])
    ['add', 'none']
    """
    return [*tools, *(() if NO_TOOL in tools else (NO_TOOL,))]


def _properties(schema: JsonSchema) -> dict[str, object]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}
