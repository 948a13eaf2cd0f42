"""Running several coroutines at once, leaving none behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable


async def together(
    coroutines: Iterable[Coroutine[object, object, Any]], *, return_exceptions: bool = False
) -> list[Any]:
    """Run coroutines at once and return their results in order.

    Parameters
    ----------
    coroutines : iterable of coroutine
        What to run.
    return_exceptions : bool
        Put an exception in its place; with False the first one is raised as it is (a
        TaskGroup would wrap it), after the others have been cancelled and have ended.

    Examples
    --------
    >>> async def double(number):
    ...     return 2 * number
    >>> asyncio.run(together([double(1), double(2)]))
    [2, 4]
    """
    running = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*running, return_exceptions=return_exceptions)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
