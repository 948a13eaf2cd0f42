"""As much of HTTP/1.1 as a stand-in for a model server needs, over asyncio streams."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as the server got it.

    Parameters
    ----------
    method, path : str
        "POST" and "/api/chat", for example.
    headers : mapping
        By lower-case name.
    body : mapping
        The JSON of the body; empty without one.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model") or "")

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of a chat; the prompt of a generation counts as one."""
        if "prompt" in self.body:
            return [{"role": "user", "content": self.body["prompt"]}] if self.body["prompt"] else []
        return list(self.body.get("messages") or [])

    @property
    def last_text(self) -> str:
        """The text of the last message."""
        return str(self.messages[-1].get("content") or "") if self.messages else ""


class Connection(asyncio.StreamReaderProtocol):
    """A client's connection that says at once when the client leaves.

    ``busy`` is true from a request's first byte to the last one of its reply, so a client that
    leaves while it is true did not get its answer.
    """

    def __init__(
        self, opened: Callable[[Connection], None], left: Callable[[Connection], None]
    ) -> None:
        self.reader = asyncio.StreamReader()
        super().__init__(self.reader, self._connected)
        self.busy = False
        self.open = True
        self._opened = opened
        self._left = left

    def _connected(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._opened(self)

    def eof_received(self) -> bool:
        """Take the client's end of sending for its leave; no HTTP client sends less than all."""
        stay_open = super().eof_received()
        self._leave()
        return bool(stay_open)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone, whoever ended it."""
        super().connection_lost(exc)
        self._leave()

    def _leave(self) -> None:
        if self.open:
            self.open = False
            self._left(self)

    async def receive(self) -> ReceivedRequest | None:
        """Read the next request; None if the client has no more."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        self.busy = True
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        content = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return ReceivedRequest(method, path, headers, json.loads(content) if content else {})

    async def send(self, body: object, *, status: int = 200) -> None:
        """Send a whole reply: a str as a web page, anything else as JSON."""
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "text/html" if isinstance(body, str) else "application/json"
        content = text.encode()
        self.busy = False
        self._head(status, f"Content-Type: {kind}; charset=utf-8\r\nContent-Length: {len(content)}")
        self.writer.write(content)
        await self.writer.drain()

    def begin_lines(self) -> None:
        """Start a reply of JSON lines."""
        self._head(200, "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked")

    async def send_line(self, line: Mapping[str, Any]) -> None:
        """Send one line of such a reply."""
        content = json.dumps(line).encode() + b"\n"
        self.writer.write(b"%x\r\n%b\r\n" % (len(content), content))
        await self.writer.drain()

    async def end_lines(self) -> None:
        """End the reply properly."""
        self.busy = False
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def close(self) -> None:
        """Close the connection, in the middle of a reply too."""
        self.busy = False
        self.writer.close()

    def _head(self, status: int, headers: str) -> None:
        reason = HTTPStatus(status).phrase
        self.writer.write(f"HTTP/1.1 {status} {reason}\r\n{headers}\r\n\r\n".encode())
