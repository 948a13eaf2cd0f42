"""Tools about dates and times."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import Field

from linus_nb.errors import ToolError


def current_datetime(
    timezone: Annotated[
        str, Field(description="An IANA name such as Europe/Berlin; empty for local time.")
    ] = "",
) -> dict[str, str]:
    """Say the date, the weekday and the time of now.

    Parameters
    ----------
    timezone : str, optional
        IANA name of the time zone; local time by default.

    Returns
    -------
    dict
        ``date``, ``weekday``, ``time`` and ``utc_offset``.

    Examples
    --------
    >>> list(current_datetime("UTC"))
    ['date', 'weekday', 'time', 'utc_offset']
    """
    try:
        zone = ZoneInfo(timezone) if timezone else None
    except (LookupError, ValueError, OSError) as error:
        raise ToolError(
            f"there is no time zone {timezone[:80]!r}", hint='timezone="Europe/Berlin"'
        ) from error
    now = datetime.now(zone).astimezone(zone)
    return {
        "date": now.date().isoformat(),
        "weekday": now.strftime("%A"),
        "time": now.strftime("%H:%M:%S"),
        "utc_offset": now.strftime("%z"),
    }


def days_between(
    start: Annotated[date, Field(description="The first date, YYYY-MM-DD.")],
    end: Annotated[date, Field(description="The second date, YYYY-MM-DD.")],
) -> dict[str, int | str]:
    """Count the days from one date to another; negative if the second is earlier.

    Examples
    --------
    >>> days_between(date(2024, 2, 28), date(2024, 3, 1))
    {'days': 2, 'start_weekday': 'Wednesday', 'end_weekday': 'Friday'}
    """
    return {
        "days": (end - start).days,
        "start_weekday": start.strftime("%A"),
        "end_weekday": end.strftime("%A"),
    }


def date_after(
    start: Annotated[date, Field(description="The date to count from, YYYY-MM-DD.")],
    days: Annotated[int, Field(description="Days to add; negative ones go back.")] = 0,
    weeks: Annotated[int, Field(description="Weeks to add.")] = 0,
    direction: Annotated[
        Literal["after", "before"], Field(description="Whether to count on or back.")
    ] = "after",
) -> dict[str, str]:
    """Find the date and weekday a number of days after (or before) a date; 0: of the date itself.

    Examples
    --------
    >>> date_after(date(2024, 2, 28), 2)
    {'date': '2024-03-01', 'weekday': 'Friday'}
    >>> date_after(date(2024, 3, 13), weeks=2, direction="before")["date"]
    '2024-02-28'
    """
    try:
        distance = timedelta(days=days, weeks=weeks)
        result = start + distance if direction == "after" else start - distance
    except OverflowError as error:
        raise ToolError(
            f"{days:,} days and {weeks:,} weeks from {start} are outside the calendar",
            hint="use fewer days",
        ) from error
    return {"date": result.isoformat(), "weekday": result.strftime("%A")}


def current_datetime_tool() -> BaseTool:
    """Make the tool that says what time it is."""
    return StructuredTool.from_function(
        current_datetime, description="Say today's date, the weekday and the time of now."
    )


def date_tools() -> list[BaseTool]:
    """Make the tools that reckon with dates: days between two, and a date some days away."""
    return [
        StructuredTool.from_function(
            days_between, description="Count the days from one date to another."
        ),
        StructuredTool.from_function(
            date_after,
            description="Find the date a number of days or weeks after or before a date, and the "
            "weekday of a date.",
        ),
    ]
