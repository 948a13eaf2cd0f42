"""What a DAG is: named nodes, edges, and the questions one can ask about them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from linus_nb.errors import CycleError, OptionError
from linus_nb.graph.compiled import Compiled
from linus_nb.graph.expression import as_condition
from linus_nb.graph.fingerprint import same_node
from linus_nb.graph.node import AgentNode, Asked, Edge, branch_edges
from linus_nb.graph.reachability import nests
from linus_nb.graph.topology import Topology
from linus_nb.graph.views import Drawable

if TYPE_CHECKING:
    from linus_nb.graph.inputs import Plan
    from linus_nb.graph.structure import Structure

logger = logging.getLogger("linus_nb")

Function = TypeVar("Function", bound=Callable[..., Any])


class AgentDAG(Drawable):
    """A directed acyclic graph of agents and functions.

    Parameters
    ----------
    name : str
        The DAG's name.

    Examples
    --------
    >>> dag = AgentDAG("sums")
    >>> @dag.node
    ... def total(numbers):
    ...     return sum(numbers)
    >>> @dag.node
    ... def report(total):
    ...     return f"the total is {total}"
    >>> dag.get_execution_order()
    [['total'], ['report']]
    >>> from linus_nb.graph import DAGExecutor
    >>> DAGExecutor(dag).execute({"numbers": [1, 2, 3]})["report"]
    'the total is 6'
    """

    def __init__(self, name: str = "dag") -> None:
        self._topology = Topology(name)
        self._compiled = Compiled(self._topology)
        self._told: set[str] = set()

    # --- building --------------------------------------------------------------

    def add_node(self, node: AgentNode | str, agent: Any = None, **options: Any) -> AgentNode:
        """Add a node, or replace the one of the same name.

        Adding a node that is the same as the one already there (a cell run twice) changes
        nothing; a different one takes its place and keeps its edges, and a notice is logged.

        Parameters
        ----------
        node : AgentNode or str
            The node, or its name, followed by the agent and any option of ``AgentNode``.

        Returns
        -------
        AgentNode
        """
        if not isinstance(node, AgentNode):
            node = AgentNode(node, agent, **options)
        elif agent is not None or options:
            raise OptionError(
                "add_node takes an AgentNode alone", hint="add_node(name, agent, ...) makes one"
            )
        if nests(node.agent, self):
            raise CycleError(f"DAG {self.name!r} cannot be a node of itself", cycle=(self.name,))
        present = self.nodes.get(node.name)
        if present is not None and same_node(present, node):
            return present
        if present is not None:
            logger.info("node %r of %r is replaced by a different one", node.name, self.name)
        self._topology.put(node)
        self._changed()
        return node

    def add_edge(
        self, from_node: str, to_node: str, condition: Asked | None = None, *, label: str = ""
    ) -> Edge:
        """Let ``to_node`` wait for ``from_node``.

        Parameters
        ----------
        from_node, to_node : str
            Names of nodes that the DAG has.
        condition : callable or str, optional
            A function of a state dict, sync or async, or an :class:`Expression` as text; the
            edge is live where it gives something true. It is asked once, when ``from_node``
            has settled.
        label : str
            Written beside the arrow; if not given, the text of an expression is.

        Raises
        ------
        UnknownNodeError
            If there is no such node.
        CycleError
            If the edge would close a cycle.
        ExpressionError
            If the condition is a text and no expression.
        """
        asked = None if condition is None else as_condition(condition)
        return self._connect(Edge(from_node, to_node, asked, label=label))

    def add_branch(self, source: str, router: Asked, targets: Mapping[Hashable, str]) -> None:
        """Let a router choose which of several nodes follow ``source``.

        Parameters
        ----------
        source : str
            The node after which to choose.
        router : callable or str
            A function of a state dict, sync or async, that returns a label, or several; or
            an expression that gives one.
        targets : mapping
            ``{label: node}``; two labels may lead to one node.

        Examples
        --------
        >>> dag = AgentDAG("branches")
        >>> nodes = [dag.add_node(name, print, input_mapping={}) for name in ("n", "even", "odd")]
        >>> dag.add_branch("n", lambda state: "e", {"e": "even", "o": "odd"})
        >>> [(edge.target, edge.label) for edge in dag.edges]
        [('even', 'e'), ('odd', 'o')]
        """
        for edge in branch_edges(source, as_condition(router), targets):
            self._connect(edge)

    def _connect(self, edge: Edge) -> Edge:
        connected = self._topology.connect(edge)
        self._changed()
        return connected

    @overload
    def node(self, function: Function, /) -> Function: ...
    @overload
    def node(self, /, **options: Any) -> Callable[[Function], Function]: ...
    @overload
    def node(self, name: str, agent: Any, /, **options: Any) -> AgentNode: ...
    def node(self, /, *given: Any, **options: Any) -> Any:
        """Add a node and infer its edges from the names that it reads.

        As a decorator on a function, or ``dag.node(name, agent, prompt=...)``. An edge is
        drawn from every node whose output key is a parameter of the function or a ``{key}``
        of the prompt, and to every inferred node that reads the new one's key.

        Parameters
        ----------
        *given
            A function, or a name and an agent, or nothing.
        **options
            Any option of ``AgentNode``.

        Returns
        -------
        The function itself, the AgentNode, or a decorator.
        """
        if len(given) == 2:  # noqa: PLR2004 - a name and an agent
            return self._infer(AgentNode(*given, **options))
        if len(given) == 1 and callable(given[0]):
            function = given[0]
            self._infer(AgentNode(options.pop("name", function.__name__), function, **options))
            return function
        if not given:
            return lambda function: self.node(function, **options)
        raise OptionError(
            f"dag.node cannot use {given!r}", hint="@dag.node, or dag.node(name, agent, prompt=...)"
        )

    def _infer(self, node: AgentNode) -> AgentNode:
        added = self.add_node(node)
        self._changed()  # before: a cycle leaves the edges that were drawn up to it
        self._topology.infer(added)
        return added

    def remove_node(self, name: str) -> None:
        """Remove a node and its edges."""
        self._topology.remove(name)
        self._changed()

    def remove_edge(self, from_node: str, to_node: str) -> None:
        """Remove an edge."""
        self._topology.disconnect(from_node, to_node)
        self._changed()

    def rename(self, old: str, new: str) -> None:
        """Give a node another name, keeping its place.

        An output key that was its name follows, unless nodes come after it that may read it.
        """
        self._topology.require(old)
        if new == old:
            return
        if new in self:
            raise OptionError(f"{self.name!r} has a node {new!r} already")
        follows = self.nodes[old].key == old and not self._topology.successors[old]
        key = new if follows else self.nodes[old].key
        renamed = replace(self.nodes[old], name=new, output_key=key)
        self._topology = self._topology.copy(self.name, {old: renamed})
        self._changed()

    def copy(
        self, name: str | None = None, *, replacing: Mapping[str, AgentNode] | None = None
    ) -> AgentDAG:
        """Return a DAG with the same nodes and edges that can be changed on its own.

        Parameters
        ----------
        name : str, optional
            Its name, if it is to be another.
        replacing : mapping of str to AgentNode, optional
            Nodes to put in the place of those with the given names.
        """
        made = AgentDAG(self.name if name is None else name)
        made._topology = self._topology.copy(made.name, replacing)
        made._changed()
        return made

    def _changed(self) -> None:
        self._compiled = Compiled(self._topology)

    # --- asking ----------------------------------------------------------------

    @property
    def name(self) -> str:
        """The DAG's name."""
        return self._topology.name

    @property
    def nodes(self) -> Mapping[str, AgentNode]:
        """The nodes by name, in the order of adding (read only)."""
        return MappingProxyType(self._topology.nodes)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by source in the order of adding."""
        return self._topology.edges()

    def structure(self) -> Structure:
        """Return the DAG frozen into integers; what a run works from."""
        return self._compiled.structure

    def plans(self) -> tuple[Plan, ...]:
        """Return how each node gets its input, in the order of the nodes."""
        return self._compiled.plans

    def validate(self, initial_state: Collection[str] | None = None) -> tuple[str, ...]:
        """Raise if the DAG cannot run; else return the keys that the initial state must have.

        Parameters
        ----------
        initial_state : mapping or collection of str, optional
            The state, or just its keys. None: any key may be in it.

        Raises
        ------
        GraphError
            Naming every problem: keys nobody supplies, shared keys, unknown parameters.
        """
        return self._compiled.check(initial_state)

    def get_start_nodes(self) -> list[str]:
        """Return the nodes without predecessors."""
        return [name for name, before in self._topology.predecessors.items() if not before]

    def get_end_nodes(self) -> list[str]:
        """Return the nodes without successors."""
        return [name for name, after in self._topology.successors.items() if not after]

    def get_dependencies(self, name: str) -> list[str]:
        """Return the predecessors of a node."""
        self._topology.require(name)
        return list(self._topology.predecessors[name])

    def tell_once(self, notice: str) -> bool:
        """Return whether this kind of notice is new to this DAG, and remember it."""
        new = notice not in self._told
        self._told.add(notice)
        return new

    def __len__(self) -> int:
        return len(self._topology.nodes)

    def __contains__(self, name: object) -> bool:
        return name in self._topology.nodes
