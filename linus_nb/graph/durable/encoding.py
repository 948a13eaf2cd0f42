"""Values as JSON and back, for the journal and for telling whether a value has changed.

What JSON has no form for is written as ``{"$": tag, "v": ...}``; each kind of value is one
``Codec``. Reading never imports a module or calls a function that the text names: an
object is made again only of a class that is loaded and is a dataclass, a pydantic model, a
named tuple or an enum (``encoding_classes.py``). Frames and arrays have modules of their own
that load with pandas and numpy.
"""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any

from linus_nb.errors import UnreadableError, UnstorableError
from linus_nb.graph.durable import encoding_classes, encoding_containers, encoding_values
from linus_nb.graph.durable.encoding_containers import PLAIN_DICT, is_plain, text_of_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.graph.durable.encoding_values import Codec, Json

_BY_TYPE = encoding_containers.CODECS | encoding_values.CODECS
_BY_TAG = {codec.tag: codec for codec in (*_BY_TYPE.values(), *encoding_classes.CODECS)}

_PLAIN = frozenset((str, bool, type(None)))
_LARGEST_PLAIN = 2**63

_LIBRARIES = {
    "numpy": "linus_nb.graph.durable.encoding_arrays",
    "pandas": "linus_nb.graph.durable.encoding_frames",
}
_TAGS_OF_LIBRARIES = {
    **dict.fromkeys(("array", "scalar"), "numpy"),
    **dict.fromkeys(
        ("frame", "series", "index", "timestamp", "timedelta64", "period", "interval", "missing"),
        "pandas",
    ),
}  # fmt: skip


class TooLargeError(Exception):
    """The value has more items than the encoder may look at."""


class Encoder:
    """Writes one value as JSON.

    Parameters
    ----------
    opaque : callable, optional
        Returns JSON for an object that no codec knows; without it such an object is an error.
    most : int, optional
        Most items to look at.
    """

    def __init__(
        self, opaque: Callable[[Any], Json] | None = None, most: int | None = None
    ) -> None:
        self._opaque = opaque
        self.is_strict = opaque is None
        self._left = most
        self._path: list[str] = []
        self._open: set[int] = set()

    def write(self, value: Any) -> Json:
        """Return ``value`` as JSON.

        Raises
        ------
        UnstorableError
            Naming the place in the value.
        """
        kind = type(value)
        if kind in _PLAIN or (kind is float and isfinite(value)):
            return value  # type: ignore[no-any-return]
        if kind is int and -_LARGEST_PLAIN < value < _LARGEST_PLAIN:
            return value  # type: ignore[no-any-return]
        codec = PLAIN_DICT if kind is dict and is_plain(value) else codec_of(value)
        if codec is None:
            return self._write_unknown(value)
        if id(value) in self._open:
            return self._write_circle()
        self._open.add(id(value))
        try:
            written = codec.write(value, self)
        except UnstorableError:
            if self.is_strict:
                raise
            return self._write_unknown(value)
        finally:
            self._open.remove(id(value))
        return _tagged(codec.tag, written) if codec.tag else written

    def item(self, value: Any, step: str) -> Json:
        """Return a part of a value as JSON; ``step`` leads to it, like ``[0]`` or ``.name``."""
        return self.part(value, step, lambda part, encoder: encoder.write(part))

    def part(self, value: Any, step: str, write: Callable[[Any, Encoder], Json]) -> Json:
        """Return what ``write`` makes of a part of a value."""
        self._path.append(step)
        written = write(value, self)
        self._path.pop()
        return written

    def count(self, items: int) -> None:
        """Note that so many more items are looked at."""
        if self._left is not None:
            self._left -= items
            if self._left < 0:
                raise TooLargeError

    def refuse(self, why: str, hint: str | None = None) -> UnstorableError:
        """Return an error that names the place that has been reached."""
        path = "$" + "".join(self._path)
        return UnstorableError(f"{path} cannot be stored: {why}", hint=hint, path=path)

    def _write_unknown(self, value: Any) -> Json:
        if self._opaque is not None:
            return _tagged("opaque", self._opaque(value))
        kind = type(value)
        raise self.refuse(
            f"it is a {kind.__module__}.{kind.__qualname__}",
            "return data: containers, frames, messages, dataclasses, pydantic models "
            "(their classes at the top level of a module or cell)",
        )

    def _write_circle(self) -> Json:
        if self._opaque is not None:
            return _tagged("circle", None)
        raise self.refuse("it contains itself")


class Decoder:
    """Makes a value again from its JSON."""

    def read(self, written: Any) -> Any:
        """Return the value.

        Raises
        ------
        UnreadableError
            If its class is not loaded, or the JSON is not what an Encoder writes.
        """
        if isinstance(written, list):
            return [self.read(item) for item in written]
        if not isinstance(written, dict):
            return written
        if "$" not in written:
            return {key: self.read(item) for key, item in written.items()}
        return _codec_tagged(written["$"]).read(written["v"], self)


def dumps(value: Any) -> str:
    """Return ``value`` as a line of JSON.

    Raises
    ------
    UnstorableError
        If it holds something that is no data, like a lock: ``error.path`` says where.

    Examples
    --------
    >>> dumps({"a": (1, b"x")})
    '{"a":{"$":"tuple","v":[1,{"$":"bytes","v":"eA=="}]}}'
    >>> dumps({"a": [1, object()]})
    Traceback (most recent call last):
    linus_nb.errors.UnstorableError: $.a[1] cannot be stored: it is a builtins.object
      -> return data: containers, frames, messages, dataclasses, pydantic models \
(their classes at the top level of a module or cell)
    """
    encoder = Encoder()
    try:
        return text_of_json(encoder.write(value))
    except UnstorableError:
        raise
    except RecursionError as error:
        raise UnstorableError("$ cannot be stored: it is nested too deeply") from error
    except Exception as error:  # an object that is no good, whatever is wrong with it
        raise UnstorableError(f"$ cannot be stored: {type(error).__name__}: {error}") from error


def loads(text: str) -> Any:
    """Return the value that :func:`dumps` wrote.

    Raises
    ------
    UnreadableError
        If the value cannot be made again.

    Examples
    --------
    >>> loads(dumps({"a": (1, {2, 3})}))
    {'a': (1, {2, 3})}
    """
    try:
        return Decoder().read(json.loads(text))
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(
            f"a stored value is damaged: {type(error).__name__}: {error}"
        ) from error


def digest(
    value: Any, opaque: Callable[[Any], Json] = encoding_classes.kind_of, most: int | None = None
) -> str | None:
    """Return 64 hexadecimal digits that differ for different data, in every process alike.

    Parameters
    ----------
    value : object
        Anything. Objects that are no data count by their class alone.
    opaque : callable
        Tells more of them, as JSON.
    most : int, optional
        Most items to look at.

    Returns
    -------
    str or None
        None if there are more.

    Examples
    --------
    >>> digest({"a": 1}) == digest({"a": 1}), digest({"a": 1}) == digest({"a": True})
    (True, False)
    >>> digest(list(range(100)), most=10) is None
    True
    """
    encoder = Encoder(opaque, most)
    try:
        return hashlib.sha256(text_of_json(encoder.write(value)).encode()).hexdigest()
    except Exception:  # noqa: BLE001 - too large, too deep, or an object that cannot be looked at
        return None


def _tagged(tag: str, written: Json) -> Json:
    return {"$": tag, "v": written}


def codec_of(value: Any) -> Codec | None:
    """Return how ``value`` is written, None if it is no data."""
    kind = type(value)
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    library = kind.__module__.partition(".")[0]
    if library in _LIBRARIES:
        found: Codec | None = import_module(_LIBRARIES[library]).codec_of(value)
        return found
    return encoding_classes.codec_of(value)


def _codec_tagged(tag: object) -> Codec:
    if tag in _BY_TAG:
        return _BY_TAG[tag]
    library = _TAGS_OF_LIBRARIES.get(tag)  # type: ignore[call-overload]
    if library is None:
        raise UnreadableError(
            f"a stored value is marked {tag!r}, which this version does not know",
            hint="pip install -U linus_nb",
        )
    found: Codec = import_module(_LIBRARIES[library]).BY_TAG[tag]
    return found
