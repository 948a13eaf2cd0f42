"""Where the rows of a map come from, and how the table looks beside their outputs."""

from __future__ import annotations

import contextlib
import os
import reprlib
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence, Sized
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeAlias

import pandas as pd

from linus_nb.errors import OptionError
from linus_nb.graph.mapping.frame import frame_of_dicts
from linus_nb.graph.mapping.threaded import in_thread
from linus_nb.graph.node_result import error_text

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
        The rows; what is no dict is passed on as it is. An iterator is closed at the end.
    """

    columns: Sequence[str] | None = None

    def __init__(self, items: Iterable[Any] | AsyncIterable[Any]) -> None:
        self._items: Iterable[Any] | AsyncIterable[Any] = items
        self._read: list[dict[Any, Any]] = []
        self.total = len(items) if isinstance(items, Sized) else None

    async def read(self) -> AsyncGenerator[Sequence[object]]:
        """Yield the rows one by one, because whoever makes them may take time for each."""
        items, self._items = self._items, ()  # whoever makes them is gone with the last row
        async with contextlib.aclosing(_each(items)) as each:
            async for item in each:
                yield [self.keep(item)]

    def keep(self, item: object) -> object:
        """Return a row as it is given to its run, and keep it for the frame."""
        row = _row_of(item)
        self._read.append(row if isinstance(row, dict) else {})
        return row

    def inputs(self) -> pd.DataFrame:
        """Return what has been read; a row that is no dict has no values."""
        return frame_of_dicts(self._read)


class Listed(Items):
    """Rows that are dicts in a list, or in another sequence.

    Parameters
    ----------
    items : sequence
        The rows.

    Raises
    ------
    OptionError
        If none of them is a dict.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        super().__init__(items)
        self._listed = items
        if items and not any(isinstance(item, Mapping) for item in items):
            raise OptionError(
                f"a row is a dict of columns and values, not {reprlib.repr(items[0])}",
                hint="amap([{'text': row} for row in rows])",
            )
        rows = [row for row in map(_row_of, items) if isinstance(row, dict)]
        self.columns = list(dict.fromkeys(name for row in rows for name in row)) if rows else None

    def inputs(self) -> pd.DataFrame:
        """Return all rows, as the frame of a table is all of it."""
        left = map(_row_of, islice(self._listed, len(self._read), None))
        return frame_of_dicts([*self._read, *(r if isinstance(r, dict) else {} for r in left)])


def _row_of(item: object) -> object:
    if not isinstance(item, Mapping):
        return item
    try:
        return dict(item)  # whoever makes the rows may use one dict for all of them
    except Exception as error:  # noqa: BLE001 - one that reads its values only now
        return BadRow(f"the row cannot be read: {error_text(error)}")


async def _each(items: Iterable[Any] | AsyncIterable[Any]) -> AsyncGenerator[Any]:
    """Yield each item; only what is there already is read on the loop itself."""
    if isinstance(items, AsyncIterable):
        iterator = aiter(items)
        try:
            async for item in iterator:
                yield item
        finally:
            if hasattr(iterator, "aclose"):
                await iterator.aclose()
    # A cursor lets itself be used by no thread but its own.
    elif isinstance(items, Sequence | sqlite3.Cursor):
        for item in items:
            yield item
    else:
        async with contextlib.aclosing(in_thread(partial(iter, items))) as each:
            async for item in each:
                yield item


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
    if isinstance(rows, Sequence):
        return Listed(rows)
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
