"""Limits on what runs at once: passive counters and a fair queue, shared by nested runs."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Generic, TypeVar

from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

Ticket = TypeVar("Ticket")


class Slots(Generic[Ticket]):
    """Who may run: first come, first served, except that nobody waits behind a full resource.

    Parameters
    ----------
    max_concurrency : int, optional
        Most tickets that run at once; None: no limit.
    limits : mapping of str to int
        Most tickets of each named resource that run at once.

    Raises
    ------
    OptionError
        If a limit is below 1.

    Examples
    --------
    >>> slots = Slots(2, {"gpu": 1})
    >>> for ticket, resource in [("a", "gpu"), ("b", "gpu"), ("c", None), ("d", None)]:
    ...     slots.enqueue(ticket, resource)
    >>> slots.take()
    ['a', 'c']
    >>> slots.release("gpu")
    >>> slots.take()
    ['b']
    """

    def __init__(self, max_concurrency: int | None, limits: Mapping[str, int]) -> None:
        for name, limit in {"max_concurrency": max_concurrency, **limits}.items():
            if limit is None and name == "max_concurrency":
                continue
            if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
                raise OptionError(f"the limit {name}={limit!r} is not a whole number of 1 or more")
        self.max_concurrency = max_concurrency
        self.limits = dict(limits)
        self._free = max_concurrency
        self._free_of: dict[str | None, int] = dict(limits.items())
        self._queues: dict[str | None, deque[tuple[int, Ticket]]] = {}
        self._number = count()

    def enqueue(self, ticket: Ticket, resource: str | None) -> None:
        """Let ``ticket`` wait for its turn; a resource without a limit has no limit."""
        known = resource if resource in self._free_of else None
        self._queues.setdefault(known, deque()).append((next(self._number), ticket))

    def take(self) -> list[Ticket]:
        """Return the tickets that may run now; they hold their slots from here on."""
        taken: list[Ticket] = []
        while self._free is None or self._free > 0:
            able = [
                resource
                for resource, queue in self._queues.items()
                if queue and self._free_of.get(resource, 1) > 0
            ]
            if not able:
                break
            resource = min(able, key=lambda name: self._queues[name][0][0])
            taken.append(self._queues[resource].popleft()[1])
            self._count(resource, -1)
        return taken

    def release(self, resource: str | None) -> None:
        """Give a slot back."""
        self._count(resource, +1)

    def _count(self, resource: str | None, change: int) -> None:
        if self._free is not None:
            self._free += change
        if resource in self._free_of:
            self._free_of[resource] += change
