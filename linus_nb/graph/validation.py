"""What can be wrong with a DAG before it runs, found all at once."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from linus_nb.errors import GraphError, LinusError, MissingInputError, SharedKeyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from linus_nb.graph.inputs import Plan
    from linus_nb.graph.structure import Structure


class Problem(NamedTuple):
    """One fault: which error it is, what is wrong, what to type."""

    error: type[GraphError]
    text: str
    hint: str


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
    shared = list(_shared_keys(structure))
    needed: dict[str, None] = {}
    problems = shared + list(_missing(structure, plans, initial, needed))
    problems += _nested(structure, plans, initial)
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
    return tuple(needed)


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
            )


def _is_guarded(structure: Structure, node: int) -> bool:
    into = [
        edge
        for before in structure.predecessors[node]
        for after, edge in zip(structure.successors[before], structure.edges[before], strict=True)
        if after == node
    ]
    return bool(into) and all(edge.conditional for edge in into)


def _missing(
    structure: Structure,
    plans: Sequence[Plan],
    initial: Collection[str] | None,
    needed: dict[str, None],
) -> Iterator[Problem]:
    for node, plan in enumerate(plans):
        yield from _parameter_problems(structure, node)
        for read in plan.reads:
            if read.writers or not read.required:
                continue
            given = read.key not in structure.writers if initial is None else read.key in initial
            if given:
                needed[read.key] = None
            else:
                yield _missing_key(structure, node, read.key, initial)


def _missing_key(
    structure: Structure, node: int, key: str, initial: Collection[str] | None
) -> Problem:
    name = structure.names[node]
    if key in structure.writers:
        writer = structure.names[structure.writers[key][0]]
        return Problem(
            MissingInputError,
            f"node {name!r} reads {key!r}, which {writer!r} writes, but {writer!r} does not come "
            f"before it",
            f"dag.add_edge({writer!r}, {name!r})",
        )
    readable = [structure.nodes[a].key for a in structure.ancestors_of(node)]
    readable += initial or ()
    close = get_close_matches(key, readable, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return Problem(
        MissingInputError,
        f"node {name!r} reads {key!r}, which nobody writes",
        f"{hint}it may read {readable[:20]}; put {key!r} into the initial state, or add the node "
        "that writes it",
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
            )
    # Given by position alone, a parameter needs all those before it.
    by_position = parameters.positional
    last = max((at for at, p in enumerate(by_position) if p in mapping), default=0)
    for missing in sorted(parameters.required.union(by_position[:last]) - set(mapping)):
        yield Problem(
            MissingInputError,
            f"node {name!r}: nobody supplies the parameter {missing!r}",
            f"input_mapping={{..., {missing!r}: 'a key'}}",
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
            text = f"in node {structure.names[node]!r}: {error.message}"
            problems.append(Problem(kind, text, error.hint or ""))
    return problems
