"""Serves agents and DAGs over HTTP, without blocking: FastAPI routes, or a whole app.

``app`` and ``routes`` are the outside; ``runs`` knows what a request runs, ``answering`` does
it for a client that may leave, ``streaming`` says it as server-sent events. ``guarding``,
``limits`` and ``problems`` keep what comes in small and what goes wrong readable, ``values``
turns whatever a node returned into bounded JSON, ``history`` reads the journal.
"""

from linus_nb.errors import MissingExtraError

try:
    from linus_nb.server.app import create_app, create_router
    from linus_nb.server.limits import Limits
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("fastapi", "starlette"):
        raise
    raise MissingExtraError(
        f"linus_nb.server needs {error.name}, which is not installed",
        hint="pip install 'linus-nb[server]'",
    ) from error

__all__ = ["Limits", "create_app", "create_router"]
