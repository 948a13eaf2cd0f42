"""What tables say: a column's summary, a value in a row, the row with an extreme value; pure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from linus_nb.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

NUMBER_KINDS: Final = "iufc"  # numpy's letters for whole, real and complex numbers
COMPARABLE_KINDS: Final = "iufmM"  # those of numbers, durations and dates
MAX_ROWS: Final = 20  # that a look-up returns
COMMON_VALUES: Final = 5  # that the summary of a text column names


class Column(NamedTuple):
    """A column and the frame it belongs to; its position, because names may be any object."""

    table: str
    name: str
    frame: pd.DataFrame
    position: int

    @property
    def cells(self) -> pd.Series[Any]:
        """The column itself."""
        return self.frame.iloc[:, self.position]

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.cells.dtype.kind in NUMBER_KINDS

    @property
    def is_comparable(self) -> bool:
        """Whether its values have a largest one that means something: numbers or dates."""
        return self.cells.dtype.kind in COMPARABLE_KINDS


def as_text(value: object) -> str:
    """Write a value as a model would say it: a date at midnight as the date alone."""
    return str(value).removesuffix(" 00:00:00")


def _plain(value: Any) -> Any:
    """Return a cell as a plain Python value: None for missing, ISO text for a date."""
    import pandas as pd  # noqa: PLC0415 - heavy, and loaded already where somebody has a frame

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp | pd.Timedelta | pd.Period):
        return as_text(value)
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _row(frame: pd.DataFrame, position: int) -> dict[str, Any]:
    cells = (frame.iloc[position, index] for index in range(frame.shape[1]))
    return dict(zip(map(str, frame.columns), map(_plain, cells), strict=True))


def summary(values: pd.Series[Any]) -> dict[str, Any]:
    """Summarize a column: numbers and dates by range and mean, other values by frequency.

    Parameters
    ----------
    values : Series
        The column; missing values are counted apart.
    """
    import pandas as pd  # noqa: PLC0415 - heavy, and loaded already where somebody has a frame

    present = values.dropna()
    result: dict[str, Any] = {"count": len(present), "missing": len(values) - len(present)}
    if present.empty:
        return result
    if pd.api.types.is_numeric_dtype(present) and not pd.api.types.is_bool_dtype(present):
        names = ("mean", "min", "max", "sum", "median")
        return result | {name: _plain(getattr(present, name)()) for name in names}
    if pd.api.types.is_datetime64_any_dtype(present):
        return result | {"min": _plain(present.min()), "max": _plain(present.max())}
    frequency = present.map(as_text).value_counts()
    common = frequency.head(COMMON_VALUES).to_dict()
    return result | {"unique": len(frequency), "most_common": common}


def look_up(columns: Mapping[str, Column], column: str, equals: str, where: str | None) -> Any:
    """Find the value of ``column`` in the rows where some column equals a text.

    Parameters
    ----------
    columns : mapping of str to Column
        All columns by label.
    column : str
        The column whose value is wanted.
    equals : str
        What stands in the row, whatever its case; the start of a date is enough.
    where : str or None
        The column in which it stands. ``None``: the only one of the same table in which it does.

    Returns
    -------
    object
        The value, or for several rows a list of at most 20 rows.
    """
    wanted = columns[column]
    candidates = [
        other
        for label, other in columns.items()
        if other.table == wanted.table and where in {None, label}
    ]
    if not candidates:
        raise ToolError(
            f"{where!r} and {column!r} are columns of different tables",
            hint=f"choose a column of {wanted.table!r}",
        )
    matches = [(other, rows) for other in candidates if (rows := _matching_rows(other, equals))]
    if not matches:
        raise ToolError(
            f"no row of {wanted.table!r} has {equals!r}{f' in {where!r}' if where else ''}",
            hint=_nearest(candidates, equals),
        )
    if len(matches) > 1:
        names = ", ".join(repr(other.name) for other, _ in matches)
        raise ToolError(f"{equals!r} stands in several columns: {names}", hint="say `where`")
    _, rows = matches[0]
    if len(rows) == 1:
        return _plain(wanted.cells.iloc[rows[0]])
    found = [_row(wanted.frame, position) for position in rows[:MAX_ROWS]]
    return found if len(rows) <= MAX_ROWS else [*found, f"… {len(rows) - MAX_ROWS:,} more rows"]


def _matching_rows(column: Column, equals: str) -> list[int]:
    values = column.cells
    if column.is_number:
        try:
            found = values.notna() & (values == float(equals))
        except ValueError:
            return []
    else:
        said = equals.strip().casefold()
        texts = values.map(lambda value: as_text(value).casefold())
        is_date = values.dtype.kind == "M"
        found = (texts.str.startswith(said) if is_date else texts == said) & values.notna()
    return [position for position, hit in enumerate(found) if hit]


def _nearest(candidates: list[Column], equals: str) -> str:
    """Name a few values that are there and look like the one that is not."""
    known = {as_text(value) for column in candidates for value in column.cells.head(1000)}
    similar = difflib.get_close_matches(equals, known, n=3) or sorted(known)[:3]
    return f"there is for example {', '.join(map(repr, similar))}"


def extreme_row(column: Column, extreme: Literal["largest", "smallest"]) -> dict[str, Any]:
    """Return the row in which the column has its largest or smallest value, the first of equals.

    Parameters
    ----------
    column : Column
        The column to compare by; its ``is_comparable`` is true.
    extreme : {"largest", "smallest"}
        Which end.
    """
    present = column.cells.reset_index(drop=True).dropna()
    if present.empty:
        raise ToolError(f"column {column.name!r} of {column.table!r} has no values")
    position: Any = present.idxmax() if extreme == "largest" else present.idxmin()
    return _row(column.frame, position)
