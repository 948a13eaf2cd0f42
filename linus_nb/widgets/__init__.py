"""Everything that a browser draws: a DAG to look at and to edit, a run to watch.

``graph_view`` is a DAG, ``run_view`` a run of it, ``builder`` a DAG that is built by hand: what
is edited is in the folder ``building``, which knows no browser, and ``builder_view`` shows it.
``progress`` (pure) is what a run looks like, ``following`` feeds it from the run's loop,
``showing`` says how a view stands in a notebook, and ``static`` holds what the browser runs: it
draws what it is told and decides nothing.
"""

from linus_nb.widgets.builder import DagBuilder
from linus_nb.widgets.graph_view import Gesture, GraphView
from linus_nb.widgets.run_text import RunText
from linus_nb.widgets.run_view import RunView
from linus_nb.widgets.watching import watch

__all__ = ["DagBuilder", "Gesture", "GraphView", "RunText", "RunView", "watch"]
