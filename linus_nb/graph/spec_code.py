"""A DAG as the cell that builds it."""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from itertools import count
from typing import TYPE_CHECKING

from linus_nb.graph.calling import callee_of
from linus_nb.graph.expression import Expression
from linus_nb.graph.spec import branches_of, options_of
from linus_nb.graph.spec_names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.node import AgentNode, Condition, Edge

_OURS = ("AgentDAG", "AgentNode", "agents", "dag", "functions")


def to_code(
    dag: AgentDAG,
    functions: Mapping[str, Any] | None = None,
    agents: Mapping[str, Any] | None = None,
) -> str:
    """Return Python code that builds ``dag`` again, for a notebook's cell.

    Parameters
    ----------
    dag : AgentDAG
        The DAG.
    functions, agents : mapping of str to object, optional
        Registries whose names are used for the objects that they hold.

    Returns
    -------
    str
        The code. Functions and agents stand in it by name: a variable of that name or, where
        the name can be no variable, an entry of the dicts ``functions`` and ``agents``. The
        first comment lists what has to be there.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> dag = AgentDAG("sums")
    >>> _ = dag.add_node("total", sum), dag.add_node("most", max, retry_count=1)
    >>> _ = dag.add_edge("total", "most")
    >>> print(to_code(dag))
    # needs: max, sum
    from linus_nb.graph import AgentDAG, AgentNode
    <BLANKLINE>
    dag = AgentDAG('sums')
    dag.add_node(AgentNode('total', sum))
    dag.add_node(AgentNode('most', max, retry_count=1))
    dag.add_edge('total', 'most')
    """
    writer = _Writer(Names(functions, agents))
    lines = list(writer.dag(dag))
    needs = f"# needs: {', '.join(sorted(writer.needed))}\n" if writer.needed else ""
    return f"{needs}from linus_nb.graph import AgentDAG, AgentNode\n\n" + "\n".join(lines)


def _is_variable(name: str) -> bool:
    ours = name in _OURS or name.startswith("dag_")
    # Python reads an identifier in its normal form, which would be another name.
    exact = unicodedata.normalize("NFKC", name) == name
    return name.isidentifier() and exact and not keyword.iskeyword(name) and not ours


class _Writer:
    """Writes DAGs, the nested ones first, each into a variable of its own."""

    def __init__(self, names: Names) -> None:
        self.needed: set[str] = set()
        self._names = names
        self._numbers = count(2)
        self._meanings: dict[str, object] = {}  # registries may use one name for two things

    def dag(self, dag: AgentDAG, variable: str = "dag") -> Iterator[str]:
        """Yield the lines that build ``dag``."""
        agents: dict[str, str] = {}
        for node in dag.nodes.values():
            if callee_of(node.agent).takes == "state":
                agents[node.name] = f"dag_{next(self._numbers)}"
                yield from self.dag(node.agent, agents[node.name])
                yield ""
            else:
                agents[node.name] = self._agent(node)
        yield f"{variable} = AgentDAG({dag.name!r})"
        for node in dag.nodes.values():
            options = "".join(f", {name}={value!r}" for name, value in options_of(node).items())
            yield f"{variable}.add_node(AgentNode({node.name!r}, {agents[node.name]}{options}))"
        for edge in dag.edges:
            if edge.branch is None:
                yield f"{variable}.add_edge({self._edge(edge)})"
        for source, router, targets in branches_of(dag):
            chosen = self._condition(router, f"{source} -> ...")
            yield f"{variable}.add_branch({source!r}, {chosen}, {targets!r})"

    def _agent(self, node: AgentNode) -> str:
        if callee_of(node.agent).takes == "parameters":
            return self._function(node.agent, node.name)
        return self._variable("agents", self._names.of_agent(node.agent, node.name), node.agent)

    def _function(self, function: Any, place: str) -> str:
        return self._variable("functions", self._names.of_function(function, place), function)

    def _condition(self, condition: Condition, place: str) -> str:
        if isinstance(condition, Expression):
            return repr(condition.text)
        return self._function(condition, place)

    def _variable(self, registry: str, name: str, value: object) -> str:
        free = _is_variable(name) and vars(builtins).get(name, value) is value
        known = self._meanings.setdefault(name, value) is value
        written = name if free and known else f"{registry}[{name!r}]"
        self.needed.add(written)
        return written

    def _edge(self, edge: Edge) -> str:
        parts = [repr(edge.source), repr(edge.target)]
        if edge.condition is not None:
            parts.append(self._condition(edge.condition, f"{edge.source} -> {edge.target}"))
        if edge.label:
            parts.append(f"label={edge.label!r}")
        return ", ".join(parts)
