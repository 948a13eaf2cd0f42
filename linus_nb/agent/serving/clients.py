"""The HTTP clients under ChatOllama: one per event loop, and one that remembers for a call.

An asynchronous client belongs to the loop that first used it. ChatOllama holds one client
for ever, so a second loop gets "Event loop is closed"; every call therefore goes out on a
copy of the model that has the running loop's own client.
"""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpx
import ollama

from linus_nb.agent.serving.addresses import is_loopback
from linus_nb.agent.serving.timeouts import DEFAULT_TIMEOUT, Timeout

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

    from langchain_ollama import ChatOllama


@cache
def ssl_context() -> ssl.SSLContext:
    """Return the certificates to trust, read once: doing so is most of a client's cost."""
    return httpx.create_ssl_context()


def client_options(url: str, timeout: Timeout) -> dict[str, Any]:
    """Return how to build an httpx client for ``url``.

    Silence is timed around each piece of a reply, not here; only connecting is timed by
    httpx. No connection is kept: a kept one would outlive its loop, and warn when it goes.
    """
    return {
        "timeout": httpx.Timeout(None, connect=timeout.connect),
        "limits": httpx.Limits(max_keepalive_connections=0),
        "trust_env": not is_loopback(url),  # a proxy of the environment cannot reach loopback
        "verify": ssl_context(),
    }


def server_url(model: ChatOllama) -> str:
    """Return the URL that ``model`` really calls, without credentials."""
    return str(_http(model._async_client).base_url).rstrip("/")  # noqa: SLF001  # no public way


class RecordingClient:
    """A client for one call that keeps the last thing the server said.

    LangChain drops a reply that only says "load", and passes a stream that ends without
    ``done`` as if it were whole; neither can be told from its messages.
    """

    def __init__(self, client: ollama.AsyncClient) -> None:
        self.client = client
        self.asked = False
        self.last: ollama.ChatResponse | None = None

    async def chat(self, **request: Any) -> AsyncIterator[ollama.ChatResponse]:
        """Send ``request`` and pass its stream on."""
        self.asked = True
        return self._record(await self.client.chat(**request))

    async def _record(
        self, stream: AsyncIterator[ollama.ChatResponse]
    ) -> AsyncIterator[ollama.ChatResponse]:
        async for part in stream:
            self.last = part
            yield part


def for_one_call(model: ChatOllama, timeout: Timeout) -> tuple[ChatOllama, RecordingClient]:
    """Return a copy of ``model`` for the running loop, and the client to question later."""
    client = RecordingClient(_pool.client(model, timeout))
    copy = model.model_copy()
    copy._async_client = client  # type: ignore[assignment]  # noqa: SLF001  # has what is used
    return copy, client


class _ClientPool:
    """The client of each (event loop, model) pair, dropped with either of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: WeakKeyDictionary[
            asyncio.AbstractEventLoop,
            WeakKeyDictionary[ollama.AsyncClient, ollama.AsyncClient],
        ] = WeakKeyDictionary()

    def client(self, model: ChatOllama, timeout: Timeout) -> ollama.AsyncClient:
        loop = asyncio.get_running_loop()
        original = model._async_client  # noqa: SLF001  # LangChain offers no public way to it
        with self._lock:
            of_loop = self._clients.setdefault(loop, WeakKeyDictionary())
            if original not in of_loop:
                of_loop[original] = _renew(model, timeout)
            return of_loop[original]


_pool = _ClientPool()


def _renew(model: ChatOllama, timeout: Timeout) -> ollama.AsyncClient:
    """Build the model's client anew; what the user gave to ChatOllama comes first."""
    url = server_url(model)
    given: Mapping[str, Any] = {**(model.client_kwargs or {}), **(model.async_client_kwargs or {})}
    options = {**client_options(url, timeout or DEFAULT_TIMEOUT), **given}
    options["headers"] = dict(_http(model._async_client).headers)  # noqa: SLF001  # credentials
    return ollama.AsyncClient(host=url, **options)


def _http(client: ollama.AsyncClient) -> httpx.AsyncClient:
    http = client._client  # noqa: SLF001  # ollama offers no public way to it
    if not isinstance(http, httpx.AsyncClient):
        raise TypeError(f"ollama's client is built on {type(http).__name__}, not on httpx")
    return http
