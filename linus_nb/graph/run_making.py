"""Makes the runs of a DAG, as an executor was told to, and drives them to their end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from linus_nb.errors import OptionError
from linus_nb.graph.driving import drive
from linus_nb.graph.durable import memories
from linus_nb.graph.durable.recording import Recorder, recorder_for
from linus_nb.graph.durable.resuming import Past, past_for_rerun
from linus_nb.graph.listening import publisher
from linus_nb.graph.run import Run
from linus_nb.graph.schedule import require_policy
from linus_nb.graph.settings import options
from linus_nb.graph.slots import Slots
from linus_nb.graph.surroundings import Surroundings

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import pandas as pd

    from linus_nb import events
    from linus_nb.graph.backend import Backend
    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.mapping.mapper import Mapper
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.state import SharedState


class RunMaker:
    """Knows how a DAG is to be run; the part of ``DAGExecutor`` that users do not see.

    The parameters are those of :class:`~linus_nb.graph.executor.DAGExecutor`.
    """

    def __init__(
        self,
        dag: AgentDAG,
        state: SharedState | None = None,
        *,
        schedule: str | None = None,
        max_concurrency: int | None = None,
        limits: Mapping[str, int] | None = None,
        journal: str | os.PathLike[str] | None = None,
        backend: Backend | None = None,
        on_event: events.Listener | None = None,
    ) -> None:
        self.dag = dag
        self.state = state
        self.schedule = require_policy(schedule)
        self.max_concurrency = max_concurrency
        self.limits = dict(limits or {})
        self.journal = journal
        self.backend = backend
        self._slots()  # refuses bad limits here, not at the first run
        self._listeners: list[events.Listener] = [on_event] if on_event is not None else []
        self._last_run: Run | None = None
        self._last_map: Mapper | None = None

    @property
    def last_result(self) -> ExecutionResult | None:
        """The latest result, also of a run that was stopped; None before the first."""
        return None if self._last_run is None else self._last_run.result()

    @property
    def last_map(self) -> pd.DataFrame | None:
        """The frame of the latest map so far, also of one that was stopped; None before."""
        return None if self._last_map is None else self._last_map.frame()

    def _policy(self, parallel: bool, schedule: str | None) -> str:  # noqa: FBT001
        chosen = require_policy(schedule) or self.schedule
        return chosen or (options.schedule if parallel else "sequential")

    def _initial(self, initial_state: Mapping[str, Any] | None) -> dict[str, Any]:
        if initial_state is not None and not isinstance(initial_state, Mapping):
            raise OptionError(
                f"initial_state is a dict of keys and values, not {type(initial_state).__name__}",
                hint="aexecute({'question': ...})",
            )
        held = self.state.get_all() if self.state is not None else {}
        return {**held, **(initial_state or {})}

    def _slots(self, limits: Mapping[str, int] | None = None) -> Slots[Any] | None:
        """Return the executor's limits, and further ones, as one queue; the smaller holds."""
        further = dict(limits or {})
        Slots[Any](None, further)  # refuses what cannot be compared
        smaller = {n: min(further[n], self.limits[n]) for n in further.keys() & self.limits.keys()}
        limits = {**self.limits, **further, **smaller}
        if self.max_concurrency is None and not limits:
            return None
        return Slots(self.max_concurrency, limits)

    def _publisher(self, listener: events.Listener | None = None) -> events.Listener | None:
        listeners = [*self._listeners, *([listener] if listener is not None else [])]
        return publisher(listeners) if listeners else None

    def _new_run(
        self,
        initial_state: Mapping[str, Any] | None,
        policy: str,
        listener: events.Listener | None = None,
        *,
        reuse: bool = False,
    ) -> Run:
        past = memories.recollect(self.dag) if reuse else None
        initial = self._initial(initial_state)
        return self.make_run(initial, policy, listener=listener, past=past, reuse=reuse)

    def make_run(
        self,
        initial: Mapping[str, Any],
        policy: str,
        *,
        run_id: str | None = None,
        listener: events.Listener | None = None,
        past: Past | None = None,
        recorder: Recorder | None = None,
        reuse: bool = False,
    ) -> Run:
        """Make a run that has not begun; see ``Surroundings`` for what it is given."""
        self.dag.validate(initial)
        around = Surroundings(
            run_id or secrets.token_hex(6),
            policy,
            publish=self._publisher(listener),
            slots=self._slots(),
            backend=self.backend,
            most_threads=options.most_threads,
            past=past,
            recorder=recorder or recorder_for(self.journal),
            reuse=reuse,
            rerun_by=self._rerun,
        )
        return Run(self.dag.structure(), self.dag.plans(), initial, around, state=self.state)

    def _around_rows(
        self, schedule: str | None, limits: Mapping[str, int] | None
    ) -> Callable[..., Surroundings]:
        """Return what makes the surroundings of a row's run; all rows share the limits."""
        return partial(
            Surroundings,
            policy=self._policy(True, schedule),  # noqa: FBT003 - as aexecute does it
            publish=self._publisher(),
            slots=self._slots(limits),
            backend=self.backend,
            compared=False,
        )

    async def _rerun(
        self, result: ExecutionResult, *, failed: bool, from_node: str | None
    ) -> ExecutionResult:
        past = past_for_rerun(result, self.dag.structure(), from_node, with_errors=not failed)
        return await self.drive(self.make_run(result.store.initial, result.schedule, past=past))

    async def drive(self, run: Run) -> ExecutionResult:
        """Make ``run`` go on to its end, recorded if there is a journal."""
        recorder = run.around.recorder
        try:
            if recorder is not None:
                await recorder.begin(run)
            self._last_run = run
            return await drive(run, self.dag)
        finally:
            if recorder is not None:
                await recorder.finish(run)
