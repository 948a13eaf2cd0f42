"""Why a run took as long as it did, how fast it could be, and what would change that.

Everything takes a result or its ``timings`` frame, also one that was on disk. ``reading``
checks it; ``virtual`` replays it with the engine's own ordering code; ``bounds``,
``what_if`` and ``comparing`` ask the questions; ``gantt`` and ``charts`` draw the answers.
"""

from linus_nb.timings.bounds import Bounds, bounds, critical_path
from linus_nb.timings.charts import plot_speedup, plot_tokens, plot_what_if
from linus_nb.timings.comparing import acompare, compare
from linus_nb.timings.gantt import plot_gantt
from linus_nb.timings.reading import makespan
from linus_nb.timings.what_if import simulate

__all__ = [
    "Bounds",
    "acompare",
    "bounds",
    "compare",
    "critical_path",
    "makespan",
    "plot_gantt",
    "plot_speedup",
    "plot_tokens",
    "plot_what_if",
    "simulate",
]
