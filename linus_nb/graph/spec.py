"""A DAG as JSON and as Python code.

Functions and agents are written by name and looked up in registries when they are read, so
that a file can never run code of its own. The name is the one under which a registry has
the object or, without a registry, a function's own name; what has none of its own (a lambda,
an agent) is named after its place: the node, or ``"source -> target"`` for a condition.
:func:`references` returns the registries that the names of a DAG stand for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from linus_nb.errors import GraphError, LinusError
from linus_nb.graph.calling import callee_of
from linus_nb.graph.expression import Expression
from linus_nb.graph.node import AgentNode
from linus_nb.graph.spec_names import Names

if TYPE_CHECKING:
    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.node import Condition, Edge

FORMAT = "linus_nb.dag/1"

Registry = Mapping[str, Any]
"""Functions or agents by name."""

_OPTIONS = {
    option.name: None if option.default is MISSING else option.default
    for option in fields(AgentNode)
    if option.name not in ("name", "agent")
}
"""The options of a node, with their defaults."""

_PLACE_OF_AGENT = ("function", "agent", "dag")


def references(
    dag: AgentDAG, functions: Registry | None = None, agents: Registry | None = None
) -> dict[str, dict[str, Any]]:
    """Return the functions and the agents that ``to_json(dag)`` names.

    Parameters
    ----------
    dag : AgentDAG
        The DAG.
    functions, agents : mapping of str to object, optional
        Registries whose names are used for the objects that they hold.

    Returns
    -------
    dict of str to dict
        ``"functions"`` and ``"agents"``, each by name: the arguments of :func:`from_json`.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> dag = AgentDAG("d")
    >>> _ = dag.add_node("biggest", max), dag.add_node("half", lambda biggest: biggest / 2)
    >>> sorted(references(dag)["functions"])
    ['half', 'max']
    >>> len(from_json(AgentDAG, to_json(dag), **references(dag)))
    2
    """
    names = Names(functions, agents)
    _written(dag, names)
    return {"functions": names.functions, "agents": names.agents}


def to_json(
    dag: AgentDAG, functions: Registry | None = None, agents: Registry | None = None
) -> str:
    """Return ``dag`` as JSON.

    Parameters
    ----------
    dag : AgentDAG
        The DAG. Edges that were inferred from names are written like all others; a label of
        a branch whose edge was removed is not written.
    functions, agents : mapping of str to object, optional
        Registries whose names are used for the objects that they hold.

    Returns
    -------
    str

    Raises
    ------
    GraphError
        If a branch has labels that JSON cannot hold.
    """
    written = {"format": FORMAT, **_written(dag, Names(functions, agents))}
    return json.dumps(written, indent=2)


def from_json(
    kind: type[AgentDAG],
    text: str,
    functions: Registry | None = None,
    agents: Registry | None = None,
) -> AgentDAG:
    """Return the DAG that :func:`to_json` wrote.

    Parameters
    ----------
    kind : type
        The class to make: ``AgentDAG``, whose ``from_json`` calls this.
    text : str
        The JSON.
    functions, agents : mapping of str to object, optional
        What its names stand for; nothing else is ever called or imported.

    Returns
    -------
    AgentDAG

    Raises
    ------
    GraphError
        If the text is no such JSON, or names what no registry has: ``problems`` lists all.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> dag = AgentDAG("d")
    >>> _ = dag.add_node("total", sum)
    >>> from_json(AgentDAG, to_json(dag), functions={"sum": sum}).nodes["total"].agent is sum
    True
    """
    try:
        written = json.loads(text)
    except (RecursionError, TypeError, ValueError) as error:
        raise GraphError(f"this is no JSON: {error}", hint="dag.to_json() writes it") from error
    form = written.get("format") if isinstance(written, dict) else None
    if form != FORMAT:
        raise GraphError(
            f"the JSON is of the format {form!r}, not {FORMAT!r}", hint="dag.to_json() writes it"
        )
    registries = {"function": dict(functions or {}), "agent": dict(agents or {})}
    try:
        _require_all(_named(written), registries)
        return _read(kind, written, registries)
    except LinusError:
        raise
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise GraphError(
            f"the JSON is not what to_json writes: {type(error).__name__}: {error}",
            hint="dag.to_json() writes it",
        ) from error


# --- writing -----------------------------------------------------------------


def _written(dag: AgentDAG, names: Names) -> dict[str, Any]:
    return {
        "name": dag.name,
        "nodes": [_node(node, names) for node in dag.nodes.values()],
        "edges": [_edge(edge, names) for edge in dag.edges if edge.branch is None],
        "branches": _branches(dag, names),
    }


def _node(node: AgentNode, names: Names) -> dict[str, Any]:
    takes = callee_of(node.agent).takes
    if takes == "state":
        agent: dict[str, Any] = {"dag": _written(node.agent, names)}
    elif takes == "parameters":
        agent = {"function": names.of_function(node.agent, node.name)}
    else:
        agent = {"agent": names.of_agent(node.agent, node.name)}
    return {"name": node.name, **agent, **options_of(node)}


def options_of(node: AgentNode) -> dict[str, Any]:
    """Return the options of ``node`` that are not the default."""
    defaults = {**_OPTIONS, "output_key": node.name}
    chosen = {option: getattr(node, option) for option in _OPTIONS}
    return {option: value for option, value in chosen.items() if value != defaults[option]}


def _edge(edge: Edge, names: Names) -> dict[str, Any]:
    written: dict[str, Any] = {"source": edge.source, "target": edge.target}
    if edge.condition is not None:
        place = f"{edge.source} -> {edge.target}"
        written["condition"] = _condition(edge.condition, names, place)
    if edge.label:
        written["label"] = edge.label
    return written


def _condition(condition: Condition, names: Names, place: str) -> str | dict[str, str]:
    if isinstance(condition, Expression):
        return condition.to_config()
    return names.of_function(condition, place)


def _branches(dag: AgentDAG, names: Names) -> list[dict[str, Any]]:
    return [
        {
            "source": source,
            "router": _condition(router, names, f"{source} -> ..."),
            "targets": [[_label(label, source), target] for label, target in targets.items()],
        }
        for source, router, targets in branches_of(dag)
    ]


def branches_of(dag: AgentDAG) -> list[tuple[str, Any, dict[Any, str]]]:
    """Return source, router and ``{label: target}`` of every branch."""
    found: dict[Any, tuple[str, Any, dict[Any, str]]] = {}
    for edge in dag.edges:
        if edge.branch is not None:
            branch = found.setdefault(edge.branch, (edge.source, edge.branch.router, {}))
            branch[2].update(dict.fromkeys(edge.routes, edge.target))
    return list(found.values())


def _label(label: object, source: str) -> object:
    if label is None or isinstance(label, str | bool | int | float):
        return label
    raise GraphError(
        f"the branch after {source!r} has the label {label!r}, which JSON cannot hold",
        hint="use text, numbers or True and False as labels",
    )


# --- reading -----------------------------------------------------------------


def _named(written: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (kind, name) of every function and agent that is named."""
    found = []
    for node in written["nodes"]:
        found += [(kind, node[kind]) for kind in ("function", "agent") if kind in node]
        if "dag" in node:
            found += _named(node["dag"])
    conditions = [edge["condition"] for edge in written["edges"] if "condition" in edge]
    conditions += [branch["router"] for branch in written["branches"]]
    return found + [("function", asked) for asked in conditions if not isinstance(asked, dict)]


def _require_all(named: list[tuple[str, str]], registries: Mapping[str, Registry]) -> None:
    missing = [(kind, name) for kind, name in dict.fromkeys(named) if name not in registries[kind]]
    if not missing:
        return
    told = tuple(f"there is no {kind} {name!r}" for kind, name in missing)
    kind, name = missing[0]
    raise GraphError(
        "the JSON names what no registry has: " + "; ".join(told),
        hint=f"from_json(text, {kind}s={{{name!r}: ...}}); known {kind}s: "
        f"{list(registries[kind])[:20]}",
        problems=told,
    )


def _read(
    kind: type[AgentDAG], written: dict[str, Any], registries: Mapping[str, Registry]
) -> AgentDAG:
    dag = kind(written["name"])
    functions = registries["function"]
    for node in written["nodes"]:
        options = {key: value for key, value in node.items() if key not in _PLACE_OF_AGENT}
        dag.add_node(AgentNode(agent=_agent(kind, node, registries), **options))
    for edge in written["edges"]:
        condition = _asked(edge["condition"], functions) if "condition" in edge else None
        dag.add_edge(edge["source"], edge["target"], condition, label=edge.get("label", ""))
    for branch in written["branches"]:
        router = _asked(branch["router"], functions)
        dag.add_branch(branch["source"], router, dict(branch["targets"]))
    return dag


def _asked(written: str | dict[str, str], functions: Registry) -> Condition:
    if isinstance(written, dict):
        return Expression(written["expression"])
    condition: Condition = functions[written]
    return condition


def _agent(kind: type[AgentDAG], node: dict[str, Any], registries: Mapping[str, Registry]) -> Any:
    if "dag" in node:
        return _read(kind, node["dag"], registries)
    registry = "function" if "function" in node else "agent"
    return registries[registry][node[registry]]
