"""What a run shares with the runs nested in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from linus_nb.graph.durable.definer import MOST_ITEMS
from linus_nb.graph.durable.definitions import Definitions, Unlooked
from linus_nb.graph.threads import DEFAULT_THREADS, Threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.events import Listener
    from linus_nb.graph.attempt import Attempt
    from linus_nb.graph.attempting import Attempts
    from linus_nb.graph.backend import Backend
    from linus_nb.graph.durable.recording import Recorder
    from linus_nb.graph.durable.resuming import Past
    from linus_nb.graph.result import Rerun
    from linus_nb.graph.slots import Slots
    from linus_nb.graph.structure import Structure


@dataclass(slots=True, eq=False)
class Surroundings:
    """One for the outermost run and all that is nested in it.

    Parameters
    ----------
    run_id : str
        The same for all.
    policy : str
        The schedule.
    publish : callable, optional
        Takes each event; None where nobody listens.
    slots : Slots, optional
        Limits; None where there are none.
    clock : callable
        Gives seconds; only differences count.
    most_threads : int
        Most threads at work at once.
    reuse : bool
        Whether the run was asked to take over what it can, and to be taken over from.
    recorder : Recorder, optional
        Keeps each node's result before anything depends on it.
    past : Past, optional
        An earlier run, of which nodes are taken over.
    rerun_by : callable, optional
        Makes further runs from the result.
    backend : Backend, optional
        Where nodes work; None: here.
    pool : Threads, optional
        That of others, which close it; by default an own one, made when it is needed.
    compared : bool
        Whether a later run may compare its nodes with those of this one.
    """

    run_id: str
    policy: str
    publish: Listener | None = None
    slots: Slots[tuple[Attempts, Attempt]] | None = None
    clock: Callable[[], float] = perf_counter
    most_threads: int = DEFAULT_THREADS
    reuse: bool = False
    recorder: Recorder | None = None
    past: Past | None = None
    rerun_by: Rerun | None = None
    pool: Threads | None = None
    compared: bool = True
    backend: Backend | None = None
    notices: list[str] = field(default_factory=list)
    everyone: list[Attempts] = field(default_factory=list)
    """The attempts of all these runs."""
    started: float = field(init=False)
    abandoned: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def threads(self) -> Threads:
        """The pool, made when the first node needs it."""
        if self.pool is None:
            self.pool = Threads(self.most_threads)
        return self.pool

    def definitions_of(self, structure: Structure) -> Definitions:
        """Look at what the nodes of one of these runs are, so far as somebody will ask."""
        if not self.compared:
            return Unlooked()
        wholly = self.reuse or self.recorder is not None
        return Definitions(structure, None if wholly else MOST_ITEMS)

    def hand_out_slots(self) -> None:
        """Start whatever may start now, of whichever run it is."""
        # Those of a run that has ended give their slots back at once: look again.
        while self.slots is not None and (tickets := self.slots.take()):
            for attempts, attempt in tickets:
                attempts.start_with_slot(attempt)

    def close(self) -> None:
        """Let the threads end."""
        if self.pool is not None:
            self.pool.close()
