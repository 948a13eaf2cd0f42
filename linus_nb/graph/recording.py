"""What a run tells whoever keeps its results safe while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Sequence

    from linus_nb.graph.run import Run
    from linus_nb.graph.schedule import Verdict


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
    from linus_nb.graph.recorder import RunRecorder  # noqa: PLC0415

    return RunRecorder(journal)
