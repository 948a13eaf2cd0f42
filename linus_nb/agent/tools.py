"""Tools for agents: safe ones to start with, and ways to make your own.

What :func:`get_default_tools` returns runs no code, writes nothing and reaches no network.
Tools that do (a file reader, HTTP, a shell) exist only where somebody builds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from linus_nb.agent.toolbox.calculator import MAX_LENGTH, calculate
from linus_nb.agent.toolbox.dates import current_datetime_tool, date_tools
from linus_nb.agent.toolbox.files import create_file_reader
from linus_nb.agent.toolbox.http import create_http_get
from linus_nb.agent.toolbox.making import as_tool, create_custom_tool
from linus_nb.agent.toolbox.results import tool_result_text
from linus_nb.agent.toolbox.running import check_arguments, run_tool
from linus_nb.agent.toolbox.shell import create_shell
from linus_nb.agent.toolbox.tables import table_tools
from linus_nb.agent.toolbox.texts import text_statistics_tool, text_tools

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = [
    "as_tool",
    "check_arguments",
    "create_custom_tool",
    "create_file_reader",
    "create_http_get",
    "create_shell",
    "get_date_tools",
    "get_default_tools",
    "run_tool",
    "tool_result_text",
]


class Calculation(BaseModel):
    """Arguments of the calculator."""

    expression: str = Field(
        description="An arithmetic expression such as (12.5 + 3) * 4, sqrt(2) or 15% of 80.",
        json_schema_extra={"maxLength": MAX_LENGTH},
    )


def get_default_tools(
    tables: Mapping[str, pd.DataFrame] | None = None,
    texts: Mapping[str, str] | Sequence[str] | None = None,
) -> list[BaseTool]:
    """Return the tools that are safe to give to any agent.

    Parameters
    ----------
    tables : mapping of str to DataFrame, optional
        Tables by name. Adds column summaries, look-ups and the row with an extreme value; their
        arguments can only name columns that exist.
    texts : mapping of str to str, or sequence of str, optional
        Texts by name. Adds a search in them and the counts of each.

    Returns
    -------
    list of BaseTool
        A calculator, the current date and time, text statistics, and what was added.

    Examples
    --------
    >>> tools = get_default_tools()
    >>> [tool.name for tool in tools]
    ['calculator', 'current_datetime', 'text_statistics']
    >>> tools[0].run({"expression": "17 * 3"})
    51
    """
    calculator = StructuredTool.from_function(
        calculate,
        name="calculator",
        description="Work out an arithmetic expression: + - * / ** % ( ), sqrt, round, log, ...",
        args_schema=Calculation,
    )
    return [
        calculator,
        current_datetime_tool(),
        text_statistics_tool(),
        *(table_tools(tables) if tables else []),
        *(text_tools(texts) if texts else []),
    ]


def get_date_tools() -> list[BaseTool]:
    """Return tools that reckon with dates, as safe as the default ones.

    Returns
    -------
    list of BaseTool
        Days between two dates, and the date a number of days away.

    Examples
    --------
    >>> days_between, _ = get_date_tools()
    >>> days_between.run({"start": "2024-02-28", "end": "2024-03-01"})["days"]
    2
    """
    return date_tools()
