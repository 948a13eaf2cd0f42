"""Tools over DataFrames whose arguments can only name what is there.

Table and column names are ``Literal`` types, so a schema-constrained model cannot invent one.
With one table a column goes by its own name, with several by ``table.column``.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field, create_model

from linus_nb.errors import OptionError, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

MAX_VALUES: Final = 200  # distinct texts of all tables, up to which a model chooses among them
MAX_SCANNED: Final = 100_000  # rows up to which a table's texts are collected
NUMBER_KINDS: Final = "iufc"  # numpy's letters for whole, real and complex numbers
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


def table_tools(tables: Mapping[str, pd.DataFrame]) -> list[BaseTool]:
    """Make the tools over the given tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables by name. An index that has a meaning counts as a column.

    Returns
    -------
    list of BaseTool
        ``summarize_column``, ``look_up_value`` and ``find_extreme_row``; none without columns.
    """
    columns = _columns(tables)
    if not columns:
        return []

    def summarize_column(column: str) -> dict[str, Any]:
        return summary(columns[column].cells)

    def look_up_value(column: str, equals: str | float, where: str | None = None) -> Any:
        return look_up(columns, column, str(equals), where)

    def find_extreme_row(column: str, extreme: Literal["largest", "smallest"]) -> dict[str, Any]:
        return extreme_row(columns[column], extreme)

    about = f"{', '.join(tables)[:300]} (columns: {', '.join(columns)[:500]})"
    summarize, find_value, find_extreme = _argument_models(columns)
    return [
        StructuredTool.from_function(
            summarize_column,
            description=f"Count, mean, minimum, maximum and sum of a column of {about}.",
            args_schema=summarize,
        ),
        StructuredTool.from_function(
            look_up_value,
            description=f"Look up the value of a column in one row of {about}.",
            args_schema=find_value,
        ),
        StructuredTool.from_function(
            find_extreme_row,
            description=f"Find the row with the largest or smallest value of a column of {about}.",
            args_schema=find_extreme,
        ),
    ]


def _argument_models(columns: Mapping[str, Column]) -> list[type[BaseModel]]:
    """Return the parameters of the three tools, whose types list the columns that exist."""
    column: Any = Literal[tuple(columns)]
    extreme: Any = Literal["largest", "smallest"]
    return [
        create_model("SummarizeColumn", column=(column, Field(description="Which column."))),
        create_model(
            "LookUpValue",
            column=(column, Field(description="The column whose value is wanted.")),
            equals=(_value_type(columns), Field(description="What stands in the row meant.")),
            where=(
                column | None,
                Field(None, description="The column in which that stands, if not clear."),
            ),
        ),
        create_model(
            "FindExtremeRow",
            column=(column, Field(description="The column to compare by.")),
            extreme=(extreme, Field(description="Which end.")),
        ),
    ]


def _columns(tables: Mapping[str, pd.DataFrame]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for table, frame in tables.items():
        shown = _with_index_as_column(table, frame)
        for position, name in enumerate(map(str, shown.columns)):
            label = name if len(tables) == 1 else f"{table}.{name}"
            if label in columns:
                raise OptionError(
                    f"table {table!r} has two columns that read {name!r}",
                    hint=f"rename one: tables[{table!r}].set_axis([...], axis=1)",
                )
            columns[label] = Column(table, name, shown, position)
    return columns


def _with_index_as_column(table: str, frame: object) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - heavy, and loaded already where somebody has a frame

    if not isinstance(frame, pd.DataFrame):
        raise OptionError(
            f"table {table!r} is a {type(frame).__name__}, not a DataFrame",
            hint=f"get_default_tools(tables={{{table!r}: pd.DataFrame(...)}})",
        )
    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return frame if plain else frame.reset_index()


def _value_type(columns: Mapping[str, Column]) -> Any:
    """Return the type of what stands in a row: the texts that do, if they are few; a number."""
    texts: set[str] = set()
    numeric = False
    for column in columns.values():
        if column.cells.dtype.kind in NUMBER_KINDS:
            numeric = True
        elif len(column.cells) <= MAX_SCANNED and len(texts) <= MAX_VALUES:
            texts.update(map(_as_text, column.cells.dropna()))
        else:
            return str
    if not 0 < len(texts) <= MAX_VALUES:
        return str
    choice = Literal[tuple(sorted(texts))]  # type: ignore[valid-type]  # made at run time
    return choice | float if numeric else choice


def _as_text(value: object) -> str:
    """Write a value as a model would say it: a date at midnight as the date alone."""
    return str(value).removesuffix(" 00:00:00")


def _plain(value: Any) -> Any:
    """Return a cell as a plain Python value: None for missing, ISO text for a date."""
    import pandas as pd  # noqa: PLC0415 - heavy, and loaded already where somebody has a frame

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp | pd.Timedelta | pd.Period):
        return _as_text(value)
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
    frequency = present.map(_as_text).value_counts()
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
    if values.dtype.kind in NUMBER_KINDS:
        try:
            found = values.notna() & (values == float(equals))
        except ValueError:
            return []
    else:
        said = equals.strip().casefold()
        texts = values.map(lambda value: _as_text(value).casefold())
        is_date = values.dtype.kind == "M"
        found = (texts.str.startswith(said) if is_date else texts == said) & values.notna()
    return [position for position, hit in enumerate(found) if hit]


def _nearest(candidates: list[Column], equals: str) -> str:
    """Name a few values that are there and look like the one that is not."""
    known = {_as_text(value) for column in candidates for value in column.cells.head(1000)}
    similar = difflib.get_close_matches(equals, known, n=3) or sorted(known)[:3]
    return f"there is for example {', '.join(map(repr, similar))}"


def extreme_row(column: Column, extreme: Literal["largest", "smallest"]) -> dict[str, Any]:
    """Return the row in which the column has its largest or smallest value, the first of equals.

    Parameters
    ----------
    column : Column
        The column to compare by.
    extreme : {"largest", "smallest"}
        Which end.
    """
    present = column.cells.reset_index(drop=True).dropna()
    if present.empty:
        raise ToolError(f"column {column.name!r} of {column.table!r} has no values")
    try:
        position: Any = present.idxmax() if extreme == "largest" else present.idxmin()
    except TypeError as error:
        raise ToolError(
            f"the values of column {column.name!r} cannot be compared: {error}",
            hint="choose a column of numbers or dates",
        ) from error
    return _row(column.frame, position)
