"""numpy arrays and scalars as JSON; loads with numpy."""

from __future__ import annotations

import base64
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from linus_nb.errors import UnreadableError
from linus_nb.graph.durable.encoding_values import Codec, to_base64

if TYPE_CHECKING:
    from linus_nb.graph.durable.encoding import Decoder, Encoder
    from linus_nb.graph.durable.encoding_values import Json

_BYTES_AN_ITEM = 64
"""So much of an array counts as one item."""


def codec_of(value: object) -> Codec | None:
    """Return the codec of a value of a numpy type."""
    if type(value) is np.ndarray:
        return BY_TAG["array"]
    return BY_TAG["scalar"] if isinstance(value, np.generic) else None


def _dtype(dtype: np.dtype[Any], encoder: Encoder) -> str:
    if dtype.kind not in "biufcMmSUO":
        raise encoder.refuse(f"it is an array of dtype {dtype}", "a plain dtype, or a DataFrame")
    return dtype.str


def _array(value: np.ndarray[Any, Any], encoder: Encoder) -> Json:
    shape: list[Json] = list(value.shape)
    dtype = _dtype(value.dtype, encoder)
    if value.dtype == object:
        items = [encoder.item(item, f"[{n}]") for n, item in enumerate(value.ravel().tolist())]
        return [dtype, shape, items]
    encoder.count(value.nbytes // _BYTES_AN_ITEM)
    return [dtype, shape, to_base64(value.tobytes())]


def _read_array(written: Any, decoder: Decoder) -> np.ndarray[Any, Any]:
    name, shape, data = written
    dtype = np.dtype(name)
    if dtype.hasobject:
        made = np.empty(prod(shape), dtype=object)
        for position, item in enumerate(data):
            made[position] = decoder.read(item)
        return made.reshape(shape)
    return np.frombuffer(base64.b64decode(data), dtype=dtype).reshape(shape).copy()


def _scalar(value: np.generic, encoder: Encoder) -> Json:
    if value.dtype.kind == "O":
        raise encoder.refuse("it is a numpy object")
    return [_dtype(value.dtype, encoder), to_base64(value.tobytes())]


def _read_scalar(written: Any, _: Decoder) -> Any:
    dtype = np.dtype(written[0])
    if dtype.hasobject:
        raise UnreadableError(f"a stored value is damaged: a scalar of dtype {dtype}")
    return np.frombuffer(base64.b64decode(written[1]), dtype=dtype)[0]


BY_TAG = {
    "array": Codec("array", _array, _read_array),
    "scalar": Codec("scalar", _scalar, _read_scalar),
}
