"""The embedded model's server: started once a process, on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from linus_nb.agent.serving.model_file import (
    MODEL_NAME,
    check_model_file,
    model_file,
    own_model_file,
)
from linus_nb.errors import MissingExtraError, ModelFileError

if TYPE_CHECKING:
    from pathlib import Path

    from linus_nb.agent.embedded.engine import Engine

SMALL_FILE = 10**9
"""Bytes below which a file is taken for a small model: about 1.5 thousand million weights."""

_HOST = "127.0.0.1"
_STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server.

    Parameters
    ----------
    url : str
        Where it speaks Ollama's API.
    model_name : str
        The one model that it has.
    small : bool
        The model can follow a form but not judge its own work.
    """

    url: str
    model_name: str
    small: bool


def embedded_server() -> EmbeddedServer:
    """Return this process's server, started (about 1 s) if it is not running.

    The model is the packaged one, or the GGUF file that LINUS_NB_GGUF names. Safe from any
    thread. A forked child starts a server of its own, and has to leave by ``os._exit`` as
    multiprocessing's children do: at an ordinary exit llama.cpp waits for threads that it has
    not inherited.

    Returns
    -------
    EmbeddedServer
        The running server.

    Raises
    ------
    MissingExtraError
        The extra ``local`` is not installed.
    ModelFileError
        The model's file is missing or damaged.
    """
    _require_extra()
    return _running.server(model_file())


def _require_extra() -> None:
    missing = [name for name in ("aiohttp", "xllamacpp") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"the embedded model needs {' and '.join(missing)}, not installed here",
            hint='pip install "linus-nb[local]"',
        )


class _Running:
    """The servers of this process: one a model file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[Path, _ServerThread] = {}
        self._inherited: list[_ServerThread] = []

    def server(self, path: Path) -> EmbeddedServer:
        with self._lock:
            if path not in self._threads:
                check_model_file(path)
                self._threads[path] = _ServerThread.started(path)
            return self._threads[path].server

    def leave_to_parent(self) -> None:
        """Begin anew in a forked child, where the parent's threads do not exist.

        What is inherited is kept: destroying the native server would wait for its threads.
        """
        self._lock = threading.Lock()
        self._inherited += self._threads.values()
        self._threads = {}

    def stop_generating(self) -> None:
        """Stop native threads, which must not call back into an interpreter that is going."""
        with self._lock:
            for thread in self._threads.values():
                thread.stop_generating()


_running = _Running()
atexit.register(_running.stop_generating)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.leave_to_parent)


class _ServerThread:
    """A daemon thread with its own event loop, its engine and its web server."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ready: Future[EmbeddedServer] = Future()
        self._engine: Engine | None = None
        self._thread = threading.Thread(
            target=self._run, daemon=True, name="linus_nb embedded model"
        )

    @classmethod
    def started(cls, path: Path) -> _ServerThread:
        """Return a thread whose server answers."""
        thread = cls(path)
        thread._thread.start()
        thread._ready.result()
        return thread

    @property
    def server(self) -> EmbeddedServer:
        return self._ready.result()

    def stop_generating(self) -> None:
        if self._engine is not None:
            self._engine.close(timeout=_STOP_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        # The extra `local`: heavy, native, and loaded by nobody who does not run the model.
        from aiohttp import web  # noqa: PLC0415

        from linus_nb.agent.embedded.api import OllamaApi  # noqa: PLC0415
        from linus_nb.agent.embedded.engine import Engine  # noqa: PLC0415

        size = self._path.stat().st_size
        try:
            self._engine = Engine(self._path)
        except RuntimeError as error:
            raise ModelFileError(
                f"llama.cpp cannot load {self._path}: {error}",
                hint="another GGUF file in LINUS_NB_GGUF, or: linus-nb fetch",
            ) from error
        is_own = self._path == own_model_file()
        name = self._path.stem.lower() if is_own else MODEL_NAME
        # The packaged model's template knows no tools; of others llama.cpp knows itself.
        app = OllamaApi(self._engine, name, size, tools_in_prompt=not is_own).application()
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, _HOST, 0).start()
        host, port = runner.addresses[0][:2]
        self._ready.set_result(EmbeddedServer(f"http://{host}:{port}", name, size < SMALL_FILE))
        await asyncio.get_running_loop().create_future()  # serve as long as the process lives
