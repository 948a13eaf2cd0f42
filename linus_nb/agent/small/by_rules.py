"""What plain rules decide for a small model, given the tools that an agent offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.agent.small.candidates import candidates_for
from linus_nb.agent.small.rules import ToolCue, narrowed, spoken_for

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linus_nb.agent.offered import OfferedTool


def tools_for(task: str, offered: Mapping[str, OfferedTool]) -> list[str]:
    """Return the tools that a task may be for; the only one offered is not in question."""
    if len(offered) == 1:
        return list(offered)
    return narrowed(task, [_cue(task, tool) for tool in offered.values()])


def doubt_about(
    task: str, offered: Mapping[str, OfferedTool], name: str, failed: Collection[str] = ()
) -> str | None:
    """Return why a tool is hardly what a task needs, as far as a rule can see; else None.

    Parameters
    ----------
    task : str
        The task.
    offered : mapping of str to OfferedTool
        All tools of the agent.
    name : str
        The tool in question.
    failed : collection of str
        The tools that were taken before it and failed.

    Examples
    --------
    >>> from linus_nb.agent.offered import offer
    >>> def double(number: int) -> int:
    ...     '''Double a number.'''
    ...     return 2 * number
    >>> doubt_about("What is the capital of France?", offer([double]), "double")
    "the task does not say what 'double' needs to be called with"
    >>> doubt_about("Double 21, please", offer([double]), "double")
    """
    if better := [other for other in failed if other != name]:
        return f"{name!r} was taken only because {better[0]!r} failed"
    cues = [_cue(task, tool) for tool in offered.values()]
    if next(cue.fit for cue in cues if cue.name == name) is None:
        return f"the task does not say what {name!r} needs to be called with"
    if len(cues) > 1 and name not in spoken_for(task, cues):
        return "nothing in the task speaks for any of the tools"
    return None


def _cue(task: str, offered: OfferedTool) -> ToolCue:
    fit = candidates_for(offered.schema, task).fit
    return ToolCue(offered.line.name, offered.line.description, fit)
