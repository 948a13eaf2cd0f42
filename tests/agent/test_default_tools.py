"""The tools that every agent may have."""

import subprocess
import sys

import pandas as pd
import pytest

from linus_nb.agent.tools import (
    get_date_tools,
    get_default_tools,
    run_tool,
)
from linus_nb.errors import ToolError

pytestmark = pytest.mark.anyio


def test_the_default_tools_are_three_safe_ones():
    assert [tool.name for tool in get_default_tools()] == [
        "calculator",
        "current_datetime",
        "text_statistics",
    ]


async def test_every_default_tool_describes_every_parameter():
    tools = get_default_tools({"t": pd.DataFrame({"a": [1]})}, {"x": "words"}) + get_date_tools()
    for tool in tools:
        assert tool.description
        assert all(schema.get("description") for schema in tool.args.values()), tool.name


async def test_the_time_zone_must_exist():
    _, clock, _ = get_default_tools()
    assert (await run_tool(clock, {"timezone": "Asia/Tokyo"}))["utc_offset"] == "+0900"
    for wrong in ("Mars/Base", "../../etc/passwd", "/etc/passwd", "Europe"):
        with pytest.raises(ToolError, match="there is no time zone"):
            await run_tool(clock, {"timezone": wrong})


async def test_dates_outside_the_calendar_are_refused():
    _, date_after = get_date_tools()
    with pytest.raises(ToolError, match="outside the calendar"):
        await run_tool(date_after, {"start": "2024-01-01", "days": 10**12})


def test_importing_the_tools_loads_no_pandas():
    code = "import sys, linus_nb.agent.tools; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
