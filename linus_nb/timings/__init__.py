"""Why a run took as long as it did, how fast it could be, and what would change that.

Everything takes a result or its ``timings`` frame, also one that was on disk. ``reading``
checks it; ``virtual`` replays it with the engine's own ordering code; ``bounds``,
``what_if`` and ``comparing`` ask the questions; ``gantt`` and ``charts`` draw the answers.
"""

from linus_nb.timings.bounds import Bounds, bounds, critical_path
from linus_nb.timings.reading import makespan
from linus_nb.timings.what_if import simulate

__all__ = ["Bounds", "bounds", "critical_path", "makespan", "simulate"]
