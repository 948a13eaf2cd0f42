"""Keeps an event loop from sleeping so deeply that nobody can interrupt it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class _Heartbeat:
    """Wakes the loop on which it is entered; all who are inside share one timer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.inside = 0
        # It alone leads to the loop, so that nothing does when nobody is inside.
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self.inside += 1
        if self.inside == 1:
            self._beat()

    def __exit__(self, *_: object) -> None:
        self.inside -= 1
        if not self.inside and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.seconds, self._beat)


_heartbeats: WeakKeyDictionary[asyncio.AbstractEventLoop, _Heartbeat] = WeakKeyDictionary()


def keep_awake(seconds: float = 0.05) -> AbstractContextManager[None]:
    """Wake the running loop every ``seconds``, so that an interrupt is seen at once.

    The Stop button of Jupyter reaches a cell as a cancellation that does not wake a
    sleeping loop: a cell that awaits a silent server would end seconds late.

    Parameters
    ----------
    seconds : float
        The longest time, in seconds, that the loop may sleep.

    Examples
    --------
    >>> async def wait_for_a_server():
    ...     with keep_awake():
    ...         return await asyncio.sleep(0, "reply")
    >>> asyncio.run(wait_for_a_server())
    'reply'
    """
    loop = asyncio.get_running_loop()
    heartbeat = _heartbeats.get(loop)
    if heartbeat is None or seconds < heartbeat.seconds:
        heartbeat = _heartbeats[loop] = _Heartbeat(seconds)
    return heartbeat
