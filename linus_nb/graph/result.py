"""What a run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from linus_nb.blocking import run_blocking
from linus_nb.errors import OptionError, RunFailedError, UnknownNodeError
from linus_nb.graph import display
from linus_nb.graph.node_result import NodeResult, error_text
from linus_nb.graph.pictures import picture_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from linus_nb.graph.durable.definitions import Definitions
    from linus_nb.graph.schedule import Verdict
    from linus_nb.graph.store import Store
    from linus_nb.graph.structure import Structure

RunStatus = Literal["running", "success", "partial", "failed", "cancelled"]


class Rerun(Protocol):
    """Runs the DAG of a result again; what may be is taken over from it."""

    async def __call__(
        self, result: ExecutionResult, *, failed: bool, from_node: str | None
    ) -> ExecutionResult:
        """Return the result of the new run."""


@dataclass(slots=True, eq=False)
class ExecutionResult:
    """The result of one run of a DAG; see the properties for what it tells.

    Parameters
    ----------
    dag_name, run_id : str
        Which DAG, which run.
    status : {"success", "partial", "failed", "cancelled"}
        ``"partial"``: the run ended, with some error kept.
    execution_time_seconds : float
        From the run's start to its end.
    nodes : dict of str to NodeResult
        Every node of the DAG.
    abandoned : list of str
        Nodes that would not stop and were left to themselves (``"parent/child"``).
    structure : Structure
        The DAG as it was when it ran.
    max_concurrency, limits
        The executor's limits.
    verdicts, store, definitions
        On the edges, of the values, and of what the nodes were: what a further run takes over.
    notices : list of str
        What could be had faster, what was not stored, what ran again: and what to type.
    rerun_by : callable, optional
        Makes a further run; a nested run has none of its own.
    """

    dag_name: str
    run_id: str
    status: RunStatus
    execution_time_seconds: float
    schedule: str
    nodes: dict[str, NodeResult]
    abandoned: list[str]
    structure: Structure = field(repr=False)
    max_concurrency: int | None
    limits: dict[str, int]
    verdicts: Mapping[int, Sequence[Verdict]] = field(repr=False)
    store: Store = field(repr=False)
    definitions: Definitions = field(repr=False)
    notices: list[str] = field(default_factory=list)
    rerun_by: Rerun | None = field(default=None, repr=False)

    @property
    def node_results(self) -> dict[str, Any]:
        """Output by node name; every node has its key."""
        return {name: node.output for name, node in self.nodes.items()}

    def __getitem__(self, name: str) -> Any:
        """Return the output of the node ``name``."""
        if name not in self.nodes:
            raise UnknownNodeError(
                f"the run has no node {name!r}", hint=f"its nodes are {list(self.nodes)[:20]}"
            )
        return self.nodes[name].output

    @property
    def edges(self) -> dict[tuple[str, str], Verdict | None]:
        """Whether each edge was live (or its condition's error), None if never decided."""
        decided: dict[tuple[str, str], Verdict | None] = {}
        for node, record in enumerate(self.nodes.values()):
            passed = record.status in ("completed", "skipped")
            known = passed and not self.structure.conditional[node]
            verdicts = self.verdicts.get(node)
            for position, edge in enumerate(self.structure.edges[node]):
                verdict = verdicts[position] if verdicts is not None else known or None
                decided[edge.source, edge.target] = verdict
        return decided

    @property
    def errors(self) -> dict[str, str]:
        """Error text by node name, for the nodes that have one."""
        return {name: node.error for name, node in self.nodes.items() if node.error is not None}

    @property
    def final_state(self) -> dict[str, Any]:
        """The initial state and every output under its key."""
        return self.store.final_state()

    @property
    def models(self) -> list[str]:
        """The names of the models that answered, each once."""
        named = (getattr(node.metrics, "model", None) for node in self.nodes.values())
        return list(dict.fromkeys(name for name in named if name))

    @property
    def total_nodes(self) -> int:
        """Number of nodes of the DAG itself."""
        return len(self.nodes)

    @property
    def completed_nodes(self) -> int:
        """How many completed."""
        return self._count("completed")

    @property
    def failed_nodes(self) -> int:
        """How many failed."""
        return self._count("failed")

    @property
    def skipped_nodes(self) -> int:
        """How many were skipped."""
        return self._count("skipped")

    @property
    def cancelled_nodes(self) -> int:
        """How many were cancelled, or never started because the run ended."""
        return self._count("cancelled")

    def _count(self, status: str) -> int:
        return sum(node.status == status for node in self.nodes.values())

    @property
    def timings(self) -> pd.DataFrame:
        """One row an attempt, children of nested DAGs included; see ``linus_nb.timings``."""
        # pandas loads when the first frame is wanted, not with the package.
        from linus_nb.graph.frame import timings_frame  # noqa: PLC0415

        return timings_frame(self)

    async def arerun(
        self, *, failed: bool = False, from_node: str | None = None
    ) -> ExecutionResult:
        """Run the DAG again from the same initial state, but only what has to.

        Parameters
        ----------
        failed : bool
            Run the nodes that have failed, were stopped or have an error.
        from_node : str, optional
            Run this node and all that come after it.

        Returns
        -------
        ExecutionResult
            Of a new run. Every other node is ``reused``, unless its definition or its input
            has changed since: ``nodes[name].reason`` says why a node ran again.

        Raises
        ------
        OptionError
            If neither is given, or both are, or this is the result of a nested run.
        UnknownNodeError
            If the DAG has no such node.

        Examples
        --------
        >>> from linus_nb.graph import AgentDAG, DAGExecutor
        >>> dag, tries = AgentDAG("flaky"), []
        >>> @dag.node
        ... def answer():
        ...     tries.append(1)
        ...     return 42 if len(tries) > 1 else 1 / 0
        >>> result = DAGExecutor(dag).execute()
        >>> result.status, result.rerun(failed=True).status
        ('failed', 'success')
        """
        if failed == (from_node is not None):
            raise OptionError(
                "arerun needs to know what to run again",
                hint="result.arerun(failed=True), or result.arerun(from_node='name')",
            )
        if self.rerun_by is None:
            raise OptionError(
                f"this is the result of {self.dag_name!r} inside of another run",
                hint="call arerun on the result of the outermost run",
            )
        return await self.rerun_by(self, failed=failed, from_node=from_node)

    def rerun(self, *, failed: bool = False, from_node: str | None = None) -> ExecutionResult:
        """Run the DAG again and wait; see :meth:`arerun`."""
        return run_blocking(self.arerun(failed=failed, from_node=from_node))

    def raise_for_status(self) -> ExecutionResult:
        """Return the result itself, or raise if the run failed or was cancelled.

        Raises
        ------
        RunFailedError
            Names every failed node; its cause is the first node's exception.
        """
        if self.status not in ("failed", "cancelled"):
            return self
        failed = [node for node in self.nodes.values() if node.status == "failed"]
        told = "; ".join(f"{node.name!r}: {node.error}" for node in failed) or "it was stopped"
        raise RunFailedError(
            f"run {self.run_id} of {self.dag_name!r} {self.status}: {told}",
            hint="result.nodes[name].exception has the traceback; finished outputs are in "
            "result.node_results",
            result=self,
        ) from next((node.exception for node in failed), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain containers (outputs are as the nodes wrote them)."""
        return {
            "dag_name": self.dag_name,
            "run_id": self.run_id,
            "status": self.status,
            "schedule": self.schedule,
            "models": self.models,
            "execution_time_seconds": self.execution_time_seconds,
            "total_nodes": self.total_nodes,
            "completed_nodes": self.completed_nodes,
            "failed_nodes": self.failed_nodes,
            "skipped_nodes": self.skipped_nodes,
            "cancelled_nodes": self.cancelled_nodes,
            "node_results": self.node_results,
            "errors": self.errors,
            "abandoned": list(self.abandoned),
            "nodes": {name: _node_dict(node) for name, node in self.nodes.items()},
            "edges": [
                {"source": source, "target": target, "live": _verdict_text(verdict)}
                for (source, target), verdict in self.edges.items()
            ],
        }

    def __repr__(self) -> str:
        return display.result_text(self)

    def _repr_html_(self) -> str:
        # The drawing package loads when something is drawn, not with the package.
        from linus_nb import drawing  # noqa: PLC0415

        table = display.result_html(self)
        room = display.MOST_BYTES - len(table.encode(errors="replace"))
        return drawing.to_html(picture_of(self.structure, self), max_bytes=room) + table


def _node_dict(node: NodeResult) -> dict[str, Any]:
    return {
        "status": node.status,
        "error": node.error,
        "attempts": len(node.attempts),
        "queued": node.queued,
        "started": node.started,
        "ended": node.ended,
        "reused": node.reused,
        "reason": node.reason,
    }


def _verdict_text(verdict: Verdict | None) -> bool | str | None:
    return error_text(verdict) if isinstance(verdict, BaseException) else verdict
