"""A tool as an agent offers it: prepared once, when the agent is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linus_nb.agent.prompts import ToolLine
from linus_nb.agent.schemas import acceptance, argument_schema
from linus_nb.agent.tools import as_tool
from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from langchain_core.tools import BaseTool

    from linus_nb.agent.replies import Accept
    from linus_nb.agent.schemas import JsonSchema


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool with all that prompts and readers need of it."""

    tool: BaseTool
    line: ToolLine
    schema: JsonSchema
    accept: Accept


def offer(tools: Iterable[BaseTool | Callable[..., object]] | None) -> dict[str, OfferedTool]:
    """Prepare tools, by name.

    Examples
    --------
    >>> def double(number: int) -> int:
    ...     '''Double a number.'''
    ...     return 2 * number
    >>> print(offer([double])["double"].line)
    - double(number): Double a number.
    """
    offered: dict[str, OfferedTool] = {}
    for tool in map(as_tool, tools or ()):
        if tool.name in offered:
            raise OptionError(
                f"two tools are named {tool.name!r}",
                hint='create_custom_tool("another name", "what it does", function)',
            )
        schema = argument_schema(tool)
        line = ToolLine(tool.name, tool.description, tuple(tool.args))
        offered[tool.name] = OfferedTool(tool, line, schema, acceptance(tool))
    return offered
