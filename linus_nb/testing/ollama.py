"""A real HTTP server on loopback that speaks Ollama's API and fails on request."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Self

from linus_nb.errors import OptionError, ScriptError
from linus_nb.testing.handling import Handler
from linus_nb.testing.steps import Fault, Replies, Script
from linus_nb.testing.wire import Connection, ReceivedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future


class FakeOllama(AbstractContextManager["FakeOllama"], AbstractAsyncContextManager["FakeOllama"]):
    """A model server for tests: real sockets, scripted replies, every fault of the real one.

    It runs in a thread of its own with its own event loop, so it can be used from sync and async
    tests, and by any number of loops at once. ``server.url`` is where it listens.

    Parameters
    ----------
    replies : sequence, mapping or callable, optional
        As for :class:`~linus_nb.testing.ScriptedModel`; the messages are dicts with ``role`` and
        ``content``. A :class:`Fault` may stand for a reply. By default every answer is "ok".
    models : sequence of str
        The installed models. A name without a tag means its ``:latest``.
    parallel : int
        Requests served at once; further ones wait in a queue, as with OLLAMA_NUM_PARALLEL.
    piece_delay : float
        Seconds before each further piece of a text.
    fault : Fault, optional
        What every request meets, instead of replies.

    Attributes
    ----------
    url : str
        Where it listens, for example ``http://127.0.0.1:40123``.
    requests : list of ReceivedRequest
        What it was asked, in order.
    open_connections, in_flight : int
        Connections, and requests that have no whole reply yet, now.
    max_in_flight : int
        The most requests that clients had under way at once, waiting ones included.
    disconnects : int
        How often a client left before its reply was whole.

    Examples
    --------
    >>> import httpx
    >>> question = {"model": "gemma3:4b", "messages": [{"role": "user", "content": "hi"}]}
    >>> with FakeOllama(["Hello there."]) as server:
    ...     reply = httpx.post(f"{server.url}/api/chat", json=question | {"stream": False})
    >>> reply.json()["message"]["content"]
    'Hello there.'
    >>> server.requests[0].last_text
    'hi'
    """

    def __init__(
        self,
        replies: Replies | None = None,
        *,
        models: Sequence[str] = ("gemma3:4b",),
        parallel: int = 4,
        piece_delay: float = 0.0,
        fault: Fault | None = None,
    ) -> None:
        if parallel < 1:
            raise OptionError(f"parallel={parallel} serves nobody", hint="parallel=1")
        self._script = Script((lambda _: "ok") if replies is None else replies)
        self._handler = Handler(
            self._script,
            [name if ":" in name else f"{name}:latest" for name in models],
            parallel=parallel,
            piece_delay=piece_delay,
            fault=fault,
            changed=self._changed,
        )
        self._listens = fault is not Fault.REFUSED
        self.requests: list[ReceivedRequest] = []
        self.open_connections = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.disconnects = 0
        self._watchers: list[tuple[Callable[[FakeOllama], bool], asyncio.Future[None]]] = []
        self._conversations: dict[Connection, asyncio.Task[None]] = {}
        self._crashes: list[BaseException] = []
        self._thread: threading.Thread | None = None

    # --- life -------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start to listen; ``with`` does it."""
        # asyncio switches Nagle's delay off (40 ms a reply) only where the protocol is named
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))  # bound and not listening, it refuses connections
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(ready)), name="FakeOllama", daemon=True
        )
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        """Close every connection and the port; ``with`` does it. Raise what a reply raised."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None
            self._socket.close()
        if self._crashes:
            raise self._crashes.pop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *_: object) -> None:
        self.stop()

    async def _run(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = None
        if self._listens:
            server = await self._loop.create_server(self._connection, sock=self._socket)
        ready.set()
        await self._stopping.wait()
        if server is not None:
            server.close()
        tasks = list(self._conversations.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- watching ---------------------------------------------------------------------------

    @property
    def serving(self) -> int:
        """Requests that have one of the ``parallel`` slots now."""
        return self._handler.serving

    @property
    def max_serving(self) -> int:
        """The most requests that were served at once."""
        return self._handler.max_serving

    def assert_finished(self) -> None:
        """Raise ScriptError unless every reply was asked for and every call had one."""
        self._script.assert_finished()

    async def auntil(self, predicate: Callable[[FakeOllama], bool], seconds: float = 5.0) -> None:
        """Wait until ``predicate(server)`` holds; it is asked whenever something has changed.

        Parameters
        ----------
        predicate : callable
            For example ``lambda server: server.disconnects == 1``.
        seconds : float
            How long to wait before this is a ScriptError.
        """
        await asyncio.wrap_future(self._until(predicate, seconds))

    def until(self, predicate: Callable[[FakeOllama], bool], seconds: float = 5.0) -> None:
        """Block until ``predicate(server)`` holds; see :meth:`auntil`."""
        self._until(predicate, seconds).result()

    def _until(self, predicate: Callable[[FakeOllama], bool], seconds: float) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(self._watch(predicate, seconds), self._loop)

    async def _watch(self, predicate: Callable[[FakeOllama], bool], seconds: float) -> None:
        holds = self._loop.create_future()
        self._watchers.append((predicate, holds))
        self._changed()
        try:
            async with asyncio.timeout(seconds):
                await holds
        except TimeoutError as error:
            state = {
                name: getattr(self, name)
                for name in ("open_connections", "in_flight", "serving", "disconnects")
            }
            raise ScriptError(
                f"the server did not come to the awaited state within {seconds:g} s: {state}"
            ) from error

    def _changed(self) -> None:
        for predicate, holds in self._watchers:
            if not holds.done() and predicate(self):
                holds.set_result(None)
        self._watchers = [pair for pair in self._watchers if not pair[1].done()]

    # --- connections ------------------------------------------------------------------------

    def _connection(self) -> Connection:
        return Connection(self._opened, self._left)

    def _opened(self, connection: Connection) -> None:
        self.open_connections += 1
        task = self._loop.create_task(self._converse(connection))
        self._conversations[connection] = task
        task.add_done_callback(lambda ended: self._ended(connection, ended))
        self._changed()

    def _left(self, connection: Connection) -> None:
        self.open_connections -= 1
        if connection.busy:
            self.disconnects += 1
            self._conversations[connection].cancel()
        self._changed()

    def _ended(self, connection: Connection, task: asyncio.Task[None]) -> None:
        del self._conversations[connection]
        connection.close()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crashes.append(error)

    async def _converse(self, connection: Connection) -> None:
        while connection.open and (request := await connection.receive()) is not None:
            self.requests.append(request)
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            self._changed()
            try:
                await self._handler.respond(connection, request)
            finally:
                self.in_flight -= 1
                self._changed()
            if request.headers.get("connection", "").lower() == "close":
                return
