"""What can be wrong with a DAG before it runs, found all at once."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from linus_nb.errors import GraphError, LinusError, MissingInputError, SharedKeyError
from linus_nb.graph.expression import Expression

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from linus_nb.graph.inputs import Plan
    from linus_nb.graph.node import Edge
    from linus_nb.graph.structure import Structure


class Problem(NamedTuple):
    """One fault: which error it is, what is wrong, what to type, and where."""

    error: type[GraphError]
    text: str
    hint: str
    nodes: tuple[str, ...] = ()
    """Names of the nodes at fault; of both ends if it is an edge."""
    field: str = ""
    """The option of the node that could be another; "condition" of an edge."""


class Findings(NamedTuple):
    """What was found in a DAG: its problems, and the keys that the initial state must have."""

    problems: tuple[Problem, ...]
    needed: tuple[str, ...]


def check(
    structure: Structure, plans: Sequence[Plan], initial: Collection[str] | None
) -> tuple[str, ...]:
    """Raise if the DAG cannot run; else return the keys that the initial state must have.

    Parameters
    ----------
    structure : Structure
        The DAG.
    plans : sequence of Plan
        How each node gets its input.
    initial : collection of str, optional
        Keys of the initial state; None: not known yet, so any key may be in it.

    Raises
    ------
    GraphError
        A fitting subclass for a single problem; ``problems`` lists them all.
    """
    problems, needed = find(structure, plans, initial)
    if problems:
        first = problems[0]
        if len(problems) == 1:
            raise first.error(first.text, hint=first.hint)
        told = "\n".join(f"  - {problem.text}" for problem in problems)
        raise GraphError(
            f"{structure.name!r} has {len(problems)} problems:\n{told}",
            hint=first.hint,
            problems=tuple(problem.text for problem in problems),
        )
    return needed


def find(structure: Structure, plans: Sequence[Plan], initial: Collection[str] | None) -> Findings:
    """Return all that :func:`check` would raise for, each with its place."""
    problems = list(_shared_keys(structure))
    needed: dict[str, None] = {}
    for node, plan in enumerate(plans):
        problems += _parameter_problems(structure, node)
        for reading in (*_inputs(node, plan), *_conditions(structure, node)):
            if initial is None:
                given = reading.key not in structure.writers
            else:
                given = reading.key in initial
            if given:
                needed[reading.key] = None
            else:
                problems.append(_missing_key(structure, reading, initial or ()))
    problems += _nested(structure, plans, initial)
    return Findings(tuple(problems), tuple(needed))


def _shared_keys(structure: Structure) -> Iterator[Problem]:
    """Two nodes may write one key only at the ends of conditional edges."""
    for key, writers in structure.writers.items():
        if len(writers) > 1 and not all(_is_guarded(structure, w) for w in writers):
            names = " and ".join(repr(structure.names[w]) for w in writers[:4])
            yield Problem(
                SharedKeyError,
                f"{names} write the same key {key!r}",
                "give one another output_key, or make every edge into each conditional "
                "(add_branch) if only one of them runs",
                tuple(structure.names[w] for w in writers),
                "output_key",
            )


def _is_guarded(structure: Structure, node: int) -> bool:
    into = [
        edge
        for before in structure.predecessors[node]
        for after, edge in zip(structure.successors[before], structure.edges[before], strict=True)
        if after == node
    ]
    return bool(into) and all(edge.conditional for edge in into)


class _Reading(NamedTuple):
    """A key that nobody before the reader writes."""

    key: str
    node: int
    edge: Edge | None = None
    """The edge whose condition reads it, if it is not ``node`` itself."""


def _inputs(node: int, plan: Plan) -> Iterator[_Reading]:
    """Yield what a node reads and none of its ancestors writes."""
    for read in plan.reads:
        if read.required and not read.writers:
            yield _Reading(read.key, node)


def _conditions(structure: Structure, source: int) -> Iterator[_Reading]:
    """Yield what expressions on a node's edges read and neither it nor its ancestors write."""
    for edge in structure.edges[source] if structure.conditional[source] else ():
        asked = edge.condition if edge.branch is None else edge.branch.router
        for key in asked.keys if isinstance(asked, Expression) else ():
            if key != structure.nodes[source].key and not structure.writers_above(source, key):
                yield _Reading(key, source, edge)


def _missing_key(structure: Structure, reading: _Reading, initial: Collection[str]) -> Problem:
    key, node, edge = reading
    name = structure.names[node]
    places: tuple[str, ...] = (name,)
    who, field = f"node {name!r}", "input_mapping"
    if edge is not None:
        who = f"the condition of the edge {edge.source!r} -> {edge.target!r}"
        places, field = (edge.source, edge.target), "condition"
    elif structure.nodes[node].prompt is not None:
        field = "prompt"
    if key in structure.writers:
        writer = structure.names[structure.writers[key][0]]
        fault = f"which {writer!r} writes, but {writer!r} does not come before it"
        hint = f"dag.add_edge({writer!r}, {name!r})"
    else:
        fault, hint = "which nobody writes", _advice(structure, reading, initial)
    return Problem(MissingInputError, f"{who} reads {key!r}, {fault}", hint, places, field)


def _advice(structure: Structure, reading: _Reading, initial: Collection[str]) -> str:
    above = structure.ancestors_of(reading.node)
    above += [reading.node] if reading.edge is not None else []
    readable = [structure.nodes[a].key for a in above] + list(initial)
    close = get_close_matches(reading.key, readable, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return (
        f"{meant}it may read {readable[:20]}; put {reading.key!r} into the initial state, or add "
        "the node that writes it"
    )


def _parameter_problems(structure: Structure, node: int) -> Iterator[Problem]:
    """Yield mapped parameters that do not exist and required ones that are not mapped."""
    mapping, parameters = structure.nodes[node].input_mapping, structure.callees[node].parameters
    if mapping is None or parameters is None:
        return
    name = structure.names[node]
    if not parameters.any_keyword:
        for unknown in (p for p in mapping if p not in parameters.all):
            yield Problem(
                GraphError,
                f"node {name!r}: input_mapping names {unknown!r}, which is no parameter of its "
                f"function",
                f"its parameters are {list(parameters.all)}",
                (name,),
                "input_mapping",
            )
    # Given by position alone, a parameter needs all those before it.
    by_position = parameters.positional
    last = max((at for at, p in enumerate(by_position) if p in mapping), default=0)
    for missing in sorted(parameters.required.union(by_position[:last]) - set(mapping)):
        yield Problem(
            MissingInputError,
            f"node {name!r}: nobody supplies the parameter {missing!r}",
            f"input_mapping={{..., {missing!r}: 'a key'}}",
            (name,),
            "input_mapping",
        )


def _nested(
    structure: Structure, plans: Sequence[Plan], initial: Collection[str] | None
) -> list[Problem]:
    problems = []
    for node, callee in enumerate(structure.callees):
        if callee.takes != "state":
            continue
        keys: set[str] | None = {read.parameter for read in plans[node].reads}
        if structure.nodes[node].prompt is not None:
            keys = {"task"}
        elif structure.nodes[node].input_mapping is None:
            above = {structure.nodes[a].key for a in structure.ancestors_of(node)}
            keys = above | set(initial) if initial is not None else None
        try:
            structure.nodes[node].agent.validate(keys)
        except LinusError as error:
            kind = type(error) if isinstance(error, GraphError) else GraphError
            name = structure.names[node]
            text = f"in node {name!r}: {error.message}"
            problems.append(Problem(kind, text, error.hint or "", (name,)))
    return problems
