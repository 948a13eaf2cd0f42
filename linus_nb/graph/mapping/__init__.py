"""One run for each row of a table: ``executor.amap``.

``sources`` and ``files`` read the table, ``mapper`` lets its rows through, so many at once,
``row_runs`` runs the DAG for one of them, ``row_recorder`` keeps what has finished in a
``row_journal``, ``frame`` puts everything side by side, and ``progress`` shows how far it is.
"""
