"""pandas frames, series, indexes and scalars as JSON; loads with pandas.

A frame is written column by column with its dtypes and its index, so that it comes back
as it was: numbers as bytes, text as text, objects item by item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from linus_nb.graph.durable.encoding_values import Codec

if TYPE_CHECKING:
    from linus_nb.graph.durable.encoding import Decoder, Encoder
    from linus_nb.graph.durable.encoding_values import Json


def codec_of(value: object) -> Codec | None:
    """Return the codec of a value of a pandas type; a subclass of it is another type."""
    if isinstance(value, pd.Index):
        return BY_TAG["index"] if type(value).__module__.partition(".")[0] == "pandas" else None
    return _BY_TYPE.get(type(value))


# --- columns -------------------------------------------------------------------


def _column(values: Any, encoder: Encoder) -> Json:
    """Write the values of a column or an index with their dtype."""
    dtype = values.dtype
    if type(values) is pd.arrays.NumpyExtensionArray or isinstance(dtype, np.dtype):
        return ["numpy", encoder.write(np.asarray(values))]
    encoder.count(len(values))
    if isinstance(dtype, pd.CategoricalDtype):
        codes, categories = np.asarray(values.codes), encoder.write(values.categories)
        return ["category", encoder.write(codes), categories, bool(dtype.ordered)]
    if isinstance(dtype, pd.StringDtype):
        nan = dtype.na_value is not pd.NA
        texts: list[Json] = [None if pd.isna(text) else str(text) for text in values]
        return ["text", dtype.storage, nan, texts]
    if isinstance(dtype, pd.DatetimeTZDtype):
        utc = np.asarray(pd.DatetimeIndex(values).tz_convert(None))
        return ["zoned", encoder.write(utc), encoder.item(dtype.tz, ".dt.tz")]
    if not _is_named(dtype):
        raise encoder.refuse(f"it is of dtype {dtype}", "frame.astype(object)")
    items = [encoder.item(item, f"[{n}]") for n, item in enumerate(values.astype(object))]
    return ["named", str(dtype), items]


def _is_named(dtype: Any) -> bool:
    """Whether a dtype can be found by its name."""
    try:
        return bool(pd.api.types.pandas_dtype(str(dtype)) == dtype)
    except TypeError:
        return False


def _read_column(written: Any, decoder: Decoder) -> Any:
    how, first, *more = written
    if how == "numpy":
        return decoder.read(first)
    if how == "category":
        categories, ordered = decoder.read(more[0]), more[1]
        return pd.Categorical.from_codes(decoder.read(first), categories, ordered=ordered)
    if how == "text":
        missing = np.nan if more[0] else pd.NA
        texts = [missing if text is None else text for text in more[1]]
        return pd.array(texts, dtype=_text_dtype(first, missing))
    if how == "zoned":
        utc = pd.DatetimeIndex(decoder.read(first)).tz_localize("UTC")
        return utc.tz_convert(decoder.read(more[0])).array
    return pd.array([decoder.read(item) for item in more[0]], dtype=first)


def _text_dtype(storage: Any, missing: Any) -> Any:
    """Return the dtype of text, stored as Python's where pyarrow, which wrote it, is missing."""
    try:
        return pd.StringDtype(storage, na_value=missing)
    except ImportError:
        return pd.StringDtype("python", na_value=missing)


# --- indexes, series, frames ---------------------------------------------------


def _index(value: pd.Index, encoder: Encoder) -> Json:
    names = [encoder.item(name, ".names") for name in value.names]
    if isinstance(value, pd.RangeIndex):
        return ["range", names, [value.start, value.stop, value.step]]
    if isinstance(value, pd.MultiIndex):
        levels = [_index(level, encoder) for level in value.levels]
        return ["levels", names, levels, [encoder.write(np.asarray(code)) for code in value.codes]]
    freq = getattr(value, "freqstr", None)
    return ["values", names, _column(value.array, encoder), freq]


def _read_index(written: Any, decoder: Decoder) -> Any:
    how, names, first, *more = written
    named: list[Any] = [decoder.read(name) for name in names]
    if how == "range":
        start, stop, step = first
        return pd.RangeIndex(start, stop, step, name=named[0])
    if how == "levels":
        levels: list[Any] = [_read_index(level, decoder) for level in first]
        codes = [decoder.read(code) for code in more[0]]
        return pd.MultiIndex(levels, codes, names=named, verify_integrity=True)
    values = _read_column(first, decoder)
    made = pd.Index(values, name=named[0], dtype=values.dtype)
    if more[0] is not None and isinstance(made, pd.DatetimeIndex | pd.TimedeltaIndex):
        return type(made)(made, freq=more[0])
    return made


def _series(value: pd.Series[Any], encoder: Encoder) -> Json:
    return [
        encoder.item(value.index, ".index"),
        _column(value.array, encoder),
        encoder.item(value.name, ".name"),
        encoder.item(value.attrs, ".attrs"),
    ]


def _read_series(written: Any, decoder: Decoder) -> Any:
    index, column, name, attrs = written
    values = _read_column(column, decoder)
    made = pd.Series(values, index=decoder.read(index), dtype=values.dtype, name=decoder.read(name))
    made.attrs = decoder.read(attrs)
    return made


def _frame(value: pd.DataFrame, encoder: Encoder) -> Json:
    columns: list[Json] = []
    for position, name in enumerate(value.columns):
        # The encoder is told the column's name, so that an error can name the cell.
        columns.append(encoder.part(value.iloc[:, position].array, f"[{name!r:.50}]", _column))
    return [
        encoder.item(value.index, ".index"),
        encoder.item(value.columns, ".columns"),
        columns,
        encoder.item(value.attrs, ".attrs"),
    ]


def _read_frame(written: Any, decoder: Decoder) -> pd.DataFrame:
    index, names, columns, attrs = written
    values = {number: _read_column(column, decoder) for number, column in enumerate(columns)}
    made = pd.DataFrame(values, index=decoder.read(index))
    made.columns = decoder.read(names)
    made.attrs = decoder.read(attrs)
    return made


# --- scalars -------------------------------------------------------------------


def _timestamp(value: pd.Timestamp, encoder: Encoder) -> Json:
    utc = value if value.tz is None else value.tz_convert(None)
    return [encoder.write(utc.to_datetime64()), encoder.item(value.tz, ".tz")]


def _read_timestamp(written: Any, decoder: Decoder) -> pd.Timestamp:
    utc, zone = pd.Timestamp(decoder.read(written[0])), decoder.read(written[1])
    return utc if zone is None else utc.tz_localize("UTC").tz_convert(zone)


def _period(value: pd.Period, _: Encoder) -> Json:
    return [int(value.ordinal), value.freqstr]


def _interval(value: Any, encoder: Encoder) -> Json:
    return [encoder.item(value.left, ".left"), encoder.item(value.right, ".right"), value.closed]


BY_TAG = {
    "frame": Codec("frame", _frame, _read_frame),
    "series": Codec("series", _series, _read_series),
    "index": Codec("index", _index, _read_index),
    "timestamp": Codec("timestamp", _timestamp, _read_timestamp),
    "timedelta64": Codec(
        "timedelta64",
        lambda value, encoder: encoder.write(value.to_timedelta64()),
        lambda written, decoder: pd.Timedelta(decoder.read(written)),
    ),
    "period": Codec("period", _period, lambda parts, _: pd.Period(ordinal=parts[0], freq=parts[1])),
    "interval": Codec(
        "interval",
        _interval,
        lambda parts, decoder: pd.Interval(
            decoder.read(parts[0]), decoder.read(parts[1]), closed=parts[2]
        ),
    ),
    "missing": Codec(
        "missing",
        lambda value, _: "NA" if value is pd.NA else "NaT",
        lambda name, _: pd.NA if name == "NA" else pd.NaT,
    ),
}
_BY_TYPE = {
    pd.DataFrame: BY_TAG["frame"],
    pd.Series: BY_TAG["series"],
    pd.Timestamp: BY_TAG["timestamp"],
    pd.Timedelta: BY_TAG["timedelta64"],
    pd.Period: BY_TAG["period"],
    pd.Interval: BY_TAG["interval"],
    type(pd.NA): BY_TAG["missing"],
    type(pd.NaT): BY_TAG["missing"],
}
