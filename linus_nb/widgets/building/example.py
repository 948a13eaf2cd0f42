"""A small DAG to begin with: of what the palette offers or, if that is nothing, of sums."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

from linus_nb.errors import CycleError
from linus_nb.graph import AgentDAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linus_nb.widgets.building.palette import Palette

_MOST_FUNCTIONS = 6
_PROMPTS = {
    "outline": "Write an outline about {topic}, in three lines.",
    "draft": "Write a short text that follows this outline:\n{outline}",
    "title": "Find a title for this outline:\n{outline}",
    "article": "Put title and text together, and mend the text:\n{title}\n\n{draft}",
}


def numbers() -> list[int]:
    """Give some numbers."""
    return [3, 1, 4, 1, 5, 9, 2, 6]


def total(numbers: list[int]) -> int:
    """Add the numbers."""
    return sum(numbers)


def largest(numbers: list[int]) -> int:
    """Find the largest number."""
    return max(numbers)


def report(total: int, largest: int) -> str:
    """Say what came out."""
    return f"The sum is {total}, the largest number {largest}."


FUNCTIONS = (numbers, total, largest, report)
"""What the example of an empty palette is made of."""


def of(name: str, palette: Palette) -> AgentDAG:
    """Return an example of what ``palette`` has; an empty one gets some functions first."""
    if not palette.entries:
        for function in FUNCTIONS:
            palette.offer(function.__name__, function)
    held = {entry.name: entry for entry in palette.entries}
    agents = [palette.get(*entry[:2]) for entry in palette.entries if entry.kind == "agent"]
    if agents:
        return of_agents(name, agents)
    return of_functions(name, {name: palette.get(*entry[:2]) for name, entry in held.items()})


def imports(dag: AgentDAG) -> str:
    """Return the line that imports those of the functions here that ``dag`` has."""
    held = [node.agent for node in dag.nodes.values()]
    names = sorted(function.__name__ for function in FUNCTIONS if function in held)
    return f"from {__name__} import {', '.join(names)}\n" if names else ""


def of_agents(name: str, agents: Sequence[Any]) -> AgentDAG:
    """Return an article that is written in four steps, by the agents in turn.

    Examples
    --------
    >>> of_agents("article", [max]).get_execution_order()
    [['outline'], ['draft', 'title'], ['article']]
    """
    dag = AgentDAG(name)
    for (step, prompt), agent in zip(_PROMPTS.items(), cycle(agents), strict=False):
        dag.node(step, agent, prompt=prompt)
    return dag


def of_functions(name: str, functions: dict[str, Any]) -> AgentDAG:
    """Return a DAG of functions, with the edges that follow from their parameters.

    Examples
    --------
    >>> of_functions("sums", {f.__name__: f for f in FUNCTIONS}).get_execution_order()
    [['numbers'], ['total', 'largest'], ['report']]
    """
    dag = AgentDAG(name)
    for function_name, function in list(functions.items())[:_MOST_FUNCTIONS]:
        try:
            dag.node(function_name, function)
        except CycleError:
            dag.remove_node(function_name)  # two that read one another cannot both be in it
    return dag
