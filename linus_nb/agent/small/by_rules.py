"""What plain rules decide for a small model, given the tools that an agent offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.agent.small.candidates import candidates_for
from linus_nb.agent.small.rules import ToolCue, narrowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.agent.offered import OfferedTool


def tools_for(task: str, offered: Mapping[str, OfferedTool]) -> list[str]:
    """Return the tools that a task may be for; the only one offered is not in question."""
    if len(offered) == 1:
        return list(offered)
    return narrowed(task, [_cue(task, tool) for tool in offered.values()])


def _cue(task: str, offered: OfferedTool) -> ToolCue:
    fit = candidates_for(offered.schema, task).fit
    return ToolCue(offered.line.name, offered.line.description, fit)
