"""Tools over DataFrames whose arguments can only name what is there.

Table and column names are ``Literal`` types, so a schema-constrained model cannot invent one.
With one table a column goes by its own name, with several by ``table.column``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field, create_model

from linus_nb.agent.toolbox.columns import Column, as_text, extreme_row, look_up, summary
from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

MAX_VALUES: Final = 200  # distinct texts of all tables, up to which a model chooses among them
MAX_SCANNED: Final = 100_000  # rows up to which a table's texts are collected


def table_tools(tables: Mapping[str, pd.DataFrame]) -> list[BaseTool]:
    """Make the tools over the given tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables by name. An index that has a meaning counts as a column.

    Returns
    -------
    list of BaseTool
        ``summarize_column``, ``look_up_value`` and, where a column has numbers or dates,
        ``find_extreme_row``; none without columns.
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
    summarize, find_value = _argument_models(columns)
    tools: list[BaseTool] = [
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
    ]
    if comparable := [label for label, column in columns.items() if column.is_comparable]:
        tools.append(
            StructuredTool.from_function(
                find_extreme_row,
                description="Find the row with the largest or smallest value of a column of "
                f"{about}.",
                args_schema=_extreme_model(comparable),
            )
        )
    return tools


def _argument_models(columns: Mapping[str, Column]) -> list[type[BaseModel]]:
    """Return the parameters of the first two tools, whose types list the columns that exist."""
    column: Any = Literal[tuple(columns)]
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
    ]


def _extreme_model(comparable: list[str]) -> type[BaseModel]:
    """Return the parameters of ``find_extreme_row``: only columns of numbers or dates."""
    column: Any = Literal[tuple(comparable)]
    extreme: Any = Literal["largest", "smallest"]
    return create_model(
        "FindExtremeRow",
        column=(column, Field(description="The column to compare by.")),
        extreme=(extreme, Field(description="Which end.")),
    )


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
        if column.is_number:
            numeric = True
        elif len(column.cells) <= MAX_SCANNED and len(texts) <= MAX_VALUES:
            texts.update(map(as_text, column.cells.dropna()))
        else:
            return str
    if not 0 < len(texts) <= MAX_VALUES:
        return str
    choice = Literal[tuple(sorted(texts))]  # type: ignore[valid-type]  # made at run time
    return choice | float if numeric else choice
