"""The one place that calls a chat model.

A call waits for a slot at its model's server, streams the reply, times every silence, and
tells each fault by its own error; what may be gone a moment later is tried again, with the
slot given back in between. All of it works from any number of event loops and threads.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import httpx
import ollama
from langchain_ollama import ChatOllama

from linus_nb.agent.interception import ModelRequest, current_interceptor
from linus_nb.agent.serving.addresses import server_key
from linus_nb.agent.serving.clients import RecordingClient, for_one_call, server_url
from linus_nb.agent.serving.faults import (
    TRANSIENT,
    Target,
    failed,
    fault_of,
    only_loaded,
    silent,
    stream_cut,
    with_installed,
)
from linus_nb.agent.serving.incoming import Incoming, Reply, ToolRequest
from linus_nb.agent.serving.naming import describe
from linus_nb.agent.serving.ollama_chat import OllamaChat
from linus_nb.agent.serving.slots import DEFAULT_MAX_PARALLEL, slot_at
from linus_nb.agent.serving.structured import Pieces, closing, start_of_reply
from linus_nb.agent.serving.timeouts import DEFAULT_TIMEOUT, Timeout
from linus_nb.errors import LinusError, ModelNotFoundError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

__all__ = ["ModelSource", "Reply", "ToolRequest", "call_model", "resolve_model"]

PAUSES = (0.2, 0.6)
"""Seconds before the second and the third attempt."""

_LISTING_SECONDS = 5.0

OnToken = Callable[[str], object]


@runtime_checkable
class ModelSource(Protocol):
    """Something that decides at the first call which chat model it stands for."""

    async def resolve(self) -> BaseChatModel:
        """Return the chat model, always the same one once decided."""


async def resolve_model(llm: BaseChatModel | ModelSource) -> BaseChatModel:
    """Return the chat model that ``llm`` is or stands for."""
    if not isinstance(llm, ModelSource):
        return llm
    interceptor = current_interceptor()
    return await (llm.resolve() if interceptor is None else interceptor.resolve(llm))


async def call_model(
    llm: BaseChatModel | ModelSource,
    messages: Sequence[BaseMessage],
    *,
    schema: dict[str, Any] | None = None,
    temperature: float | None = None,
    on_token: OnToken | None = None,
    phase: str = "",
) -> Reply:
    """Ask a chat model once and return its reply.

    Parameters
    ----------
    llm : BaseChatModel or ModelSource
        Any LangChain chat model, or what decides on one.
    messages : sequence of BaseMessage
        The conversation.
    schema : dict, optional
        A JSON schema that the reply has to follow. The text is returned as it came.
    temperature : float, optional
        For this call only; models without the setting keep their own.
    on_token : callable, optional
        Gets each piece of text the moment it arrives, on the running loop.
    phase : str
        Where in an agent's loop this is asked, for those who record calls.

    Returns
    -------
    Reply
        The text with its counts and times.

    Raises
    ------
    AgentError
        Of the class that fits: ModelUnreachableError, ModelNotFoundError, ModelBusyError,
        ModelRefusedError, ModelStreamCutError or ModelSilentError.

    Examples
    --------
    >>> from langchain_core.language_models import FakeListChatModel
    >>> from langchain_core.messages import HumanMessage
    >>> parrot = FakeListChatModel(responses=["Hello"])
    >>> asyncio.run(call_model(parrot, [HumanMessage("Hi")])).text
    'Hello'
    """
    model = _at_temperature(await resolve_model(llm), temperature)
    request = ModelRequest(model, tuple(messages), schema, phase)
    interceptor = current_interceptor()
    if interceptor is None:
        return await _ask(request, on_token)
    return await interceptor.call(request, on_token, _ask)


async def _ask(request: ModelRequest, on_token: OnToken | None) -> Reply:
    """Put a request to its model, again if what went wrong may be gone a moment later."""
    model, messages, schema = request.model, request.messages, request.schema
    call: _OllamaCall | _OtherCall = (
        _OllamaCall(model, messages, schema)
        if isinstance(model, ChatOllama)
        else _OtherCall(model, messages, schema)
    )
    for pause in PAUSES:
        incoming = Incoming(on_token)
        try:
            return await _attempt(call, incoming)
        except TRANSIENT:
            if incoming.text:  # what somebody has seen the beginning of is not begun again
                raise
        await asyncio.sleep(pause)
    return await _attempt(call, Incoming(on_token))


async def _attempt(call: _OllamaCall | _OtherCall, incoming: Incoming) -> Reply:
    async with call.slot():
        incoming.start()
        return await call.receive(incoming)


class _OllamaCall:
    """One call to a server that speaks Ollama's API."""

    def __init__(
        self, model: ChatOllama, messages: Sequence[BaseMessage], schema: dict[str, Any] | None
    ) -> None:
        self._model = model
        self._messages = list(messages)
        self._format: dict[str, Any] = {} if schema is None else {"format": schema}
        ours = model if isinstance(model, OllamaChat) else None
        self._timeout = ours.timeout if ours else DEFAULT_TIMEOUT
        self._limit = ours.max_parallel if ours else DEFAULT_MAX_PARALLEL
        self._embedded = ours is not None and ours.embedded
        self._target = Target(model.model, server_url(model))

    def slot(self) -> AbstractAsyncContextManager[None]:
        return slot_at(server_key(self._target.url), self._limit)

    async def receive(self, incoming: Incoming) -> Reply:
        model, client = for_one_call(self._model, self._timeout)
        pieces = model.astream(self._messages, **self._format)
        try:
            await _receive(pieces, incoming, self._timeout, self._target)
        except _CallFailed as failure:
            error = self._fault(failure.cause, client)
            if isinstance(error, ModelNotFoundError):
                error = with_installed(error, await _installed(client.client))
            raise error from failure.cause
        if client.last is None or not client.last.done:
            raise stream_cut(self._target, "the stream ended without 'done'")
        reply = incoming.from_ollama(describe(self._model), client.last)
        # The embedded server serves all at once, in turns a token long: that is no queue.
        return replace(reply, server_queue_seconds=None) if self._embedded else reply

    def _fault(self, cause: Exception, client: RecordingClient) -> LinusError:
        """Return our error; LangChain raises a ValueError for a stream with nothing in it."""
        last = client.last
        if isinstance(cause, ValueError) and last is not None and last.done_reason == "load":
            return only_loaded(self._target)
        broke_off = isinstance(cause, json.JSONDecodeError) and last is not None
        empty = type(cause) is ValueError and last is None and client.asked
        if broke_off or empty:
            return stream_cut(self._target, str(cause))
        return fault_of(cause, self._target)


class _OtherCall:
    """One call to any other LangChain chat model, which does its own retries."""

    def __init__(
        self, model: BaseChatModel, messages: Sequence[BaseMessage], schema: dict[str, Any] | None
    ) -> None:
        self._pieces = start_of_reply(model, messages, schema)
        self._name = describe(model)
        url = getattr(model, "base_url", None) or getattr(model, "openai_api_base", None)
        self._url = url if isinstance(url, str) else None

    def slot(self) -> AbstractAsyncContextManager[None]:
        if self._url is None:
            return nullcontext()
        return slot_at(server_key(self._url), DEFAULT_MAX_PARALLEL)

    async def receive(self, incoming: Incoming) -> Reply:
        target = Target(self._name, self._url or "its provider")
        try:
            await _receive(self._pieces(), incoming, DEFAULT_TIMEOUT, target)
        except _CallFailed as failure:
            if isinstance(failure.cause, LinusError):
                raise failure.cause from failure.cause.__cause__
            raise failed(self._name, failure.cause) from failure.cause
        return incoming.from_message(self._name)


class _CallFailed(Exception):  # noqa: N818  # never leaves this module
    """Whatever the model raised, kept apart from what ``on_token`` raises."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


async def _receive(pieces: Pieces, incoming: Incoming, longest: Timeout, target: Target) -> None:
    """Read a reply to its end; leaving early in any way closes its connection at once."""
    begun = False
    async with closing(pieces):
        while True:
            try:
                async with asyncio.timeout(
                    longest.between_tokens if begun else longest.first_token
                ) as silence:
                    piece = await anext(pieces, None)
            except Exception as error:
                if silence.expired():
                    raise silent(target, longest, begun=begun) from error
                raise _CallFailed(error) from error
            if piece is None:
                return
            incoming.add(piece)
            begun = True


async def _installed(client: ollama.AsyncClient) -> list[str] | None:
    """Return the models that the server has, None if it does not say."""
    try:
        async with asyncio.timeout(_LISTING_SECONDS):
            listed = await client.list()
    except (OSError, ValueError, httpx.HTTPError, ollama.ResponseError):
        return None
    return [model.model for model in listed.models if model.model]


def _at_temperature(model: BaseChatModel, temperature: float | None) -> BaseChatModel:
    """Return a copy for one call, which shares the model's client."""
    if temperature is None or "temperature" not in getattr(type(model), "model_fields", {}):
        return model
    return model.model_copy(update={"temperature": temperature})
