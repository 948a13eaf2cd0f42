"""Containers as JSON: their items one by one, in order."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any

from linus_nb.graph.durable.encoding_values import Codec

if TYPE_CHECKING:
    from linus_nb.graph.durable.encoding import Decoder, Encoder
    from linus_nb.graph.durable.encoding_values import Json


def text_of_json(written: Json) -> str:
    """Return JSON as one line of ASCII."""
    return json.dumps(written, separators=(",", ":"), allow_nan=False)


def _items(value: Any, encoder: Encoder) -> list[Json]:
    encoder.count(len(value))
    return [encoder.item(item, f"[{index}]") for index, item in enumerate(value)]


def _set_items(value: Any, encoder: Encoder) -> Json:
    encoder.count(len(value))
    # Sorted by their text, so that equal sets are written alike.
    return sorted((encoder.item(item, f"{{{item!r:.50}}}") for item in value), key=text_of_json)


def _dict(value: dict[Any, Any], encoder: Encoder) -> Json:
    encoder.count(len(value))
    return [
        [encoder.item(key, f"<key {key!r:.50}>"), encoder.item(item, _step(key))]
        for key, item in value.items()
    ]


def _step(key: object) -> str:
    return f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r:.50}]"


def _read_dict(pairs: Any, decoder: Decoder) -> dict[Any, Any]:
    return {decoder.read(key): decoder.read(item) for key, item in pairs}


def _deque(value: deque[Any], encoder: Encoder) -> Json:
    return [value.maxlen, _items(value, encoder)]


_FACTORIES = {kind.__name__: kind for kind in (list, dict, set, int, float, str, bool, tuple)}


def _default(value: defaultdict[Any, Any], encoder: Encoder) -> Json:
    factory = value.default_factory
    name = None if factory is None else getattr(factory, "__name__", "")
    if name is not None and _FACTORIES.get(name) is not factory:
        raise encoder.refuse(f"the factory of its defaultdict is {factory!r}", "dict(value)")
    return [name, _dict(value, encoder)]


def _read_default(written: Any, decoder: Decoder) -> defaultdict[Any, Any]:
    name, pairs = written
    factory = None if name is None else _FACTORIES[name]
    return defaultdict(factory, _read_dict(pairs, decoder))


def is_plain(value: dict[Any, Any]) -> bool:
    """Whether a dict can stand for itself in JSON."""
    return "$" not in value and all(type(key) is str for key in value)


def _plain_dict(value: dict[str, Any], encoder: Encoder) -> Json:
    encoder.count(len(value))
    return {key: encoder.item(item, _step(key)) for key, item in value.items()}


def _as_it_stands(written: Any, decoder: Decoder) -> Any:
    return decoder.read(written)


# Without a tag: these two are JSON's own.
PLAIN_DICT = Codec("", _plain_dict, _as_it_stands)
CODECS: dict[type, Codec] = {
    list: Codec("", _items, _as_it_stands),
    dict: Codec("dict", _dict, _read_dict),
    tuple: Codec("tuple", _items, lambda written, decoder: tuple(map(decoder.read, written))),
    set: Codec("set", _set_items, lambda written, decoder: set(map(decoder.read, written))),
    frozenset: Codec(
        "frozenset", _set_items, lambda written, decoder: frozenset(map(decoder.read, written))
    ),
    deque: Codec(
        "deque",
        _deque,
        lambda written, decoder: deque(map(decoder.read, written[1]), maxlen=written[0]),
    ),
    OrderedDict: Codec(
        "ordered", _dict, lambda written, decoder: OrderedDict(_read_dict(written, decoder))
    ),
    Counter: Codec(
        "counter", _dict, lambda written, decoder: Counter(_read_dict(written, decoder))
    ),
    defaultdict: Codec("default", _default, _read_default),
}
