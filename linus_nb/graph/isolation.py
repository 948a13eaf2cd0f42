"""What a node reads is its own: copies that are as shallow as they safely can be.

Builtin containers, dataclasses and pydantic models are copied; a DataFrame is a
copy-on-write copy whose object columns are copied; a numpy array is read-only. Any other
object (a model, a client, a lock) is passed as it is. Called when a value is written and
again when it is read, so neither side can change what the other holds.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import fields, is_dataclass
from types import ModuleType, NoneType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

T = TypeVar("T")

_Memo = dict[int, Any]

ATOMS = frozenset({
    int, float, str, bool, NoneType, bytes, complex, range, type, frozenset,
})  # fmt: skip
"""Types whose values nobody can change. (A frozenset can only hold hashable things.)"""


def own(value: T) -> T:
    """Return ``value`` such that changing the one never changes the other.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    object
        The same object if nobody can change it or it is of no known container type.

    Examples
    --------
    >>> mine = [1, [2]]
    >>> yours = own(mine)
    >>> yours[1].append(3)
    >>> mine
    [1, [2]]
    """
    if type(value) in ATOMS:
        return value
    return _copy(value, {})  # type: ignore[no-any-return]


def _copy(value: Any, memo: _Memo) -> Any:
    kind = type(value)
    if kind in ATOMS:
        return value
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, tuple) and (kind is tuple or hasattr(value, "_fields")):
        return _copy_tuple(value, memo)
    return _COPIERS.get(kind, _copy_object)(value, memo)


def _copy_sequence(value: list[Any] | deque[Any], memo: _Memo) -> Any:
    made = copy.copy(value)
    memo[id(value)] = made
    for index, item in enumerate(value):
        if type(item) not in ATOMS:
            made[index] = _copy(item, memo)
    return made


def _copy_mapping(value: dict[Any, Any], memo: _Memo) -> Any:
    made = copy.copy(value)
    memo[id(value)] = made
    for key, item in value.items():
        if type(item) not in ATOMS:
            made[key] = _copy(item, memo)
    return made


def _copy_tuple(value: tuple[Any, ...], memo: _Memo) -> Any:
    items = [_copy(item, memo) for item in value]
    if all(new is old for new, old in zip(items, value, strict=True)):
        return value
    return tuple(items) if type(value) is tuple else type(value)(*items)


def _copy_flat(value: Any, memo: _Memo) -> Any:
    made = memo[id(value)] = copy.copy(value)
    return made


def _copy_object(value: Any, memo: _Memo) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _copy_dataclass(value, memo)
    module = type(value).__module__
    if hasattr(value, "__pydantic_fields__") and not isinstance(value, type):
        return _copy_pydantic(value, memo)
    if module.partition(".")[0] == "pandas":
        return _copy_pandas(value, memo, sys.modules["pandas"])
    if module == "numpy":
        return _copy_array(value, memo, sys.modules["numpy"])
    return value


def _copy_dataclass(value: Any, memo: _Memo) -> Any:
    made = copy.copy(value)
    memo[id(value)] = made
    for field in fields(value):
        item = getattr(value, field.name, None)
        if type(item) not in ATOMS:
            object.__setattr__(made, field.name, _copy(item, memo))
    return made


def _copy_pydantic(value: Any, memo: _Memo) -> Any:
    made = copy.copy(value)
    memo[id(value)] = made
    for holder in ("__dict__", "__pydantic_extra__", "__pydantic_private__"):
        content = getattr(made, holder, None)
        if content:
            fresh = {name: _copy(item, memo) for name, item in content.items()}
            object.__setattr__(made, holder, fresh)
    return made


def _copy_pandas(value: Any, memo: _Memo, pandas: ModuleType) -> Any:
    if isinstance(value, pandas.DataFrame):
        return _copy_frame(value, memo)
    if isinstance(value, pandas.Series):
        return _copy_frame(value.to_frame("value"), memo)["value"].rename(value.name)
    return value  # an Index, a Timestamp ... cannot be changed


def _copy_frame(frame: pd.DataFrame, memo: _Memo) -> pd.DataFrame:
    # pandas 3 copies on write; before that only a deep copy is safe.
    pandas = sys.modules["pandas"]
    made = frame.copy(deep=int(pandas.__version__.split(".")[0]) < 3)  # noqa: PLR2004
    for position, dtype in enumerate(frame.dtypes):
        if dtype == "object":  # extension types say "O" of themselves too, and copy on write
            column = frame.iloc[:, position]
            cells = [_copy(cell, memo) for cell in column]
            made.isetitem(position, pandas.Series(cells, index=column.index, dtype=object))
    made.attrs = _copy(frame.attrs, memo)
    return made


def _copy_array(value: Any, memo: _Memo, numpy: ModuleType) -> Any:
    if type(value) is not numpy.ndarray:
        return value  # a scalar
    if value.dtype == object:
        made = copy.deepcopy(value)
    elif not value.flags.writeable and value.base is None:
        return value  # our own copy from when it was written
    else:
        made = value.copy()
    made.flags.writeable = False
    memo[id(value)] = made
    return made


_COPIERS: dict[type, Callable[[Any, _Memo], Any]] = {
    **dict.fromkeys((list, deque), _copy_sequence),
    **dict.fromkeys((dict, OrderedDict, defaultdict, Counter), _copy_mapping),
    **dict.fromkeys((set, bytearray), _copy_flat),
}
