"""Puts a question to the model until its reply can be read, a bounded number of times."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from linus_nb.agent.calls import call_model
from linus_nb.agent.prompts import again
from linus_nb.agent.replies import quote, without_thinking
from linus_nb.agent.serving.addresses import without_credentials
from linus_nb.agent.window import estimated_tokens, fitted, looks_cut
from linus_nb.errors import NoAnswerError
from linus_nb.events import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.messages import BaseMessage

    from linus_nb.agent.calls import Reply
    from linus_nb.agent.run import Run
    from linus_nb.agent.schemas import JsonSchema

T = TypeVar("T")

logger = logging.getLogger("linus_nb")


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What the model is asked, and how its reply is read.

    Parameters
    ----------
    phase, task : str
        Where in the loop it is asked, and about what.
    messages : sequence of BaseMessage
        The prompt.
    read : callable
        Returns what the reply holds, or raises NoAnswerError.
    schema : dict or None
        The JSON schema of the reply.
    asks : int
        The most replies that are asked for.
    is_answer : bool
        Asked at the agent's own temperature, and its text is shown while it comes;
        everything else is asked at temperature 0.
    """

    phase: str
    task: str
    messages: Sequence[BaseMessage]
    read: Callable[[Reply], T]
    schema: JsonSchema | None = None
    asks: int = 2
    is_answer: bool = False


async def ask(run: Run, question: Question[T]) -> T:
    """Return what the model's reply holds.

    Raises
    ------
    NoAnswerError
        If none of ``question.asks`` replies could be read.
    AgentError
        If the model could not be asked.
    """
    messages = list(question.messages)
    faults = []
    for _ in range(question.asks):
        reply = await _call(run, question, messages)
        try:
            value = question.read(_whole(reply))
        except NoAnswerError as error:
            faults.append(error)
            _record(run, question, reply, error=error.message)
            messages = again(question.messages, reply.text, error.message)
        else:
            _record(run, question, reply, result=value)
            return value
    raise NoAnswerError(
        f"{_whose(run)}: no usable reply in {question.asks} tries ({question.phase}); "
        f"the last one: {faults[-1].message}",
        hint=faults[-1].hint or "another wording, or a larger model: model='gemma3:12b'",
    ) from faults[-1]


def _whose(run: Run) -> str:
    """Return the model as messages name it: with its server, if it has one."""
    url = getattr(run.model, "base_url", None)
    return f"{run.meter.model} at {without_credentials(url)}" if url else run.meter.model


async def _call(run: Run, question: Question[T], messages: Sequence[BaseMessage]) -> Reply:
    messages = _fitted(run, messages)
    estimated = estimated_tokens(messages)
    reply = await call_model(
        run.model,
        messages,
        schema=question.schema,
        temperature=None if question.is_answer else 0.0,
        on_token=(lambda text: run.emit(Token, text=text)) if question.is_answer else None,
        phase=question.phase,
    )
    run.meter.count_reply(reply)
    if looks_cut(estimated, reply.input_tokens):
        logger.warning(
            "%s read %s of about %d tokens: its context window cut the prompt. Give it a "
            "larger one, such as num_ctx=%d.",
            reply.model, reply.input_tokens, estimated, 2 * estimated,
        )  # fmt: skip
    return reply


def _fitted(run: Run, messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """Return the messages as they fit into the model's window, if that is known."""
    window = getattr(run.model, "num_ctx", None)
    if not isinstance(window, int):
        return messages
    kept = fitted(messages, window, keep=max(len(messages) - len(run.history) - 1, 1))
    if (before := estimated_tokens(messages)) > estimated_tokens(kept):
        logger.warning(
            "A prompt of about %d tokens does not fit num_ctx=%d: the oldest messages or the "
            "middle of the longest were left out. Give the model a larger num_ctx.",
            before, window,
        )  # fmt: skip
    return kept


def _whole(reply: Reply) -> Reply:
    if reply.truncated:
        raise NoAnswerError(
            f"the reply was cut at the token limit: {quote(reply.text)}",
            hint="give the model more room: max_tokens=2000 and a larger num_ctx",
        )
    return reply


def _record(
    run: Run,
    question: Question[T],
    reply: Reply,
    *,
    result: object = None,
    error: str | None = None,
) -> None:
    run.record(
        question.phase, "model", question.task, result=result, error=error, seconds=reply.seconds
    )
    if question.is_answer and error is not None:
        run.partial = without_thinking(reply.text) or run.partial
