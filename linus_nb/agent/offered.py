"""A tool as an agent offers it: prepared once, when the agent is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from linus_nb.agent.prompts import ToolLine
from linus_nb.agent.schemas import acceptance, argument_schema
from linus_nb.agent.tools import as_tool
from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from langchain_core.tools import BaseTool

    from linus_nb.agent.replies import Accept
    from linus_nb.agent.schemas import JsonSchema

ToolTimeout: TypeAlias = float | Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool with all that prompts and readers need of it, and its time limit in seconds."""

    tool: BaseTool
    line: ToolLine
    schema: JsonSchema
    accept: Accept
    timeout: float | None = None


def offer(
    tools: Iterable[BaseTool | Callable[..., object]] | None, timeout: ToolTimeout = None
) -> dict[str, OfferedTool]:
    """Prepare tools, by name.

    Parameters
    ----------
    tools : iterable of BaseTool or function
        The tools.
    timeout : float or mapping of str to float, optional
        The most seconds that a call of any tool may take, or of the tools that are named.

    Examples
    --------
    >>> def double(number: int) -> int:
    ...     '''Double a number.'''
    ...     return 2 * number
    >>> print(offer([double])["double"].line)
    - double(number): Double a number.
    """
    offered: dict[str, OfferedTool] = {}
    limits, limit = (timeout, None) if isinstance(timeout, Mapping) else ({}, timeout)
    for tool in map(as_tool, tools or ()):
        if tool.name in offered:
            raise OptionError(
                f"two tools are named {tool.name!r}",
                hint='create_custom_tool("another name", "what it does", function)',
            )
        schema = argument_schema(tool)
        line = ToolLine(tool.name, tool.description, tuple(tool.args))
        offered[tool.name] = OfferedTool(
            tool, line, schema, acceptance(tool), limits.get(tool.name, limit)
        )
    _check(timeout, offered)
    return offered


def _check(timeout: ToolTimeout, offered: Mapping[str, OfferedTool]) -> None:
    limits = timeout if isinstance(timeout, Mapping) else {"": timeout}
    for name, seconds in limits.items():
        if name and name not in offered:
            raise OptionError(
                f"tool_timeout names {name!r}, which is no tool of this agent",
                hint=f"its tools: {', '.join(offered) or 'none'}",
            )
        if seconds is not None and not seconds > 0:
            raise OptionError(
                f"tool_timeout={seconds!r} is not a number of seconds above 0",
                hint="tool_timeout=30",
            )
