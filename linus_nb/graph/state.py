"""State that outlives a run: thread-safe, with a history."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from linus_nb.graph import display

_KEYS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class StateEntry:
    """One value as it was set.

    Parameters
    ----------
    key : str
        The key.
    value : object
        The value.
    source : str, optional
        Who set it, usually a node's name.
    metadata : mapping
        Whatever the setter wanted to add.
    timestamp : float
        When, in seconds since the epoch.
    """

    key: str
    value: Any
    source: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    timestamp: float = field(default_factory=time.time)


class SharedState(MutableMapping[str, Any]):
    """A dict for several runs and threads that remembers who set what and when.

    Given to an executor, what it holds is initial state, and it receives each output as its
    node settles. Nodes never see it directly: they read the initial state and what their
    ancestors wrote.

    Parameters
    ----------
    initial : mapping, optional
        First values.

    Examples
    --------
    >>> state = SharedState({"city": "Oslo"})
    >>> state.set("city", "Rome", source="user")
    >>> state["city"], [entry.value for entry in state.get_history("city")]
    ('Rome', ['Oslo', 'Rome'])
    """

    def __init__(self, initial: Mapping[str, Any] | None = None) -> None:
        self._lock = threading.RLock()
        self._entries: dict[str, StateEntry] = {}
        self._history: list[StateEntry] = []
        for key, value in (initial or {}).items():
            self.set(key, value)

    def set(
        self,
        key: str,
        value: Any,
        source: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Set ``key`` to ``value`` and add it to the history."""
        entry = StateEntry(key, value, source, dict(metadata or {}))
        with self._lock:
            self._entries[key] = entry
            self._history.append(entry)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of ``key``, ``default`` if there is none."""
        entry = self.get_entry(key)
        return default if entry is None else entry.value

    def has(self, key: str) -> bool:
        """Whether ``key`` has a value."""
        return self.get_entry(key) is not None

    def get_entry(self, key: str) -> StateEntry | None:
        """Return the value of ``key`` with its source, metadata and time."""
        with self._lock:
            return self._entries.get(key)

    def get_all(self) -> dict[str, Any]:
        """Return every key with its value."""
        with self._lock:
            return {key: entry.value for key, entry in self._entries.items()}

    to_dict = get_all

    def get_history(self, key: str | None = None) -> list[StateEntry]:
        """Return everything that was ever set, oldest first; of one key if given."""
        with self._lock:
            return [entry for entry in self._history if key is None or entry.key == key]

    def delete(self, key: str) -> bool:
        """Remove ``key``; return whether it was there. The history keeps it."""
        with self._lock:
            return self._entries.pop(key, None) is not None

    def clear(self) -> None:
        """Remove every key and the history."""
        with self._lock:
            self._entries.clear()
            self._history.clear()

    def __getitem__(self, key: str) -> Any:
        entry = self.get_entry(key)
        if entry is None:
            raise KeyError(key)
        return entry.value

    def __setitem__(self, key: str, value: Any) -> None:
        self.set(key, value)

    def __delitem__(self, key: str) -> None:
        if not self.delete(key):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.get_all())

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{display.shorten(repr(key), 60)}: {display.shorten(value, 60)}"
            for key, value in list(self.get_all().items())[:20]
        )
        more = f", ... {len(self) - 20} more" if len(self) > 20 else ""  # noqa: PLR2004
        return f"SharedState({{{shown}{more}}})"

    def _repr_html_(self) -> str:
        entries = list(self.get_all().items())
        return display.state_html(
            f"SharedState, {len(entries)} keys", entries[:_KEYS_SHOWN], len(entries)
        )

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {"entries": dict(self._entries), "history": list(self._history)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._lock = threading.RLock()
        self._entries = state["entries"]
        self._history = state["history"]
