"""Where the rows of a map come from, and how the table looks beside their outputs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence, Sized
from typing import Any, Protocol, TypeAlias

import pandas as pd

from linus_nb.errors import OptionError

Rows: TypeAlias = "pd.DataFrame | Iterable[Any] | AsyncIterable[Any] | str | os.PathLike[str]"

_BLOCK = 256
"""Rows of a frame that are made dicts at a time."""


class Source(Protocol):
    """A table whose rows are read once, from the first to the last."""

    @property
    def columns(self) -> Sequence[str] | None:
        """The columns, if they can be known before the rows are read."""

    @property
    def total(self) -> int | None:
        """The number of rows, if it is known."""

    def read(self) -> AsyncGenerator[Sequence[object]]:
        """Yield the rows, some at a time; a good one is a dict of its own."""

    def inputs(self) -> pd.DataFrame:
        """Return the table as far as it has been read (a frame: all of it)."""


class BadRow:
    """Stands for a row that could not be read.

    Parameters
    ----------
    error : str
        What is wrong with it.
    """

    def __init__(self, error: str) -> None:
        self.error = error


class Table:
    """The rows of a frame.

    Parameters
    ----------
    frame : DataFrame
        The frame; never changed.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame.copy(deep=False)
        self.columns = columns_of(frame)
        self.total = len(frame)

    async def read(self) -> AsyncGenerator[Sequence[object]]:
        """Yield the rows in blocks."""
        for start in range(0, self.total, _BLOCK):
            yield self._frame.iloc[start : start + _BLOCK].to_dict("records")

    def inputs(self) -> pd.DataFrame:
        """Return the frame."""
        return self._frame


class Items:
    """Rows that are dicts, from anything that can be iterated, also asynchronously.

    Parameters
    ----------
    items : iterable or async iterable
        The rows; what is no dict is passed on as it is.
    """

    def __init__(self, items: Iterable[Any] | AsyncIterable[Any]) -> None:
        self._items = items
        self._read: list[dict[Any, Any]] = []
        self.total = len(items) if isinstance(items, Sized) else None
        self.columns: Sequence[str] | None = None
        if isinstance(items, Sequence):
            rows = [row for row in items if isinstance(row, Mapping)]
            names = dict.fromkeys(name for row in rows for name in row)
            self.columns = list(names) if rows else None

    async def read(self) -> AsyncGenerator[Sequence[object]]:
        """Yield the rows one by one, because whoever makes them may take time for each."""
        if isinstance(self._items, AsyncIterable):
            async for item in self._items:
                yield [self.keep(item)]
        else:
            for item in self._items:
                yield [self.keep(item)]

    def keep(self, item: object) -> object:
        """Return a row as it is given to its run, and keep it for the frame."""
        if not isinstance(item, Mapping):
            self._read.append({})
            return item
        row = dict(item)  # whoever makes the rows may use one dict for all of them
        self._read.append(row)
        return row

    def inputs(self) -> pd.DataFrame:
        """Return what has been read; a row that is no dict has no values."""
        return pd.DataFrame(self._read, index=pd.RangeIndex(len(self._read)))


def source_of(rows: Rows) -> Source:
    """Return the rows of a table, whatever holds it.

    Raises
    ------
    OptionError
        If it is no table, or has columns that are no names.

    Examples
    --------
    >>> source_of([{"a": 1}, {"b": 2}]).columns
    ['a', 'b']
    """
    if isinstance(rows, str | os.PathLike):
        # Files need readers that most tables do not.
        from linus_nb.graph.mapping.files import source_of_file  # noqa: PLC0415

        return source_of_file(rows)
    if isinstance(rows, pd.DataFrame):
        return Table(rows)
    if isinstance(rows, Mapping):
        raise OptionError(
            f"rows is one dict, with the keys {list(rows)[:10]}",
            hint="amap([row]) for one row, amap(pd.DataFrame(columns)) for a dict of columns",
        )
    if isinstance(rows, Iterable | AsyncIterable):
        return Items(rows)
    raise OptionError(
        f"rows is a table, not {type(rows).__name__}",
        hint="a DataFrame, an iterable of dicts, or the path of a CSV, Parquet or JSONL file",
    )


def columns_of(frame: pd.DataFrame) -> list[str]:
    """Return the columns of a frame.

    Raises
    ------
    OptionError
        If one is no text, or is there twice: a run could not name it.
    """
    odd = [column for column in frame.columns if not isinstance(column, str)]
    if odd:
        raise OptionError(
            f"the table's column {odd[0]!r} is named by {type(odd[0]).__name__}, not by text",
            hint="frame.columns = frame.columns.map(str)",
        )
    counts = Counter(frame.columns)
    twice = [column for column, count in counts.items() if count > 1]
    if twice:
        raise OptionError(
            f"the table has the column {twice[0]!r} {counts[twice[0]]} times",
            hint="frame.loc[:, ~frame.columns.duplicated()] keeps the first",
        )
    return list(frame.columns)
