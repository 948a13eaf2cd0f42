"""What plain rules decide, so that a small model need not be asked; pure.

A model of 135 million parameters picks the right one of four tools hardly better than by
chance. Words that a task shares with a tool's name and description, and what it says about the
tool's parameters, do better.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linus_nb.agent.small.words import stems

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME_WEIGHT = 2.0
_FIT_WEIGHT = 2.0
_LEAD = 1.3
"""How many times the next best score a tool needs to be taken without asking the model."""


@dataclass(frozen=True, slots=True)
class ToolCue:
    """What tells that a task is for a tool.

    Parameters
    ----------
    name, description : str
        The tool's own.
    fit : float or None
        About 1 for each parameter that the task states; None: the task does not have what
        the tool needs.
    """

    name: str
    description: str = ""
    fit: float | None = 0.0


def narrowed(task: str, cues: Sequence[ToolCue]) -> list[str]:
    """Return the tools that ``task`` may be for, best first; all where no rule says anything.

    A word counts the more, the fewer tools it stands in.

    Parameters
    ----------
    task : str
        The task.
    cues : sequence of ToolCue
        One a tool.

    Returns
    -------
    list of str
        Names; one alone if it is clearly ahead of the others.

    Examples
    --------
    >>> tools = [
    ...     ToolCue("calculator", "Calculates an arithmetic expression.", fit=1.0),
    ...     ToolCue("current_time", "Tells the current date and time."),
    ... ]
    >>> narrowed("What is 42 * 17?", tools)
    ['calculator']
    >>> narrowed("Which date is it today?", [ToolCue("calculator"), tools[1]])
    ['current_time']
    """
    scores = spoken_for(task, cues)
    best = max(scores.values(), default=0.0)
    if best <= 0:
        able = [cue.name for cue in cues if cue.fit is not None]
        return able or [cue.name for cue in cues]
    near = [name for name in scores if scores[name] * _LEAD > best]
    return sorted(near, key=lambda name: -scores[name])


def spoken_for(task: str, cues: Sequence[ToolCue]) -> dict[str, float]:
    """Return the tools that something in the task speaks for, each with how much does.

    Examples
    --------
    >>> spoken_for("Hello", [ToolCue("calculator"), ToolCue("clock")])
    {}
    """
    asked = stems(task)
    able = [cue for cue in cues if cue.fit is not None] or list(cues)
    spread = Counter(word for cue in able for word in stems(f"{cue.name} {cue.description}"))
    scores = {cue.name: _score(asked, cue, spread) for cue in able}
    return {name: score for name, score in scores.items() if score > 0}


def _score(asked: frozenset[str], cue: ToolCue, spread: Counter[str]) -> float:
    named = stems(cue.name)
    shared = asked & (named | stems(cue.description))
    words = sum((_NAME_WEIGHT if word in named else 1.0) / spread[word] for word in shared)
    return words + _FIT_WEIGHT * (cue.fit or 0.0)
