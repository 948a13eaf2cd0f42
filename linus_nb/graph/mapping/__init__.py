"""One run for each row of a table: ``executor.amap``.

``sources`` and ``files`` know the table, ``reading`` reads it (slow iterators in a thread:
``threaded``), ``mapper`` lets its rows through, so many at once, ``row_runs`` runs the DAG for
one of them, ``row_recorder`` keeps what has finished in a ``row_journal`` (``contents`` tells
what has changed), ``frame`` puts everything side by side, and ``progress`` shows how far it is.
"""
