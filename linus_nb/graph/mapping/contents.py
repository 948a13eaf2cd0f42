"""Tells whether a value is what it was, also where it is no data; or that there is no telling.

Data are told by what the journal would write of them. Another object is told by its state, as
pickle and copy see it, and a function or a class by its code.
"""

from __future__ import annotations

import copyreg
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from linus_nb.graph.durable.definer import Definer
from linus_nb.graph.durable.definition import Definition
from linus_nb.graph.durable.encoding import digest
from linus_nb.graph.durable.encoding_classes import kind_of

if TYPE_CHECKING:
    from linus_nb.graph.durable.encoding_values import Json

_PROTOCOL = 4

_MOST_OBJECTS = 10_000
"""Objects that are no data are looked at, for one value."""


def content_digest(value: object) -> str | None:
    """Return what differs for different contents, None if there is no telling.

    Examples
    --------
    >>> class Document:
    ...     def __init__(self, text):
    ...         self.text = text
    >>> one, same, other = (content_digest([Document(text)]) for text in ("a", "a", "b"))
    >>> one == same, one == other
    (True, False)
    >>> import threading
    >>> content_digest({"lock": threading.Lock()}) is None
    True
    """
    return _Teller().digest(value)


class _Teller:
    """Tells of the objects in one value; what it cannot tell of it raises."""

    def __init__(self) -> None:
        self._left = _MOST_OBJECTS

    def digest(self, value: object) -> str | None:
        return digest(value, self._tell)

    def _tell(self, value: Any) -> Json:
        self._left -= 1
        if self._left < 0:
            raise ValueError("there is too much to tell")
        if isinstance(value, FunctionType | ModuleType | type):
            return _required(Definition(Definer().look(value)).whole)
        if hasattr(type(value), "to_config"):
            return [kind_of(value), _required(self.digest(value.to_config()))]
        reduce = copyreg.dispatch_table.get(type(value))
        state = reduce(value) if reduce is not None else value.__reduce_ex__(_PROTOCOL)
        if isinstance(state, str):  # a global name
            return [kind_of(value), str(getattr(value, "__module__", "")), state]
        made, given, *held = state
        if held[1:]:  # the items of a list or a dict come as iterators
            held[1:] = [part if part is None else list(part) for part in held[1:3]]
        return [kind_of(value), _required(self.digest([made, given, *held]))]


def _required(known: str | None) -> str:
    if known is None:
        raise ValueError("there is no telling what it is")
    return known
