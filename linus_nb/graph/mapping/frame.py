"""The frame of a map: the table, and beside each row what came of it."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from linus_nb.graph.frame import TEXT
from linus_nb.graph.mapping.columns import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linus_nb.graph.mapping.outcome import RowOutcome

_DTYPES = dict(zip(BOOKKEEPING, (TEXT, TEXT, "float64", "Int64", "Int64"), strict=True))

_LARGEST = 2**63
_LARGEST_EXACT = 2**53
"""A float holds each whole number up to here."""


def map_frame(
    inputs: pd.DataFrame, names: Sequence[str], outcomes: Sequence[RowOutcome]
) -> pd.DataFrame:
    """Return a table with the columns that a map adds.

    Parameters
    ----------
    inputs : DataFrame
        The table; kept with its index. A column of it that has the name of a new one (which
        could not be known before it was read) becomes ``name_input``.
    names : sequence of str
        The columns of the outputs.
    outcomes : sequence of RowOutcome
        What became of each row of the table.
    """
    added = {
        name: column_of([outcome.outputs[at] for outcome in outcomes])
        for at, name in enumerate(names)
    }
    for at, (name, dtype) in enumerate(_DTYPES.items()):
        added[name] = _array([outcome[at] for outcome in outcomes], dtype)
    frame = _with_free_names(inputs, added)
    beside = pd.DataFrame(dict(enumerate(added.values())), index=frame.index)
    together = pd.concat([frame, beside], axis="columns", ignore_index=True)
    together.columns = _labels(frame, list(added))
    return together


def _labels(frame: pd.DataFrame, added: list[str]) -> pd.Index[Any]:
    try:
        return frame.columns.append(pd.Index(added))
    except UnicodeEncodeError:  # Arrow holds no half of a sign
        return pd.Index([*frame.columns, *added], dtype=object)


def frame_of_dicts(rows: Sequence[dict[Any, Any]]) -> pd.DataFrame:
    r"""Return rows as a table, whatever is in them; where one has no value, it is missing.

    Examples
    --------
    >>> frame_of_dicts([{"a": 1}, {"a": 2, "b": "half a sign: \ud83d"}]).shape
    (2, 2)
    """
    index = pd.RangeIndex(len(rows))
    try:
        return pd.DataFrame(rows, index=index)
    except Exception:  # noqa: BLE001 - such as text that is none for Arrow: they have run already
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = [_series([row.get(name, np.nan) for row in rows]) for name in names]
        frame = pd.DataFrame(dict(enumerate(columns)), index=index)
        frame.columns = pd.Index(names, dtype=object, tupleize_cols=False)
        return frame


def _series(values: Sequence[Any]) -> pd.Series[Any]:
    try:
        return pd.Series(values)
    except Exception:  # noqa: BLE001 - as above
        return pd.Series(_objects(values), dtype=object)


def _objects(values: Sequence[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):  # one by one: numpy would look into containers
        column[at] = value
    return column


def _with_free_names(inputs: pd.DataFrame, added: Iterable[str]) -> pd.DataFrame:
    """Rename columns of the table that have the name of a new one."""
    taken, renamed = {*inputs.columns, *added}, {}
    for name in added:
        if name in inputs.columns:
            numbered = (f"{name}_input_{number}" for number in count(2))
            free = next(new for new in chain([f"{name}_input"], numbered) if new not in taken)
            renamed[name] = free
            taken.add(free)
    return inputs.rename(columns=renamed) if renamed else inputs


def column_of(values: Sequence[Any]) -> Any:
    """Return values as an array of the type that they have in common, None being missing.

    Examples
    --------
    >>> for values in ([1, 2], [1, None], [0.5, None], ["a", None], [{}, None]):
    ...     print(column_of(values).dtype)
    int64
    Int64
    float64
    string
    object
    """
    present = [value for value in values if value is not None]
    missing, kinds = len(present) < len(values), set(map(type, present))
    if kinds == {str}:
        return _array(values, TEXT)
    if kinds == {bool}:
        return _array(values, "boolean" if missing else "bool")
    if kinds and kinds <= {int, float}:
        if not _are_exact(present, kinds):
            return pd.Series(_objects(values), dtype=object).array
        whole = "Int64" if missing else "int64"
        return _array(values, whole if kinds == {int} else "float64")
    return _inferred(_objects(values))


def _are_exact(numbers: Sequence[Any], kinds: set[type]) -> bool:
    """Whether a column of machine numbers holds them without a loss."""
    if kinds == {int}:
        return all(-_LARGEST <= number < _LARGEST for number in numbers)
    return all(type(n) is float or -_LARGEST_EXACT <= n <= _LARGEST_EXACT for n in numbers)


def _inferred(column: Any) -> Any:
    objects = pd.Series(column, dtype=object)
    try:
        return objects.infer_objects().array
    except Exception:  # noqa: BLE001 - what cannot be another type stays what it is
        return objects.array


def _array(values: Sequence[Any], dtype: Any) -> Any:
    return pd.array(values, dtype=dtype)
