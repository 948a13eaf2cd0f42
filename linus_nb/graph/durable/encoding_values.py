"""Single values that JSON has no form for: one line of :data:`CODECS` each."""

from __future__ import annotations

import base64
import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.graph.durable.encoding import Decoder, Encoder

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Codec(NamedTuple):
    """How one kind of value is written and read.

    Parameters
    ----------
    tag : str
        Marks it in the JSON.
    write : callable
        ``write(value, encoder)`` returns JSON.
    read : callable
        ``read(json, decoder)`` returns the value.
    """

    tag: str
    write: Callable[[Any, Encoder], Json]
    read: Callable[[Any, Decoder], Any]


def simple(tag: str, write: Callable[[Any], Json], read: Callable[[Any], Any]) -> Codec:
    """Return a codec of a value that holds no other values."""
    return Codec(tag, lambda value, _: write(value), lambda written, _: read(written))


def to_base64(data: bytes | bytearray | memoryview) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode("ascii")


def _datetime(value: dt.datetime, encoder: Encoder) -> Json:
    naive = value.replace(tzinfo=None, fold=0).isoformat()
    return [naive, value.fold, encoder.item(value.tzinfo, ".tzinfo")]


def _read_datetime(written: Any, decoder: Decoder) -> dt.datetime:
    naive, fold, zone = written
    return dt.datetime.fromisoformat(naive).replace(tzinfo=decoder.read(zone), fold=fold)


def _time(value: dt.time, encoder: Encoder) -> Json:
    naive = value.replace(tzinfo=None, fold=0).isoformat()
    return [naive, value.fold, encoder.item(value.tzinfo, ".tzinfo")]


def _read_time(written: Any, decoder: Decoder) -> dt.time:
    naive, fold, zone = written
    return dt.time.fromisoformat(naive).replace(tzinfo=decoder.read(zone), fold=fold)


def _zone(value: ZoneInfo, encoder: Encoder) -> Json:
    if value.key is None:
        raise encoder.refuse("it is a ZoneInfo without a key", "ZoneInfo('Europe/Berlin')")
    return value.key


def _seconds(value: dt.timedelta) -> Json:
    return [value.days, value.seconds, value.microseconds]


def _read_offset(written: Any) -> dt.timezone:
    offset, name = written
    made = dt.timezone(dt.timedelta(*offset), name)
    return dt.UTC if made == dt.UTC and name == "UTC" else made


def _text_codec(tag: str, kind: type) -> Codec:
    return simple(tag, str, kind)


CODECS: dict[type, Codec] = {
    # An int that is too long for the interpreter's conversion to decimal digits.
    int: simple("int", hex, lambda text: int(text, 16)),
    float: simple("float", repr, float),
    complex: simple(
        "complex",
        lambda value: [repr(value.real), repr(value.imag)],
        lambda parts: complex(float(parts[0]), float(parts[1])),
    ),
    bytes: simple("bytes", to_base64, base64.b64decode),
    bytearray: simple("bytearray", to_base64, lambda text: bytearray(base64.b64decode(text))),
    range: simple("range", lambda r: [r.start, r.stop, r.step], lambda parts: range(*parts)),
    type(...): simple("ellipsis", lambda _: None, lambda _: ...),
    Decimal: _text_codec("decimal", Decimal),
    Fraction: simple(
        "fraction",
        lambda value: [hex(value.numerator), hex(value.denominator)],
        lambda parts: Fraction(int(parts[0], 16), int(parts[1], 16)),
    ),
    UUID: _text_codec("uuid", UUID),
    dt.datetime: Codec("datetime", _datetime, _read_datetime),
    dt.date: simple("date", dt.date.isoformat, dt.date.fromisoformat),
    dt.time: Codec("time", _time, _read_time),
    dt.timedelta: simple("timedelta", _seconds, lambda parts: dt.timedelta(*parts)),
    dt.timezone: simple(
        "timezone",
        lambda value: [_seconds(value.utcoffset(None)), value.tzname(None)],
        _read_offset,
    ),
    ZoneInfo: Codec("zone", _zone, lambda key, _: ZoneInfo(key)),
    PosixPath: _text_codec("path", PosixPath),
    WindowsPath: _text_codec("windows path", WindowsPath),
    PurePosixPath: _text_codec("pure path", PurePosixPath),
    PureWindowsPath: _text_codec("pure windows path", PureWindowsPath),
    re.Pattern: simple(
        "pattern",
        lambda value: [value.pattern, value.flags] if isinstance(value.pattern, str) else None,
        lambda parts: re.compile(*parts),
    ),
}
"""How each type is written; a subclass of one of them is not that type."""
