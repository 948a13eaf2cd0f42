"""Names for the functions and agents of a DAG that is written down."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Names:
    """Gives each object one name and each name one object.

    Parameters
    ----------
    functions, agents : mapping of str to object, optional
        Names that are given already.

    Examples
    --------
    >>> names = Names({"biggest": max})
    >>> names.of_function(max, "a node"), names.of_function(min, "another")
    ('biggest', 'min')
    >>> names.of_function(lambda: 1, "third"), names.of_function(lambda: 2, "third")
    ('third', 'third (2)')
    """

    def __init__(
        self,
        functions: Mapping[str, Any] | None = None,
        agents: Mapping[str, Any] | None = None,
    ) -> None:
        self.functions: dict[str, Any] = {}
        """Every function that was asked for."""
        self.agents: dict[str, Any] = {}
        """Every agent that was asked for."""
        self._name_of_function = {id(value): name for name, value in (functions or {}).items()}
        self._name_of_agent = {id(value): name for name, value in (agents or {}).items()}
        self._taken = {*(functions or {}), *(agents or {})}

    def of_function(self, function: Any, place: str) -> str:
        """Return the name of a function; one without a name of its own has its place's."""
        name = self._name_of_function.get(id(function))
        if name is None:
            own = getattr(function, "__name__", None)
            usable = isinstance(own, str) and own.isidentifier()
            name = self._new_name(str(own) if usable else place, place)
        self._name_of_function[id(function)] = name
        self.functions[name] = function
        return name

    def of_agent(self, agent: Any, place: str) -> str:
        """Return the name of an agent: that of the first node that has it."""
        name = self._name_of_agent.get(id(agent))
        if name is None:
            name = self._new_name(place)
        self._name_of_agent[id(agent)] = name
        self.agents[name] = agent
        return name

    def _new_name(self, *preferred: str) -> str:
        numbered = (f"{preferred[-1]} ({number})" for number in count(2))
        name = next(name for name in chain(preferred, numbered) if name not in self._taken)
        self._taken.add(name)
        return name
