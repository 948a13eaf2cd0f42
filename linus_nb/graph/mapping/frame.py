"""The frame of a map: the table, and beside each row what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from linus_nb.graph.frame import TEXT
from linus_nb.graph.mapping.columns import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linus_nb.graph.mapping.outcome import RowOutcome

_DTYPES = dict(zip(BOOKKEEPING, (TEXT, TEXT, "float64", "Int64", "Int64"), strict=True))

_LARGEST = 2**63


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
    clashes = {name: f"{name}_input" for name in added if name in inputs.columns}
    frame = inputs.rename(columns=clashes) if clashes else inputs
    beside = pd.DataFrame(added, index=frame.index)
    return pd.concat([frame, beside], axis="columns")


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
    numbers = bool(kinds) and kinds <= {int, float}
    if numbers and all(type(n) is float or -_LARGEST <= n < _LARGEST for n in present):
        whole = "Int64" if missing else "int64"
        return _array(values, whole if kinds == {int} else "float64")
    column = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):  # one by one: numpy would look into containers
        column[at] = value
    return pd.Series(column, dtype=object).infer_objects().array


def _array(values: Sequence[Any], dtype: Any) -> Any:
    return pd.array(values, dtype=dtype)
