"""What a run tells whoever keeps its results safe while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from linus_nb.graph.durable.encoding import dumps

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Sequence

    from linus_nb.graph.run import Run
    from linus_nb.graph.schedule import Verdict
    from linus_nb.graph.structure import Structure


FINISHED = ("success", "partial")
"""Ends after which there is nothing to resume."""


class Recorder(Protocol):
    """Keeps what a run has reached, such that nothing depends on what is not safe."""

    def begin(self, run: Run) -> Awaitable[object]:
        """Get ready; raises what keeps it from that, before any node runs."""

    def record(self, run: Run, node: int, verdicts: Sequence[Verdict] | None) -> Awaitable[object]:
        """Keep how ``node`` has settled; nothing that depends on it starts before that.

        What is to be kept is fixed when this is called, also if nobody awaits it to the end.
        """

    def finish(self, run: Run) -> Awaitable[None]:
        """Keep how the run has ended, and tell in its notices what could not be kept."""


def recorder_for(journal: str | os.PathLike[str] | None) -> Recorder | None:
    """Return what records a run in a journal; None without a journal."""
    if journal is None:
        return None
    # Loads SQLite, which most runs do not need.
    from linus_nb.graph.durable.recorder import RunRecorder  # noqa: PLC0415

    return RunRecorder(journal)


def shape_of(structure: Structure) -> str:
    """Return the names of a DAG's nodes and edges as text."""
    edges = [[edge.source, edge.target] for out in structure.edges for edge in out]
    return dumps({"nodes": list(structure.names), "edges": edges})
