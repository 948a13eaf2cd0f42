"""Fits a prompt into a model's context window; pure.

A server that gets more than its window holds drops the beginning without a word: the
instructions go first. So the beginning is kept here and what can be missed is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.messages import SystemMessage

from linus_nb.agent.prompts import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

CHARACTERS_PER_TOKEN = 4
"""English text in the tokenizers of the Gemma, Llama and Qwen families: 3.5 to 4.5."""

TOKENS_PER_MESSAGE = 4
"""The marks of role and turn around a message."""

_SHARE_FOR_THE_PROMPT = 0.75
_SUSPICIOUS_SHARE = 0.5
_SMALLEST_SUSPICIOUS = 1000


def estimated_tokens(messages: Sequence[BaseMessage]) -> int:
    """Estimate how many tokens ``messages`` are, at 4 characters a token.

    Examples
    --------
    >>> estimated_tokens([SystemMessage("a" * 400)])
    104
    """
    characters = sum(len(message.text) for message in messages)
    return characters // CHARACTERS_PER_TOKEN + TOKENS_PER_MESSAGE * len(messages)


def fitted(messages: Sequence[BaseMessage], window: int, *, keep: int = 1) -> list[BaseMessage]:
    """Return ``messages`` so that they and a reply fit into ``window`` tokens.

    The oldest messages of the conversation are left out first, then the middle of the
    longest message that is left; the system message always stays whole.

    Parameters
    ----------
    messages : sequence of BaseMessage
        The prompt.
    window : int
        The model's context window, in tokens; a quarter of it is for the reply.
    keep : int
        How many messages at the end are never left out.

    Examples
    --------
    >>> from langchain_core.messages import HumanMessage
    >>> kept = fitted([SystemMessage("Be brief."), HumanMessage("x" * 8000)], window=1000)
    >>> kept[0].text, estimated_tokens(kept) <= 750
    ('Be brief.', True)
    """
    budget = int(window * _SHARE_FOR_THE_PROMPT)
    system = [message for message in messages if isinstance(message, SystemMessage)]
    others = [message for message in messages if not isinstance(message, SystemMessage)]
    while len(others) > keep and estimated_tokens([*system, *others]) > budget:
        others.pop(0)
    excess = estimated_tokens([*system, *others]) - budget
    if others and excess > 0:
        longest = max(range(len(others)), key=lambda index: len(others[index].text))
        text = others[longest].text
        room = max(len(text) - (excess + 1) * CHARACTERS_PER_TOKEN, 0)
        cut = {"content": shortened(text, room)}
        others[longest] = others[longest].model_copy(update=cut)
    return [*system, *others]


def looks_cut(estimated: int, counted: int | None) -> bool:
    """Return whether the server read so much less than was sent that it must have cut it.

    Parameters
    ----------
    estimated, counted : int
        Tokens of the prompt by our estimate, and by the server's count.

    Examples
    --------
    >>> looks_cut(10_000, 1_026), looks_cut(100, 30), looks_cut(10_000, None)
    (True, False, False)
    """
    if counted is None or estimated < _SMALLEST_SUSPICIOUS:
        return False
    return counted < estimated * _SUSPICIOUS_SHARE
