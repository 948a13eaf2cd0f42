"""Ollama's HTTP API over one engine, as far as LangChain and Ollama's own clients use it."""

from __future__ import annotations

import json
from contextlib import aclosing
from time import perf_counter
from typing import Any, Protocol

from aiohttp import web

from linus_nb.agent.embedded.tool_use import read_reply, with_tools
from linus_nb.agent.embedded.translate import (
    EngineError,
    EngineReply,
    Json,
    chat_messages,
    engine_request,
    reply_line,
)

VERSION = "0.12.0"  # of the API that is spoken here
_LARGEST_REQUEST = 64 * 2**20  # bytes


class ChunkSource(Protocol):
    """What generates: see ``Engine``."""

    def chunks(self, request: Json) -> Any:
        """Return an asynchronous generator of the reply's chunks."""


class OllamaApi:
    """The handlers of one model.

    Parameters
    ----------
    engine : ChunkSource
        What generates.
    model_name : str
        The only model that there is.
    size : int
        Bytes of its file.
    tools_in_prompt : bool
        The model's chat template has no place for tools.
    """

    def __init__(
        self, engine: ChunkSource, model_name: str, size: int, *, tools_in_prompt: bool = False
    ) -> None:
        self._engine = engine
        self._tools_in_prompt = tools_in_prompt
        self._name = model_name
        self._size = size

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.add_routes(
            [
                web.get("/", self._root),
                web.get("/api/version", self._version),
                web.get("/api/tags", self._models),
                web.get("/api/ps", self._models),
                web.post("/api/show", self._show),
                web.post("/api/chat", self._chat),
                web.post("/api/generate", self._chat),
            ]
        )
        return app

    async def _root(self, _request: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": VERSION})

    async def _models(self, _request: web.Request) -> web.Response:
        entry = {
            "name": self._name,
            "model": self._name,
            "modified_at": "1970-01-01T00:00:00Z",
            "size": self._size,
            "digest": "",
            "details": _DETAILS,
        }
        return web.json_response({"models": [entry]})

    async def _show(self, request: web.Request) -> web.Response:
        body = await request.json()
        wanted = body.get("model") or body.get("name") or ""
        if not self._is_mine(wanted):
            return _no_model(wanted)
        return web.json_response(
            {"details": _DETAILS, "model_info": {}, "capabilities": ["completion", "tools"]}
        )

    def _is_mine(self, wanted: str) -> bool:
        return wanted.removesuffix(":latest") == self._name

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        wanted = body.get("model") or ""
        if not self._is_mine(wanted):
            return _no_model(wanted)
        writer = _Writer(request, wanted, stream=body.get("stream", True))
        if not chat_messages(body):
            return await writer.finish({"done": True, "done_reason": "load"})
        started = perf_counter()
        reply, asked = EngineReply(), engine_request(body)
        in_prompt = self._tools_in_prompt and bool(body.get("tools"))
        if in_prompt:
            asked = with_tools(asked, body["tools"])
        held: list[str] = []
        try:
            # Leaving this block, by a client that has gone too, stops the generation.
            async with aclosing(self._engine.chunks(asked)) as chunks:
                async for chunk in chunks:
                    text = reply.take(chunk)
                    if in_prompt:  # what may be a tool call is no text before it is whole
                        held.append(text)
                    else:
                        await writer.text(text)
        except EngineError as error:
            return await writer.fail(str(error))
        said, calls = read_reply("".join(held)) if in_prompt else ("", reply.tool_calls())
        await writer.text(said)
        if calls:
            await writer.tool_calls(calls)
        return await writer.finish(reply.ending(seconds=perf_counter() - started))


class _Writer:
    """Writes one reply: an object a line while it comes, or all of it at the end."""

    def __init__(self, request: web.Request, model: str, *, stream: bool) -> None:
        self._request = request
        self._model = model
        self._generate = request.path == "/api/generate"
        self._stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        self._is_stream = stream
        self._texts: list[str] = []
        self._calls: list[Json] = []

    async def text(self, text: str) -> None:
        if text and self._is_stream:
            await self._send(self._line(text))
        elif text:
            self._texts.append(text)

    async def tool_calls(self, calls: list[Json]) -> None:
        if self._is_stream and not self._generate:
            line = self._line("")
            line["message"]["tool_calls"] = calls
            await self._send(line)
        else:
            self._calls = calls

    async def fail(self, message: str) -> web.StreamResponse:
        """Tell an error: by its status, unless the reply has begun."""
        if not self._stream.prepared:
            return web.json_response({"error": message}, status=400)
        await self._send({"error": message})
        await self._stream.write_eof()
        return self._stream

    async def finish(self, ending: Json) -> web.StreamResponse:
        last = self._line("".join(self._texts), **ending)
        if self._is_stream:
            await self._send(last)
            await self._stream.write_eof()
            return self._stream
        if self._calls and not self._generate:
            last["message"]["tool_calls"] = self._calls
        return web.json_response(last)

    def _line(self, text: str, **members: Any) -> Json:
        return reply_line(self._model, text, generate=self._generate, **members)

    async def _send(self, line: Json) -> None:
        if not self._stream.prepared:
            await self._stream.prepare(self._request)
        await self._stream.write(json.dumps(line).encode() + b"\n")


_DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "",
    "quantization_level": "",
}


def _no_model(wanted: str) -> web.Response:
    return web.json_response({"error": f"model {wanted!r} not found"}, status=404)
