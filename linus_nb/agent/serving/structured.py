"""Holding a chat model to a JSON schema, by whatever it supports; never by ``bind_tools``."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage

Pieces: TypeAlias = AsyncIterator[AIMessage]
"""A reply that comes piece by piece."""


def start_of_reply(
    model: BaseChatModel, messages: Sequence[BaseMessage], schema: dict[str, Any] | None
) -> Callable[[], Pieces]:
    """Return what starts a stream of the reply, held to ``schema`` as well as ``model`` can."""
    if schema is None:
        return lambda: model.astream(list(messages))
    # LangChain's own default goes through bind_tools, which small models get wrong.
    overrides = type(model).with_structured_output is not BaseChatModel.with_structured_output
    if overrides:
        try:
            named = {"title": "Reply", **schema}
            chain = model.with_structured_output(named, method="json_schema", include_raw=True)
        except (NotImplementedError, TypeError, ValueError):
            pass  # it knows other methods only
        else:
            return lambda: _raw(chain.astream(list(messages)))
    return lambda: model.astream(_with_schema(messages, schema))


async def _raw(parts: AsyncIterator[object]) -> Pieces:
    async with closing(parts):
        async for part in parts:
            if isinstance(part, dict) and "raw" in part:
                yield part["raw"]


def _with_schema(messages: Sequence[BaseMessage], schema: dict[str, Any]) -> list[BaseMessage]:
    """Say the schema in the system message, which many models take in first place only."""
    text = f"Reply with JSON only, following this JSON schema:\n{json.dumps(schema)}"
    first, rest = (messages[0], messages[1:]) if messages else (None, [])
    if isinstance(first, SystemMessage) and isinstance(first.content, str):
        return [SystemMessage(f"{first.content}\n\n{text}"), *rest]
    return [SystemMessage(text), *messages]


@asynccontextmanager
async def closing(stream: AsyncIterator[object]) -> AsyncIterator[None]:
    """Close ``stream`` on leaving, however that happens; LangChain's are generators."""
    try:
        yield
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
