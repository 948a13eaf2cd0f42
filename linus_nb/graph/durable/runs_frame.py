"""The runs of a journal as a pandas frame; loads with pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from linus_nb.graph.durable.journal import Journal
from linus_nb.graph.durable.owning import is_owned

if TYPE_CHECKING:
    import os

    from linus_nb.graph.durable.journal import RunRow


def runs(journal: str | os.PathLike[str]) -> pd.DataFrame:
    """Return the runs of a journal, oldest first.

    Parameters
    ----------
    journal : str or path
        What ``DAGExecutor(dag, journal=...)`` was given.

    Returns
    -------
    DataFrame
        One row a run: ``run`` (what ``aresume`` takes), ``dag``, ``status`` (as a result's;
        ``"running"``, or ``"interrupted"`` if its process ended before it; ``"incomplete"``
        if it has finished but a result could not be stored), ``started``
        (UTC), ``seconds`` (NaN before its end), ``schedule``, ``nodes`` (all of them), and
        how many of them, children of nested DAGs included, have ``completed``, were
        ``skipped`` by their ``on_error``, or ``failed``.

    Raises
    ------
    JournalError
        If there is no such file, or it cannot be read.

    Examples
    --------
    >>> import tempfile, linus_nb
    >>> dag = linus_nb.AgentDAG("one")
    >>> _ = dag.node("answer", lambda: 42)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/runs.db"
    ...     _ = linus_nb.DAGExecutor(dag, journal=path).execute()
    ...     frame = linus_nb.runs(path)
    >>> frame[["dag", "status", "nodes", "completed"]]
       dag   status  nodes  completed
    0  one  success      1          1
    """
    opened = Journal(journal, create=False)
    try:
        stored = opened.all_runs()
    finally:
        opened.close()
    counts = pd.DataFrame(
        [[count.get(status, 0) for status in _COUNTED] for _, count in stored],
        columns=list(_COUNTED),
        dtype="int64",
    )
    rows = [row for row, _ in stored]
    frame = pd.DataFrame(
        {
            "run": _texts(row.run_id for row in rows),
            "dag": _texts(row.dag for row in rows),
            "status": _texts(_status(opened, row) for row in rows),
            "started": pd.to_datetime([row.started for row in rows], unit="s", utc=True),
            "seconds": pd.Series([row.seconds for row in rows], dtype="float64"),
            "schedule": _texts(row.schedule for row in rows),
            "nodes": pd.Series([row.nodes for row in rows], dtype="int64"),
        }
    )
    return frame.join(counts)


_COUNTED = ("completed", "skipped", "failed")


def _status(journal: Journal, row: RunRow) -> str:
    if row.status == "running" and not is_owned(journal.path, row.run_id):
        return "interrupted"
    return row.status


def _texts(values: object) -> pd.Series[str]:
    return pd.Series(list(values), dtype=pd.StringDtype("python"))  # type: ignore[call-overload]
