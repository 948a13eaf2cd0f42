"""A DAG as pictures, as JSON, as code, and as other libraries' graphs."""

# The drawing package and networkx load when something is drawn, not with the package.
# ruff: noqa: PLC0415

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from typing import TYPE_CHECKING, cast

from linus_nb.graph import spec
from linus_nb.graph.notices import barrier_notice
from linus_nb.graph.pictures import picture_of
from linus_nb.graph.settings import options
from linus_nb.graph.spec_code import to_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    import networkx as nx
    from graphviz import Digraph

    from linus_nb.drawing import Direction, Picture
    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.node import AgentNode, Edge
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.spec import Registry
    from linus_nb.graph.structure import Structure


class Drawable(ABC):
    """What can be drawn: nodes, edges and levels, alone or coloured by a run's result."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The DAG's name."""

    @property
    @abstractmethod
    def nodes(self) -> Mapping[str, AgentNode]:
        """The nodes by name."""

    @property
    @abstractmethod
    def edges(self) -> tuple[Edge, ...]:
        """All edges."""

    @abstractmethod
    def structure(self) -> Structure:
        """Return the DAG frozen into integers."""

    def get_execution_order(self) -> list[list[str]]:
        """Return the levels (topological generations): lists of names."""
        structure = self.structure()
        return [[structure.names[node] for node in level] for level in structure.levels]

    def picture(self, result: ExecutionResult | None = None) -> Picture:
        """Return what is to be drawn, coloured by a result if one is given."""
        return picture_of(self.structure(), result)

    def visualize(self) -> str:
        """Return a drawing of the DAG as text."""
        from linus_nb import drawing

        return drawing.to_text(self.picture())

    def to_graphviz(
        self, result: ExecutionResult | None = None, *, direction: Direction = "LR"
    ) -> Digraph:
        """Return a ``graphviz.Digraph``, coloured by a result if one is given."""
        from linus_nb import drawing

        return drawing.to_graphviz(self.picture(result), direction=direction)

    def to_mermaid(
        self, result: ExecutionResult | None = None, *, direction: Direction = "LR"
    ) -> str:
        """Return the DAG as a Mermaid flowchart."""
        from linus_nb import drawing

        return drawing.to_mermaid(self.picture(result), direction=direction)

    def to_svg(self, result: ExecutionResult | None = None, *, direction: Direction = "LR") -> str:
        """Return the DAG as SVG, laid out by ``dot`` or, where that is missing, by linus_nb."""
        from linus_nb import drawing

        return drawing.to_svg(self.picture(result), direction=direction)

    def to_networkx(self) -> nx.DiGraph[str]:
        """Return a ``networkx.DiGraph``; nodes and edges carry ours as ``node`` and ``edge``."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph(name=self.name)
        graph.add_nodes_from((name, {"node": node}) for name, node in self.nodes.items())
        graph.add_edges_from((edge.source, edge.target, {"edge": edge}) for edge in self.edges)
        return graph

    def to_json(self, functions: Registry | None = None, agents: Registry | None = None) -> str:
        """Return the DAG as JSON, with its functions and agents by name.

        Parameters
        ----------
        functions, agents : mapping of str to object, optional
            Names to use; the others get those that they have.
        """
        return spec.to_json(cast("AgentDAG", self), functions, agents)

    @classmethod
    def from_json(
        cls, text: str, functions: Registry | None = None, agents: Registry | None = None
    ) -> AgentDAG:
        """Return the DAG that :meth:`to_json` wrote.

        Parameters
        ----------
        text : str
            The JSON.
        functions, agents : mapping of str to object, optional
            What its names stand for; nothing else is ever called or imported.

        Raises
        ------
        GraphError
            If a name is in no registry, or the text is no such JSON.
        """
        return spec.from_json(cast("type[AgentDAG]", cls), text, functions, agents)

    def to_code(self, functions: Registry | None = None, agents: Registry | None = None) -> str:
        """Return the code of a cell that builds the DAG again."""
        return to_code(cast("AgentDAG", self), functions, agents)

    def __repr__(self) -> str:
        return self.visualize()

    def _repr_html_(self) -> str:
        from linus_nb import drawing

        notice = barrier_notice(self.structure()) if options.schedule == "levels" else None
        hint = f"<small>{escape(notice)}</small>" if notice is not None else ""
        return drawing.to_html(self.picture()) + hint
