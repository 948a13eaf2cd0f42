"""What a node is given: a plan made once from the DAG, filled from the store for each attempt.

The plans are the rules of how inputs are bound, one small class a rule. None of them
knows of tasks, threads or clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from linus_nb.graph.template import keys_of, parse
from linus_nb.rendering import labelled, text_of

if TYPE_CHECKING:
    from linus_nb.graph.calling import Callee, Parameters
    from linus_nb.graph.node import AgentNode
    from linus_nb.graph.store import Store
    from linus_nb.graph.structure import Structure

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and keyword arguments of one call."""


class Read(NamedTuple):
    """One value that a node reads: for which parameter, under which key, from whom."""

    parameter: str
    key: str
    writers: tuple[int, ...]
    required: bool


class Plan(Protocol):
    """How a node's arguments are made."""

    @property
    def reads(self) -> tuple[Read, ...]:
        """The values that it names one by one (a whole-state plan names none)."""

    def arguments(self, store: Store, node: int) -> Arguments:
        """Return the arguments of one attempt; each call gives fresh copies."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No input at all."""

    reads: tuple[Read, ...] = ()

    def arguments(self, store: Store, node: int) -> Arguments:  # noqa: ARG002
        """Return no arguments."""
        return (), {}


@dataclass(frozen=True, slots=True)
class Constant:
    """The same single argument whatever the state: an agent that reads nothing."""

    value: Any
    reads: tuple[Read, ...] = ()

    def arguments(self, store: Store, node: int) -> Arguments:  # noqa: ARG002
        """Return the constant."""
        return (self.value,), {}


@dataclass(frozen=True, slots=True)
class WholeState:
    """One argument: a dict of all that the node may read."""

    reads: tuple[Read, ...] = ()

    def arguments(self, store: Store, node: int) -> Arguments:
        """Return the state."""
        return (store.view(node),), {}


@dataclass(frozen=True, slots=True)
class OnlyParameter:
    """A function's only parameter, whose name no node writes.

    It gets the initial state's value of that name or, if there is none, the whole state.
    """

    read: Read
    reads: tuple[Read, ...] = ()

    def arguments(self, store: Store, node: int) -> Arguments:
        """Return the one argument."""
        if self.read.key in store.initial:
            return (store.read(self.read.key, ()),), {}
        return (store.view(node),), {}


@dataclass(frozen=True, slots=True)
class ByParameter:
    """A function's arguments, parameter by parameter.

    ``state_parameter`` gets the whole state; ``all_keywords`` hands on everything else that
    the node may read.
    """

    positional: tuple[Read, ...]
    keyword: tuple[Read, ...]
    state_parameter: str | None = None
    all_keywords: bool = False

    @property
    def reads(self) -> tuple[Read, ...]:
        """What is read by name."""
        return self.positional + self.keyword

    def _by_position(self, store: Store) -> tuple[Any, ...]:
        # Behind a default that is kept, a parameter without a name cannot be given either.
        given = takewhile(lambda r: r.required or store.has(r.key, r.writers), self.positional)
        return tuple(store.read(read.key, read.writers) for read in given)

    def arguments(self, store: Store, node: int) -> Arguments:
        """Return the arguments; a default is kept where nothing is there to read."""
        kwargs = {
            parameter: store.read(key, writers)
            for parameter, key, writers, required in self.keyword
            if required or store.has(key, writers)
        }
        args = self._by_position(store) if self.positional else ()
        if self.state_parameter is not None:
            kwargs[self.state_parameter] = store.view(node)
        if self.all_keywords:
            taken = {read.parameter for read in self.positional}
            everything = store.view(node)
            kwargs |= {k: v for k, v in everything.items() if k not in kwargs and k not in taken}
        return args, kwargs


@dataclass(frozen=True, slots=True)
class Filled:
    """A prompt with its keys filled in; a nested DAG gets it as ``{"task": prompt}``."""

    prompt: str
    reads: tuple[Read, ...]
    as_state: bool = False

    def arguments(self, store: Store, node: int) -> Arguments:  # noqa: ARG002
        """Return the text."""
        found = {read.key: store.read(read.key, read.writers) for read in self.reads}
        text = "".join(
            literal + (text_of(found[key]) if key is not None else "")
            for literal, key in parse(self.prompt)
        )
        return ({"task": text} if self.as_state else text,), {}


@dataclass(frozen=True, slots=True)
class Mapped:
    """A dict of the mapped keys; ``task`` alone is an agent's task, and a model gets text."""

    reads: tuple[Read, ...]
    takes: str
    description: str

    def arguments(self, store: Store, node: int) -> Arguments:  # noqa: ARG002
        """Return the dict, the task or the text."""
        values = {read.parameter: store.read(read.key, read.writers) for read in self.reads}
        if self.takes == "task" and set(values) == {"task"}:
            return (values["task"],), {}
        if self.takes == "text":
            return (_join(self.description, labelled(values.items())),), {}
        return (values,), {}


@dataclass(frozen=True, slots=True)
class Described:
    """An agent's description, then the initial state and its predecessors' outputs as text."""

    description: str
    sources: tuple[int, ...]
    reads: tuple[Read, ...] = ()

    def arguments(self, store: Store, node: int) -> Arguments:  # noqa: ARG002
        """Return the text."""
        shown = list(store.initial.items())
        shown += [
            (store.structure.nodes[source].key, store.outputs[source])
            for source in self.sources
            if store.written[source]
        ]
        return (_join(self.description, labelled(shown)),), {}


def keys_read(node: AgentNode, callee: Callee) -> tuple[str, ...]:
    """Return the keys that ``node`` names, for edges that are inferred from names.

    Examples
    --------
    >>> from linus_nb.graph.calling import callee_of
    >>> from linus_nb.graph.node import AgentNode
    >>> node = AgentNode("report", lambda stats, patterns: None)
    >>> keys_read(node, callee_of(node.agent))
    ('stats', 'patterns')
    """
    if node.prompt is not None:
        return keys_of(node.prompt)
    if node.input_mapping is not None:
        return tuple(dict.fromkeys(node.input_mapping.values()))
    if callee.parameters is not None:
        return tuple(name for name in callee.parameters.all if name != "state")
    return ()


def plan_of(structure: Structure, node: int) -> Plan:
    """Return how ``node`` gets its arguments."""
    described, callee = structure.nodes[node], structure.callees[node]
    direct = set(structure.predecessors[node])

    def read(parameter: str, key: str, *, required: bool = True) -> Read:
        writers = structure.writers.get(key, ())
        # Most keys come from a direct predecessor; only others need the long bit sets.
        if not direct.issuperset(writers):
            writers = structure.writers_above(node, key)
        return Read(parameter, key, writers, required)

    if described.prompt is not None:
        reads = tuple(read(key, key) for key in keys_of(described.prompt))
        return Filled(described.prompt, reads, as_state=callee.takes == "state")
    if described.input_mapping is not None:
        mapped = tuple(read(name, key) for name, key in described.input_mapping.items())
        return _mapped(mapped, described, callee)
    if callee.parameters is not None:
        return _by_name(structure, callee.parameters, read)
    if callee.takes in ("task", "text"):
        return Described(described.description, structure.predecessors[node])
    return WholeState()


def _mapped(reads: tuple[Read, ...], node: AgentNode, callee: Callee) -> Plan:
    if callee.parameters is None:
        if not reads and callee.takes in ("task", "text"):
            return Constant(node.description)
        return Mapped(reads, callee.takes, node.description)
    if not reads:
        return Nothing()
    by_parameter = {read.parameter: read for read in reads}
    positional = [by_parameter.pop(p) for p in callee.parameters.positional if p in by_parameter]
    return ByParameter(tuple(positional), tuple(by_parameter.values()))


class _Reader(Protocol):
    def __call__(self, parameter: str, key: str, *, required: bool = True) -> Read: ...


def _by_name(structure: Structure, parameters: Parameters, read: _Reader) -> Plan:
    names = parameters.all
    if not names and not parameters.any_keyword:
        return Nothing()
    if len(names) == 1 and not parameters.any_keyword and parameters.required:
        if names[0] == "state":
            return WholeState()
        if names[0] not in structure.writers:
            return OnlyParameter(read(names[0], names[0]))
    required = parameters.required
    return ByParameter(
        tuple(read(name, name, required=name in required) for name in parameters.positional),
        tuple(
            read(name, name, required=name in required)
            for name in parameters.named
            if name != "state"
        ),
        "state" if "state" in parameters.named else None,
        parameters.any_keyword,
    )


def _join(description: str, block: str) -> str:
    return f"{description}\n\n{block}" if description and block else description or block
