"""Runs the nodes of a DAG on a Dask cluster (extra ``dask``).

``backend`` is the public face. ``lanes`` knows the workers; each has a ``lane``, a stream of its
own (``wire``) on which calls go out and what happens comes back; ``worker`` is the other end, in
the worker's process. ``travelling`` turns what crosses into bytes and names what cannot;
``server_limits`` holds the limits of model servers across all workers.

Nodes are no tasks of Dask's scheduler: its messages wait for further ones up to 10 ms at each of
four stations, 12 ms a node in a chain; a stream of our own needs about one. Dask says which
workers there are, starts them anew when they die, and keeps the semaphores.
"""

from importlib.util import find_spec

from linus_nb.errors import MissingExtraError

if find_spec("distributed") is None:
    raise MissingExtraError(
        "linus_nb.cluster needs distributed, not installed here",
        hint='pip install "linus-nb[dask]"',
    )

from linus_nb.cluster.backend import DaskBackend  # only where it can work

__all__ = ["DaskBackend"]
