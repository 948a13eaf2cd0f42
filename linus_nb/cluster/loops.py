"""Awaiting on another event loop as if it were here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from linus_nb.blocking import Call

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


async def on_loop(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[object, object, T]) -> T:
    """Run ``coroutine`` on ``loop`` and return what it returns.

    A cancellation travels to it, and what it answers to that comes back: ``asyncio``'s own
    bridge would let go of it at once.

    Examples
    --------
    >>> async def answer():
    ...     return 42
    >>> async def ask():
    ...     return await on_loop(asyncio.get_running_loop(), answer())
    >>> asyncio.run(ask())
    42
    """
    if loop is asyncio.get_running_loop():
        return await coroutine
    call = Call(coroutine, loop).start()
    answer = asyncio.wrap_future(call.future)
    try:
        return await asyncio.shield(answer)
    except asyncio.CancelledError:
        if not answer.done():
            call.cancel_soon()
        return await asyncio.shield(answer)
