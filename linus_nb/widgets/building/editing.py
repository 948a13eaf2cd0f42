"""The steps of an edit: a moment in, the next moment out; the same one if nothing changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from linus_nb.errors import LinusError, OptionError, UnknownNodeError
from linus_nb.graph import Expression
from linus_nb.widgets.building.form import OPTIONS
from linus_nb.widgets.building.history import Moment, Typed

if TYPE_CHECKING:
    from linus_nb.graph import AgentNode, Edge
    from linus_nb.widgets.building.history import Place
    from linus_nb.widgets.building.palette import Palette

CONDITION = "condition"


def with_node(moment: Moment, name: str, agent: Any) -> Moment:
    """Add a node."""
    dag = moment.dag.copy()
    dag.add_node(name, agent)
    return replace(moment, dag=dag)


def without_node(moment: Moment, name: str) -> Moment:
    """Remove a node, its edges, and what was typed there."""
    dag = moment.dag.copy()
    dag.remove_node(name)
    typed = {place: text for place, text in moment.typed.items() if name not in place[:-1]}
    return Moment(dag, typed)


def with_edge(moment: Moment, source: str, target: str) -> Moment:
    """Add an edge; one that is there already stays as it is.

    Raises
    ------
    CycleError
        If it would close a cycle.
    UnknownNodeError
        If there is no such node.
    """
    if any((edge.source, edge.target) == (source, target) for edge in moment.dag.edges):
        return moment
    dag = moment.dag.copy()
    dag.add_edge(source, target)
    return replace(moment, dag=dag)


def without_edge(moment: Moment, source: str, target: str) -> Moment:
    """Remove an edge, and what was typed there."""
    dag = moment.dag.copy()
    dag.remove_edge(source, target)
    return Moment(dag, _without(moment, (source, target, CONDITION)))


def node_of(moment: Moment, name: str) -> AgentNode:
    """Return a node.

    Raises
    ------
    UnknownNodeError
        If there is no such node.
    """
    if name not in moment.dag:
        raise UnknownNodeError(
            f"the design has no node {name!r}", hint=f"its nodes are {list(moment.dag.nodes)[:20]}"
        )
    return moment.dag.nodes[name]


def edge_of(moment: Moment, source: str, target: str) -> Edge:
    """Return an edge.

    Raises
    ------
    UnknownNodeError
        If there is no such edge.
    """
    for edge in moment.dag.edges:
        if (edge.source, edge.target) == (source, target):
            return edge
    raise UnknownNodeError(
        f"the design has no edge {source!r} -> {target!r}", hint="connect the two first"
    )


def with_condition(moment: Moment, source: str, target: str, text: str) -> Moment:
    """Put what was typed on an edge; empty, it takes what was typed before away."""
    place, present = (source, target, CONDITION), edge_of(moment, source, target)
    if not text.strip() and not isinstance(present.condition, Expression):
        return _settled(moment, place)  # a function or a router decides, as it did
    try:
        if present.branch is not None:
            raise OptionError(
                f"a router after {source!r} decides this edge",
                hint="remove the edge and draw it again, then it can have a condition",
            )
        condition = Expression(text) if text.strip() else None
    except LinusError as error:
        return replace(moment, typed={**moment.typed, place: _in_vain(text, error)})
    if condition == present.condition:
        return _settled(moment, place)
    dag = moment.dag.copy()
    dag.add_edge(source, target, condition, label=present.label)
    return Moment(dag, _without(moment, place))


def with_field(moment: Moment, name: str, field: str, text: str, palette: Palette) -> Moment:
    """Put what was typed into a field of a node.

    Raises
    ------
    OptionError
        If a node has no such field.
    """
    place, present = (name, field), node_of(moment, name)
    if field not in OPTIONS:
        raise OptionError(f"a node has no field {field!r}", hint=f"it has {list(OPTIONS)}")
    try:
        changed = _changed(moment, present, field, text, palette)
    except LinusError as error:
        return replace(moment, typed={**moment.typed, place: _in_vain(text, error)})
    if getattr(changed, field) == getattr(present, field):
        return _settled(moment, place)
    dag = moment.dag.copy(replacing={name: changed})
    typed = {_renamed(p, name, changed.name): t for p, t in _without(moment, place).items()}
    return _tried_again(Moment(dag, typed), changed.name, palette)


def _changed(moment: Moment, node: AgentNode, field: str, text: str, palette: Palette) -> AgentNode:
    value = palette.chosen(text, node.agent) if field == "agent" else OPTIONS[field].read(text)
    changes: dict[str, Any] = {field: value}
    if field == "name" and value != node.name:
        if value in moment.dag:
            raise OptionError(f"there is a node {value!r} already")
        changes["output_key"] = None if node.key == node.name else node.key
    return replace(node, **changes)


def _tried_again(moment: Moment, name: str, palette: Palette) -> Moment:
    """Read again what was refused in a node's other fields: it may have a meaning now."""
    for (*names, field), typed in moment.typed.items():
        if names != [name] or field == "name":
            continue
        node = node_of(moment, name)
        try:
            changed = _changed(moment, node, field, typed.text, palette)
        except LinusError:
            continue  # it still has none
        dag = moment.dag.copy(replacing={name: changed})
        moment = Moment(dag, _without(moment, (name, field)))
    return moment


def _in_vain(text: str, error: LinusError) -> Typed:
    return Typed(text, f"{error.message}; {error.hint}" if error.hint else error.message)


def _settled(moment: Moment, place: Place) -> Moment:
    if place not in moment.typed:
        return moment
    return replace(moment, typed=_without(moment, place))


def _without(moment: Moment, place: Place) -> dict[Place, Typed]:
    return {other: typed for other, typed in moment.typed.items() if other != place}


def _renamed(place: Place, old: str, new: str) -> Place:
    return (*(new if name == old else name for name in place[:-1]), place[-1])
