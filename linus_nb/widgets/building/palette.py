"""What can be put into a DAG: agents and functions, by name."""

from __future__ import annotations

import inspect
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from linus_nb.errors import OptionError
from linus_nb.graph.calling import callee_of
from linus_nb.graph.display import shorten
from linus_nb.graph.spec import references

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from linus_nb.graph import AgentDAG

Kind = Literal["agent", "function"]

_LONGEST_SUMMARY = 100


class PaletteEntry(NamedTuple):
    """Something that can become a node.

    Parameters
    ----------
    kind : {"agent", "function"}
        What it is.
    name : str
        Its name in the registry of its kind.
    summary : str
        One line about it.
    """

    kind: Kind
    name: str
    summary: str


class Palette:
    """The agents and functions that a design knows.

    Parameters
    ----------
    agents, functions : mapping of str to object
        What is offered. A function among the agents counts as a function, and the reverse.
    dag : AgentDAG
        What its nodes hold is offered as well; its conditions are known, but not offered.

    Raises
    ------
    OptionError
        If a name is no text, or a value cannot be called.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> palette = Palette({}, {"biggest": max}, AgentDAG())
    >>> palette.entries[0].name, palette.get("function", "biggest") is max
    ('biggest', True)
    """

    def __init__(
        self, agents: Mapping[str, Any], functions: Mapping[str, Any], dag: AgentDAG
    ) -> None:
        self.registries: dict[Kind, dict[str, Any]] = {"agent": {}, "function": {}}
        self.entries: list[PaletteEntry] = []
        for name, value in chain(agents.items(), functions.items()):
            self.offer(name, value)
        held = references(dag, **self.by_name)
        for kind in ("agent", "function"):
            self.registries[kind] |= held[f"{kind}s"]
        for node in dag.nodes.values():
            if callee_of(node.agent).takes != "state" and self.entry_of(node.agent) is None:
                self._list(node.agent)

    @property
    def by_name(self) -> dict[str, dict[str, Any]]:
        """The registries, as ``to_json``, ``from_json`` and ``to_code`` take them."""
        return {f"{kind}s": registry for kind, registry in self.registries.items()}

    def offer(self, name: str, value: Any) -> None:
        """Take in ``value``; if another one of its kind has the name, it gets a number."""
        if not isinstance(name, str):
            raise OptionError(f"a name in a palette is a str, not {name!r}")
        registry = self.registries[_kind_of(value)]
        if registry.get(name) is not value:
            registry[unique(name, registry)] = value
        if self.entry_of(value) is None:
            self._list(value)

    def _list(self, value: Any) -> None:
        kind = _kind_of(value)
        # The last of several names, as it is when a DAG is written.
        name = [name for name, held in self.registries[kind].items() if held is value][-1]
        self.entries.append(PaletteEntry(kind, name, _summary(value)))

    def get(self, kind: str, name: str) -> Any:
        """Return what an entry stands for.

        Raises
        ------
        OptionError
            If there is no such entry.
        """
        if any((entry.kind, entry.name) == (kind, name) for entry in self.entries):
            return self.registries["agent" if kind == "agent" else "function"][name]
        known = [entry.name for entry in self.entries if entry.kind == kind]
        raise OptionError(
            f"the palette has no {kind} {name!r}",
            hint=f"agents={{...}} and functions={{...}} fill it; it has {known[:20]}",
        )

    def entry_of(self, value: Any) -> PaletteEntry | None:
        """Return the entry that stands for ``value``, if there is one."""
        found = (e for e in self.entries if self.registries[e.kind][e.name] is value)
        return next(found, None)

    def choices_for(self, present: Any) -> tuple[str, tuple[str, ...]]:
        """Return the text that stands for a node's ``present`` agent, and all such texts."""
        choices = self._choices(present)
        return next(text for text, value in choices.items() if value is present), tuple(choices)

    def chosen(self, text: str, present: Any) -> Any:
        """Return what a text among the choices stands for.

        Raises
        ------
        OptionError
            If it is none of them.
        """
        choices = self._choices(present)
        if text not in choices:
            raise OptionError(f"{shorten(text)!r} is not in the palette: {list(choices)[:20]}")
        return choices[text]

    def _choices(self, present: Any) -> dict[str, Any]:
        """Return values by texts, each of which stands for one value alone."""
        chosen: dict[str, Any] = {}
        for entry in self.entries:
            chosen[unique(entry.name, chosen)] = self.registries[entry.kind][entry.name]
        if self.entry_of(present) is None:  # a nested DAG
            chosen[unique(getattr(present, "name", "agent"), chosen)] = present
        return chosen


def unique(name: str, taken: Container[str]) -> str:
    """Return ``name`` or, if it is taken, the first of its numbers that is not.

    Examples
    --------
    >>> unique("writer", ["writer", "writer_2"])
    'writer_3'
    """
    numbered = (f"{name}_{number}" for number in count(2))
    return next(text for text in chain((name,), numbered) if text not in taken)


def _kind_of(value: Any) -> Kind:
    return "function" if callee_of(value).takes == "parameters" else "agent"


def _summary(value: Any) -> str:
    callee = callee_of(value)
    if callee.parameters is None:
        told = getattr(value, "instructions", None)
        return shorten(told if isinstance(told, str) else type(value).__name__, _LONGEST_SUMMARY)
    told = (inspect.getdoc(value) or "").split("\n\n")[0]
    return shorten(told or f"of {', '.join(callee.parameters.all)}", _LONGEST_SUMMARY)
