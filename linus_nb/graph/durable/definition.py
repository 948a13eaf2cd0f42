"""What a node was when it ran, so that a later run can tell whether it still is that.

A definition has two parts: the code and configuration, and the data that the code has
captured (closures, globals, defaults). A node may change captured data by running: a list
that it appends to, a counter. So the data are looked at before and after a run, and both
count as unchanged. A definition is a tree that ``definer.py`` makes; nothing of it is
rendered before somebody asks.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import fields
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from linus_nb.graph.durable.encoding import digest
from linus_nb.graph.fingerprint import describe
from linus_nb.graph.node import AgentNode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

ATOMS = frozenset((int, float, str, bool, NoneType, bytes, complex))
_OPTIONS = [option.name for option in fields(AgentNode) if option.name not in ("name", "agent")]


class Function(tuple[Any, ...]):
    """A function: its code, then what it has captured (atoms, trees, data)."""

    __slots__ = ()


class Data(NamedTuple):
    """Captured data; None: too much to look at."""

    digest: str | None


class Object(NamedTuple):
    """An object that is no data: its class and its plain public attributes."""

    kind: tuple[Any, ...]
    attributes: tuple[Any, ...]


class Definition:
    """What a node, or the conditions of its edges, were at one moment.

    Parameters
    ----------
    tree : nested tuples
        As a ``Definer`` makes it.
    """

    __slots__ = ("_code", "_tree", "_whole")

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        self._code: str | None = None
        self._whole: str | None = None

    @property
    def code(self) -> str:
        """64 hexadecimal digits for code and configuration alone."""
        if self._code is None:
            self._code = _hash(rendered(self._tree, with_data=False))
        return self._code

    @property
    def whole(self) -> str | None:
        """64 hexadecimal digits for everything, None if there is too much data to tell."""
        if self._whole is None and not _too_large(self._tree):
            self._whole = _hash(rendered(self._tree, with_data=True))
        return self._whole


def rendered(tree: Any, *, with_data: bool) -> Any:
    """Return a tree as plain nested tuples."""
    if isinstance(tree, Function):
        return ("function", _code(tree[0]), *_each(tree[1:], with_data=with_data))
    if isinstance(tree, Data):
        return ("data", tree.digest if with_data else "")
    if isinstance(tree, Object):
        told = repr(tree.attributes) if with_data else ""
        return ("object", rendered(tree.kind, with_data=with_data), told)
    if isinstance(tree, AgentNode):
        return digest([getattr(tree, option) for option in _OPTIONS])
    if isinstance(tree, tuple):
        return tuple(rendered(part, with_data=with_data) for part in tree)
    return (type(tree).__name__, repr(tree))


def _each(captured: tuple[Any, ...], *, with_data: bool) -> Iterable[Any]:
    for part in captured:
        if type(part) in ATOMS and not with_data:
            yield "atom"
        else:
            yield rendered(part, with_data=with_data)


def _too_large(tree: Any) -> bool:
    if isinstance(tree, Data):
        return tree.digest is None
    return isinstance(tree, tuple) and any(map(_too_large, tree))


def _hash(told: Any) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()


@functools.lru_cache(maxsize=4096)
def _code(code: CodeType) -> str:
    return repr(describe(code))
