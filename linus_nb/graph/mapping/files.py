"""Tables in files, read in chunks by a thread, so that no file has to fit into memory."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from linus_nb.errors import MissingExtraError, OptionError
from linus_nb.graph.mapping.sources import BadRow, Items, columns_of
from linus_nb.graph.threads import Threads

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from linus_nb.graph.mapping.sources import Source

CHUNK = 1_000
"""Rows that are read at a time."""

_END = object()

T = TypeVar("T")


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
    """

    def __init__(
        self,
        empty: pd.DataFrame,
        chunks: Callable[[], Iterator[pd.DataFrame]],
        total: int | None = None,
    ) -> None:
        self.columns = columns_of(empty)
        self.total = total
        self._empty = empty
        self._chunks = chunks
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
        return pd.concat(self._read, ignore_index=plain)


async def in_thread(make: Callable[[], Iterator[T]]) -> AsyncGenerator[T]:
    """Yield what an iterator gives that is made, and asked, in a thread."""
    threads = Threads(1)
    items: Iterator[T] | None = None
    try:
        items = await threads.call(make)
        while (item := await threads.call(partial(next, items, _END))) is not _END:
            yield item
    finally:
        threads.close()
        # One that is being asked cannot be closed: it ends with its thread.
        with contextlib.suppress(ValueError):
            getattr(items, "close", bool)()


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
    except (OSError, ValueError) as error:  # what pandas and pyarrow raise for damaged files
        if isinstance(error, OptionError):
            raise
        raise OptionError(f"{str(path)!r} cannot be read: {error}") from error


def _csv(path: Path) -> Source:
    separator = "\t" if path.suffix.lower() == ".tsv" else ","

    def chunks() -> Iterator[pd.DataFrame]:
        with pd.read_csv(path, sep=separator, chunksize=CHUNK) as reader:
            yield from reader

    return TableFile(pd.read_csv(path, sep=separator, nrows=0), chunks)


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
        return TableFile(empty, chunks, file.metadata.num_rows)


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
        with self._path.open(encoding="utf-8") as file:
            lines = ((number, line) for number, line in enumerate(file, 1) if line.strip())
            while chunk := [_row_of(*numbered) for numbered in islice(lines, CHUNK)]:
                yield chunk


def _row_of(number: int, line: str) -> object:
    try:
        return json.loads(line)
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
