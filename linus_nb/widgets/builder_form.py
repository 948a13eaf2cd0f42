"""What the builder's form shows: of a node, of an edge, or of nothing; names become ids."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, TypeVar, cast

from linus_nb.drawing.picture import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linus_nb.graph import Edge
    from linus_nb.widgets.building import Design, Problem

Chosen = tuple[str, ...]
"""What is selected: (node,), (source, target) of an edge, or nothing."""

_LONGEST_LABEL = 60
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def is_there(design: Design, chosen: Chosen) -> bool:
    """Return whether what is selected is in the DAG."""
    if len(chosen) == 1:
        return chosen[0] in design.dag.nodes
    return any((edge.source, edge.target) == chosen for edge in design.dag.edges)


def id_of(chosen: Iterable[str], index: Mapping[str, int]) -> str:
    """Return what the front end calls a node, an edge or nothing.

    Examples
    --------
    >>> id_of(("load", "sum"), {"load": 0, "sum": 1})
    'n0 n1'
    """
    return " ".join(f"n{index[name]}" for name in chosen)


def form_of(design: Design, chosen: Chosen, index: Mapping[str, int]) -> dict[str, Any]:
    """Return the form of what is selected, {} if that is nothing."""
    if not chosen:
        return {}
    facts: dict[str, Any]
    if len(chosen) == 1:
        facts = _node_facts(design, chosen[0], index)
    else:
        facts = _edge_facts(design, *chosen)
    facts["id"] = id_of(chosen, index)
    facts["title"] = " → ".join(map(cleaned, chosen))
    facts["fields"] = [field._asdict() for field in facts["fields"]]
    return sendable(facts)


def _node_facts(design: Design, node: str, index: Mapping[str, int]) -> dict[str, Any]:
    keys = design.readable_keys(node)
    return {
        "about": "node",
        "fields": design.fields(node),
        "takes_keys": "prompt",
        "keys": [{"key": key, "text": f"{{{key}}}"} for key in keys if can_be_in_prompt(key)],
        "edges": [
            {"id": id_of((edge.source, edge.target), index), "text": _told(edge, node)}
            for edge in design.dag.edges
            if node in (edge.source, edge.target)
        ],
    }


def _edge_facts(design: Design, source: str, target: str) -> dict[str, Any]:
    field = design.condition(source, target)
    keys = dict.fromkeys([design.dag.nodes[source].key, *design.readable_keys(source)])
    return {
        "about": "edge",
        "fields": [field],
        "takes_keys": field.name,
        "keys": [{"key": key, "text": in_expression(key)} for key in keys],
    }


def can_be_in_prompt(key: str) -> bool:
    """Return whether a prompt can name a state key.

    Examples
    --------
    >>> can_be_in_prompt("my key"), can_be_in_prompt("a{b}")
    (True, False)
    """
    return key != "" and "{" not in key and "}" not in key


def in_expression(key: str) -> str:
    """Return how an expression names a state key.

    Examples
    --------
    >>> in_expression("score"), in_expression("my key")
    ('score', "state['my key']")
    """
    plain = key.isidentifier() and key.isascii() and not iskeyword(key) and key != "state"
    return key if plain else f"state[{key!r}]"


_Value = TypeVar("_Value")


def sendable(value: _Value) -> _Value:
    r"""Return ``value`` with what no message can hold, half a character, replaced in all texts.

    Examples
    --------
    >>> sendable({"name": "half \ud800", "choices": ("a", "b")})
    {'name': 'half \ufffd', 'choices': ['a', 'b']}
    """
    made: object = value
    if isinstance(value, str):
        made = _HALF_CHARACTER.sub("\ufffd", value)
    elif isinstance(value, dict):
        made = {key: sendable(item) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        made = [sendable(item) for item in value]
    return cast("_Value", made)


def problem_of(problem: Problem, index: Mapping[str, int]) -> dict[str, str]:
    """Return a problem with the id of its place."""
    place = problem.edge or ((problem.node,) if problem.node in index else ())
    return {
        "id": id_of(place, index),
        "field": problem.field,
        "sentence": problem.sentence,
    }


def _told(edge: Edge, node: str) -> str:
    other = edge.target if edge.source == node else edge.source
    told = f"{'→' if edge.source == node else '←'} {cleaned(other, _LONGEST_LABEL)}"
    if not edge.conditional:
        return told
    return f"{told} if {cleaned(edge.label, _LONGEST_LABEL) or '…'}"
