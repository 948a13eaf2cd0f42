"""``linus-nb serve``: an app of the user's under uvicorn."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from linus_nb.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def serve(
    target: str, *, host: str = "127.0.0.1", port: int = 8000, loop: str = "auto", grace: int = 30
) -> int:
    """Serve an app until SIGINT or SIGTERM; then let what runs end.

    Parameters
    ----------
    target : str
        ``module:app``, looked for in the current folder first.
    host, port
        Where it listens; by default only this machine can reach it.
    loop : {"auto", "asyncio", "uvloop"}
        The event loop; auto: uvloop where it is installed.
    grace : int
        Seconds that runs have to end after the signal; what still runs then is cancelled.

    Returns
    -------
    int
        The exit status.
    """
    if find_spec("uvicorn") is None:
        raise MissingExtraError(
            "linus-nb serve needs uvicorn, which is not installed",
            hint="pip install 'linus-nb[server]'",
        )
    import uvicorn  # noqa: PLC0415 - only now is it known to be there

    app = load_app(target)
    uvicorn.run(app, host=host, port=port, loop=loop, timeout_graceful_shutdown=grace)
    return 0


def load_app(target: str) -> ASGIApp:
    """Return the app that ``module:app`` names.

    Raises
    ------
    OptionError
        There is no such module or name, or it is no app.

    Examples
    --------
    >>> load_app("app.py")
    Traceback (most recent call last):
    ...
    linus_nb.errors.OptionError: 'app.py' does not say which app of which module
      -> linus-nb serve module:app
    """
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise OptionError(
            f"{target!r} does not say which app of which module",
            hint="linus-nb serve module:app",
        )
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there; what it imports is not
        raise OptionError(
            f"there is no module {module_name!r} here or among the installed packages",
            hint=f"run this in the folder of {module_name.partition('.')[0]}.py",
        ) from error
    app: object = getattr(module, name, None)
    if not callable(app):
        told = "no such name" if app is None else f"{type(app).__name__}, which is no app"
        raise OptionError(
            f"{target!r} is {told}", hint=f"{name} = create_app(agents={{...}}, dags={{...}})"
        )
    return cast("ASGIApp", app)
