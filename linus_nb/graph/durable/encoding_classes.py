"""Objects of classes: dataclasses, pydantic models, named tuples and enums.

Such an object is written with the name of its class. When it is read, the class must be
there under that name already and must be of that sort; it is made without its __init__, and
only modules of linus_nb and langchain_core are imported for it.
"""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any

from linus_nb.errors import UnreadableError
from linus_nb.graph.durable.encoding_values import Codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.graph.durable.encoding import Decoder, Encoder
    from linus_nb.graph.durable.encoding_values import Json

_OURS = ("linus_nb", "langchain_core")

_PYDANTIC_PARTS = ("__dict__", "__pydantic_extra__", "__pydantic_private__")


def kind_of(value: object) -> str:
    """Return the name of an object's class: ``"module:Outer.Class"``."""
    kind = value if isinstance(value, type) else type(value)
    return f"{kind.__module__}:{kind.__qualname__}"


def codec_of(value: object) -> Codec | None:
    """Return the codec of an object by what its class is."""
    if isinstance(value, type):
        return None
    for sort, codec in _SORTS.items():
        if _IS[sort](type(value)):
            return codec
    return None


# --- the classes themselves ----------------------------------------------------


def _find(name: str) -> object:
    """Return what is loaded under the name of a class, None if nothing is."""
    module_name, _, path = name.partition(":")
    if module_name.partition(".")[0] in _OURS and module_name not in sys.modules:
        import_module(module_name)
    found: object = sys.modules.get(module_name)
    for step in path.split("."):
        found = getattr(found, step, None)
    return found


def _is_model(kind: type) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(kind, pydantic.BaseModel)


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _is_enum(kind: type) -> bool:
    return issubclass(kind, Enum)


_IS: dict[str, Callable[[type], bool]] = {
    "enum": _is_enum,
    "model": _is_model,
    "dataclass": is_dataclass,
    "named tuple": _is_named_tuple,
}


def _name(value: object, sort: str, encoder: Encoder) -> str:
    name = kind_of(value)
    found = _find(name)
    if not encoder.is_strict or (isinstance(found, type) and _IS[sort](found)):
        return name
    raise encoder.refuse(
        f"its class {name.replace(':', '.')} cannot be found by that name",
        "define the class at the top level of a module or cell",
    )


def _class(name: str, sort: str) -> Any:
    try:
        found = _find(name)
    except ImportError as error:
        raise UnreadableError(f"the class of a stored value cannot be loaded: {error}") from error
    if isinstance(found, type) and _IS[sort](found):
        return found
    module = name.partition(":")[0]
    told = name.replace(":", ".")
    raise UnreadableError(
        f"a stored value is a {told}, and there is no such {sort} now",
        hint="run the cell that defines it, then try again"
        if module == "__main__"
        else f"import {module}, then try again",
    )


# --- one codec a sort ----------------------------------------------------------


def _enum(value: Enum, encoder: Encoder) -> Json:
    name = value.name if value.name in type(value).__members__ else None
    if name is None:  # flags that are combined
        return [_name(value, "enum", encoder), None, encoder.item(value.value, ".value")]
    return [_name(value, "enum", encoder), name]


def _read_enum(written: Any, decoder: Decoder) -> Any:
    kind = _class(written[0], "enum")
    if written[1] is None:
        return kind(decoder.read(written[2]))
    return kind.__members__[written[1]]


def _dataclass(value: Any, encoder: Encoder) -> Json:
    held = {f.name: getattr(value, f.name) for f in fields(value) if hasattr(value, f.name)}
    held |= getattr(value, "__dict__", {})
    return [_name(value, "dataclass", encoder), _attributes(held, encoder)]


def _read_dataclass(written: Any, decoder: Decoder) -> Any:
    kind = _class(written[0], "dataclass")
    known = {field.name for field in fields(kind)}
    made = object.__new__(kind)
    for name, item in written[1].items():
        # Past __init__ and __setattr__, which are code.
        if name in known:
            object.__setattr__(made, name, decoder.read(item))
        else:
            vars(made)[name] = decoder.read(item)
    if any(not hasattr(made, name) for name in known):
        raise UnreadableError(f"a stored {kind.__qualname__} lacks fields that the class now has")
    return made


def _model(value: Any, encoder: Encoder) -> Json:
    parts: list[Json] = []
    for part in _PYDANTIC_PARTS:
        held = getattr(value, part, None)
        parts.append(None if held is None else _attributes(held, encoder))
    return [_name(value, "model", encoder), sorted(value.__pydantic_fields_set__), *parts]


def _read_model(written: Any, decoder: Decoder) -> Any:
    kind = _class(written[0], "model")
    made = object.__new__(kind)
    object.__setattr__(made, "__pydantic_fields_set__", set(written[1]))
    for part, held in zip(_PYDANTIC_PARTS, written[2:], strict=True):
        read = None if held is None else {k: decoder.read(item) for k, item in held.items()}
        object.__setattr__(made, part, read)
    if not set(kind.__pydantic_fields__) <= set(vars(made)):
        raise UnreadableError(f"a stored {kind.__qualname__} lacks fields that the class now has")
    return made


def _named_tuple(value: Any, encoder: Encoder) -> Json:
    items = zip(value._fields, value, strict=True)
    return [_name(value, "named tuple", encoder), _attributes(dict(items), encoder)]


def _read_named_tuple(written: Any, decoder: Decoder) -> Any:
    kind = _class(written[0], "named tuple")
    return tuple.__new__(kind, [decoder.read(written[1][name]) for name in kind._fields])


def _attributes(held: dict[str, Any], encoder: Encoder) -> Json:
    return {name: encoder.item(item, f".{name}") for name, item in held.items()}


_SORTS = {
    "enum": Codec("enum", _enum, _read_enum),
    "model": Codec("model", _model, _read_model),
    "dataclass": Codec("dataclass", _dataclass, _read_dataclass),
    "named tuple": Codec("named tuple", _named_tuple, _read_named_tuple),
}
CODECS = tuple(_SORTS.values())
