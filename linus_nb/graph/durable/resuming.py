"""What a run may take over from an earlier one, and why the rest has to run again.

An earlier run is a :class:`Past`: what each node left, by path (``parent/child``). When a
node of the new run has all it waits for, :class:`Recall` compares its definition and its
input with those of the earlier one. Where the earlier results lie (in memory, in a journal)
is the affair of each :class:`Left`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from linus_nb.errors import UnknownNodeError
from linus_nb.graph.durable.encoding import digest
from linus_nb.graph.durable.encoding_classes import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linus_nb.graph.durable.definitions import Digests
    from linus_nb.graph.durable.encoding_values import Json
    from linus_nb.graph.node_result import NodeResult
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.run import Run
    from linus_nb.graph.schedule import EndStatus, Verdict
    from linus_nb.graph.store import Store
    from linus_nb.graph.structure import Structure

DEFINITION_CHANGED = "its definition has changed"
INPUT_CHANGED = "its input has changed"
ASKED_FOR = "it was asked for"
NOT_SETTLED = "it had not settled"


class Left(Protocol):
    """What an earlier run left of one node that settled well."""

    @property
    def status(self) -> EndStatus:
        """How it ended: completed, or skipped by its ``on_error``."""

    @property
    def definitions(self) -> Digests:
        """The digests under which the node is the same."""

    @property
    def inputs(self) -> str | None:
        """The digest of what it was given."""

    @property
    def verdicts(self) -> Sequence[Verdict] | None:
        """The verdicts on its edges, if there was a condition among them."""

    @property
    def conditions(self) -> Digests:
        """The digests under which those conditions are the same."""

    @property
    def seen(self) -> str | None:
        """The digest of what they saw."""

    def tell(self, value: object) -> Json:
        """Tell an object that is no data from others, in these digests."""

    def restore(self, run: Run, node: int) -> Any:
        """Fill the node's record, but for its status, and return what it wrote."""


@dataclass(slots=True)
class Past:
    """An earlier run.

    Parameters
    ----------
    left : mapping of str to Left
        What is left of each node, by path.
    refused : mapping of str to str
        Nodes that must run again, and what is inside them, with the reason.
    """

    left: Mapping[str, Left]
    refused: Mapping[str, str] = field(default_factory=dict)

    def find(self, path: str) -> Left | str:
        """Return what is left of a node, or why nothing can be used."""
        for refused, why in self.refused.items():
            if path == refused or path.startswith(f"{refused}/"):
                return why
        return self.left.get(path, NOT_SETTLED)


def why_again(left: Left, definition: str | None, inputs: str | None) -> str | None:
    """Return why a node has to run again although it had settled; None: it need not.

    Parameters
    ----------
    left : Left
        What it left.
    definition, inputs : str, optional
        The digests of what the node is now and of what it would be given now; None where
        there is too much to tell.
    """
    if definition is None or definition not in left.definitions:
        return DEFINITION_CHANGED
    return INPUT_CHANGED if inputs is None or inputs != left.inputs else None


class Recall:
    """Decides for one run which nodes need not run again.

    Parameters
    ----------
    run : Run
        The new run.
    past : Past
        The earlier one.
    """

    def __init__(self, run: Run, past: Past) -> None:
        self._run = run
        self._past = past
        self._kept: dict[int, Left] = {}
        self._outputs: dict[int, Any] = {}

    def keeps(self, node: int) -> bool:
        """Whether ``node``, which waits for nothing any more, is taken over."""
        run, record = self._run, self._run.records[node]
        left = self._past.find(run.prefix + record.name)
        if isinstance(left, str):
            record.reason = left
            return False
        definition, _ = run.definitions.of(node)
        record.reason = why_again(left, definition, digest_of_input(record, left.tell))
        if record.reason is not None:
            return False
        record.reused = True
        self._kept[node] = left
        self._outputs[node] = left.restore(run, node)
        return True

    def status(self, node: int) -> EndStatus:
        """Return how a node that is taken over ended."""
        return self._kept[node].status

    def output(self, node: int) -> Any:
        """Return what a node that is taken over wrote."""
        return self._outputs.pop(node)

    def verdicts(self, node: int) -> Sequence[Verdict] | None:
        """Return the verdicts on its edges, None if the conditions have to be asked."""
        left = self._kept.get(node)
        if left is None or left.verdicts is None:
            return None
        if any(isinstance(verdict, BaseException) for verdict in left.verdicts):
            return None  # a condition that raised may work now
        conditions, _ = self._run.definitions.of_edges(node)
        same = conditions is not None and conditions in left.conditions
        seen = seen_after(self._run.store, node, left.tell) if same else None
        return left.verdicts if same and left.seen == seen else None


def digest_of_input(record: NodeResult, tell: Callable[[Any], Json] = kind_of) -> str | None:
    """Return the digest of what a node is, or was, given; None if there is no telling."""
    try:
        arguments = record.arguments()
    except Exception:  # noqa: BLE001 - the node itself will fail because of it, or has
        return None
    return digest(list(arguments), tell)


def seen_after(store: Store, node: int, tell: Callable[[Any], Json] = kind_of) -> str | None:
    """Return the digest of what the conditions of a node's edges see."""
    return digest(dict(store.view(node, with_own=True).items()), tell)


@dataclass(slots=True)
class InMemory:
    """What a run of this process left of one node."""

    result: ExecutionResult
    node: int

    @property
    def _record(self) -> NodeResult:
        return self.result.nodes[self.result.structure.names[self.node]]

    @property
    def status(self) -> EndStatus:
        """How it ended."""
        return "skipped" if self._record.status == "skipped" else "completed"

    @property
    def definitions(self) -> Digests:
        """What it was."""
        return self.result.definitions.of(self.node)

    @property
    def inputs(self) -> str | None:
        """What it was given."""
        return digest_of_input(self._record, self.tell)

    @property
    def verdicts(self) -> Sequence[Verdict] | None:
        """The verdicts on its edges."""
        return self.result.verdicts.get(self.node)

    @property
    def conditions(self) -> Digests:
        """What its conditions were."""
        return self.result.definitions.of_edges(self.node)

    @property
    def seen(self) -> str | None:
        """What its conditions saw."""
        return seen_after(self.result.store, self.node, self.tell)

    def tell(self, value: object) -> Json:
        """Tell objects apart by identity: both runs are here and keep theirs alive."""
        return [kind_of(value), id(value)]

    def restore(self, run: Run, node: int) -> Any:
        """Take over everything but the times."""
        old, new = self._record, run.records[node]
        new.error, new.exception = old.error, old.exception
        new.response, new.child = old.response, old.child
        return self.result.store.outputs[self.node]


def in_memory(
    result: ExecutionResult, *, with_errors: bool = True, prefix: str = ""
) -> dict[str, Left]:
    """Return what a run left of the nodes that settled well, by path.

    Parameters
    ----------
    result : ExecutionResult
        The run; it may have been stopped.
    with_errors : bool
        Also nodes whose failure was handled by their ``on_error``.
    prefix : str
        ``"parent/"`` for a nested run.
    """
    left: dict[str, Left] = {}
    for node, record in enumerate(result.nodes.values()):
        path = prefix + record.name
        was_made = record.reused or bool(record.attempts)
        well = record.status in ("completed", "skipped")
        if well and was_made and (with_errors or record.error is None):
            left[path] = InMemory(result, node)
        if record.child is not None:
            left |= in_memory(record.child, with_errors=with_errors, prefix=f"{path}/")
    return left


def past_for_rerun(
    result: ExecutionResult, structure: Structure, from_node: str | None, *, with_errors: bool
) -> Past:
    """Return a run as the past of one that runs a part of it again.

    Parameters
    ----------
    result : ExecutionResult
        The run.
    structure : Structure
        The DAG as it is now.
    from_node : str, optional
        Run this node again, and all that come after it.
    with_errors : bool
        Take over nodes whose failure was handled.

    Raises
    ------
    UnknownNodeError
        If there is no node of this name.
    """
    refused: dict[str, str] = {}
    if from_node is not None:
        if from_node not in structure.index:
            raise UnknownNodeError(
                f"{structure.name!r} has no node {from_node!r}",
                hint=f"its nodes are {list(structure.names)[:20]}",
            )
        first = structure.index[from_node]
        for node, name in enumerate(structure.names):
            if node == first or structure.ancestors[node] >> first & 1:
                refused[name] = ASKED_FOR
    return Past(in_memory(result, with_errors=with_errors), refused)


def failed_in(result: ExecutionResult, prefix: str = "") -> set[str]:
    """Return the nodes of a run that have tried and have an error, by path."""
    failed = set()
    for record in result.nodes.values():
        path = prefix + record.name
        if record.error is not None and record.status != "cancelled":
            failed.add(path)
        if record.child is not None:
            failed |= failed_in(record.child, f"{path}/")
    return failed
