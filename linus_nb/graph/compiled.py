"""What is worked out once from a DAG, until it changes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from linus_nb.graph.inputs import Plan, plan_of
from linus_nb.graph.structure import Structure, freeze
from linus_nb.graph.validation import check

if TYPE_CHECKING:
    from collections.abc import Collection

    from linus_nb.graph.topology import Topology


class Compiled:
    """Structure, input plans and the last validation of a DAG that does not change any more.

    Parameters
    ----------
    topology : Topology
        The DAG; after a change of it, a new Compiled is made.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._checked: tuple[frozenset[str] | None, tuple[str, ...]] | None = None

    @cached_property
    def structure(self) -> Structure:
        """The DAG frozen into integers."""
        return freeze(self._topology)

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """How each node gets its input, in the order of the nodes."""
        return tuple(plan_of(self.structure, node) for node in range(len(self._topology.nodes)))

    def check(self, initial_state: Collection[str] | None) -> tuple[str, ...]:
        """Raise if the DAG cannot run; a validation for the same keys is not made twice."""
        keys = None if initial_state is None else frozenset(initial_state)
        # A nested DAG may have changed without this one knowing.
        nested = any(callee.takes == "state" for callee in self.structure.callees)
        if self._checked is None or self._checked[0] != keys or nested:
            self._checked = keys, check(self.structure, self.plans, keys)
        return self._checked[1]
