"""A route that takes only bodies of bounded size, time and depth, and errs in problem+json.

It is a route class and no middleware, so that it also holds where the routes are part of
somebody else's app.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from starlette.requests import Request

from linus_nb.errors import RequestRefusedError
from linus_nb.server.limits import Turns
from linus_nb.server.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response
    from starlette.types import Message

    from linus_nb.server.limits import Limits

# Possessive, so that no text makes it look twice at a character.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS = bytes.maketrans(b"[]{}", b"()()")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LONG = 50_000  # bytes; looking through more would hold up the event loop


def guarded_route(limits: Limits) -> type[APIRoute]:
    """Return the class of routes that keep ``limits``."""
    turns = Turns()

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                await turns.take()
                try:
                    return await handle(await _with_body(request, limits))
                except Exception as error:  # noqa: BLE001 - told to the client, logged if not ours
                    return problem_of(error).response()

            return guarded

    return GuardedRoute


def is_deeper_than(body: bytes, depth: int) -> bool:
    """Tell whether JSON has more than ``depth`` containers inside each other.

    Examples
    --------
    >>> is_deeper_than(b'{"a": [1, {"b": "[[["}]}', 3), is_deeper_than(b"[[]]", 1)
    (False, True)
    """
    brackets = _STRING.sub(b"", body).translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(depth):  # each time the innermost containers go
        brackets = brackets.replace(b"()", b"")
    return b"()" in brackets or brackets.count(b"(") > depth


async def _with_body(request: Request, limits: Limits) -> Request:
    """Read the body, and return a request that gives it once more."""
    try:
        async with asyncio.timeout(limits.max_body_seconds):
            body = await _read(request, limits.max_body_bytes)
    except TimeoutError as error:
        raise RequestRefusedError(
            f"the body did not arrive within {limits.max_body_seconds:g} s", status=408
        ) from error
    look = is_deeper_than if len(body) < _LONG else _in_thread
    deeper = look(body, limits.max_depth)
    if deeper if isinstance(deeper, bool) else await deeper:
        raise RequestRefusedError(
            f"the body has more than {limits.max_depth} containers inside each other",
            status=422,
        )

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)


async def _in_thread(body: bytes, depth: int) -> bool:
    return await asyncio.to_thread(is_deeper_than, body, depth)


async def _read(request: Request, most: int) -> bytes:
    told = request.headers.get("content-length", "")
    size = int(told) if told.isdecimal() else 0
    body = bytearray()
    if size <= most:
        async for piece in request.stream():
            body += piece
            if (size := len(body)) > most:
                break
    if size > most:
        raise RequestRefusedError(
            f"the body is larger than {most:,} bytes", status=413, headers={"Connection": "close"}
        )
    return bytes(body)
