"""Tables in files, read in chunks by a thread: the first rows run before the last are read.

What has been read stays in memory, because it is part of the frame.
"""

from __future__ import annotations

import contextlib
import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from linus_nb.errors import LinusError, MissingExtraError, OptionError
from linus_nb.graph.mapping.sources import BadRow, Items, columns_of
from linus_nb.graph.mapping.threaded import in_thread

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from linus_nb.graph.mapping.sources import Source

CHUNK = 1_000
"""Rows that are read at a time."""


class TableFile:
    """The rows of a file whose columns are known before it is read.

    Parameters
    ----------
    empty : DataFrame
        The table without rows.
    chunks : callable
        Opens the file and yields it frame by frame.
    total : int, optional
        The number of rows.
    numbers : RangeIndex, optional
        The index, where it is not stored row by row; default: from 0.
    """

    def __init__(
        self,
        empty: pd.DataFrame,
        chunks: Callable[[], Iterator[pd.DataFrame]],
        total: int | None = None,
        numbers: pd.RangeIndex | None = None,
    ) -> None:
        self.columns = columns_of(empty)
        self.total = total
        self._empty = empty
        self._chunks = chunks
        self._numbers = numbers
        self._read: list[pd.DataFrame] = []

    async def read(self) -> AsyncGenerator[Sequence[object]]:
        """Yield the rows in chunks."""
        async with contextlib.aclosing(in_thread(self._chunks)) as chunks:
            async for chunk in chunks:
                self._read.append(chunk)
                yield chunk.to_dict("records")

    def inputs(self) -> pd.DataFrame:
        """Return the chunks that have been read."""
        if not self._read:
            return self._empty
        plain = all(isinstance(chunk.index, pd.RangeIndex) for chunk in self._read)
        table = pd.concat(self._read, ignore_index=plain)
        if plain and self._numbers is not None:
            table.index = self._numbers[: len(table)]
        return table


def source_of_file(path: str | os.PathLike[str]) -> Source:
    """Return the rows of a CSV, Parquet or JSONL file.

    Raises
    ------
    OptionError
        If there is no such file, its kind is not known, or its beginning cannot be read.
    MissingExtraError
        If it is a Parquet file and pyarrow is not installed.
    """
    file = Path(path)
    kind = _KINDS.get(file.suffix.lower())
    if kind is None:
        raise OptionError(
            f"{str(path)!r} is not the name of a table: it ends in {file.suffix!r}",
            hint=f"the endings are {', '.join(_KINDS)}; or give a DataFrame",
        )
    if not file.is_file():
        raise OptionError(f"there is no file {str(path)!r}", hint=f"it would be {file.absolute()}")
    try:
        return kind(file)
    except LinusError:
        raise
    except (OSError, ValueError) as error:  # what pandas and pyarrow raise for damaged files
        raise _unreadable(file, error) from error


def _csv(path: Path) -> Source:
    separator = "\t" if path.suffix.lower() == ".tsv" else ","

    def opened() -> Any:
        return pd.read_csv(path, sep=separator, chunksize=CHUNK)

    def chunks() -> Iterator[pd.DataFrame]:
        done = 0
        try:
            with opened() as reader:
                for chunk in reader:
                    yield chunk
                    done += len(chunk)
        except ValueError as error:  # a ragged line, or an encoding
            with opened() as reader:
                yield from _before_fault(reader, done)
            raise _unreadable(path, error) from error

    return TableFile(pd.read_csv(path, sep=separator, nrows=0), chunks)


def _before_fault(reader: Any, done: int) -> Iterator[pd.DataFrame]:
    """Yield the rows between those that were read and the one that cannot be, as one chunk."""
    while done > 0:
        done -= len(reader.get_chunk(min(CHUNK, done)))
    rows: list[pd.DataFrame] = []
    with contextlib.suppress(ValueError, StopIteration):
        while True:
            rows.append(reader.get_chunk(1))
    if rows:
        yield pd.concat(rows)


def _unreadable(path: Path, error: Exception) -> OptionError:
    name, hint = str(path), None
    if isinstance(error, UnicodeDecodeError):
        hint = f"amap(pd.read_csv({name!r}, encoding='cp1252')), or what its encoding is"
    elif isinstance(error, pd.errors.ParserError):
        hint = f"amap(pd.read_csv({name!r}, on_bad_lines='skip'))"
    return OptionError(f"{name!r} cannot be read: {error}", hint=hint)


def _parquet(path: Path) -> Source:
    try:
        # Heavy, and only for these files.
        from pyarrow import Table  # noqa: PLC0415
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"{path.name!r} is a Parquet file, which takes pyarrow to read",
            hint="pip install pyarrow",
        ) from error

    def chunks() -> Iterator[pd.DataFrame]:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(CHUNK):
                yield Table.from_batches([batch]).to_pandas()

    with ParquetFile(path) as file:
        empty = file.schema_arrow.empty_table().to_pandas()
        rows = file.metadata.num_rows
        return TableFile(empty, chunks, rows, _numbers_of(file.schema_arrow, rows))


def _numbers_of(schema: Any, rows: int) -> pd.RangeIndex | None:
    """Return the index that pandas noted as a range, unless the file has other rows now."""
    for index in (schema.pandas_metadata or {}).get("index_columns", ()):
        if isinstance(index, dict) and index.get("kind") == "range":
            bounds = (index["start"], index["stop"], index["step"])
            numbers = pd.RangeIndex(*bounds, name=index.get("name"))
            return numbers if len(numbers) == rows else None
    return None


class LinesFile(Items):
    """The rows of a file with one JSON object a line.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(iter(()))
        self._path = path

    async def read(self) -> AsyncGenerator[Sequence[object]]:
        """Yield the rows in chunks."""
        async with contextlib.aclosing(in_thread(self._chunks)) as chunks:
            async for chunk in chunks:
                yield list(map(self.keep, chunk))

    def _chunks(self) -> Iterator[list[object]]:
        with self._path.open("rb") as file:
            lines = ((number, line) for number, line in enumerate(file, 1) if line.strip())
            while chunk := [_row_of(*numbered) for numbered in islice(lines, CHUNK)]:
                yield chunk


def _row_of(number: int, line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8-sig"))  # Windows begins a file with a mark
    except (ValueError, RecursionError) as error:
        return BadRow(f"line {number} is no JSON: {error}")


_KINDS: dict[str, Callable[[Path], Source]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
    ".pq": _parquet,
    ".jsonl": LinesFile,
    ".ndjson": LinesFile,
}
