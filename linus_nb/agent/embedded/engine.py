"""llama.cpp in this process: one model, several requests at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

import xllamacpp

from linus_nb.agent.embedded.translate import EngineError

if TYPE_CHECKING:
    from pathlib import Path

PARALLEL = 4
CONTEXT = 2048  # tokens of each request: what the packaged model was trained on
_SILENT = -1

Chunk = Mapping[str, Any]


class Engine:
    """A loaded model.

    One thread a request: the native call blocks, without the interpreter lock, until its
    reply is complete or the callback says stop.

    Parameters
    ----------
    path : Path
        A GGUF file.
    """

    def __init__(self, path: Path) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_parallel = PARALLEL
        params.n_ctx = CONTEXT * PARALLEL
        # More threads than one spin while they wait, and take the kernel's loop its core.
        params.cpuparams.n_threads = 1
        params.cpuparams_batch.n_threads = 1
        params.verbosity = _SILENT
        self._native = xllamacpp.Server(params)
        self._stops: dict[threading.Thread, threading.Event] = {}

    async def chunks(self, request: Mapping[str, Any]) -> AsyncIterator[Chunk]:
        """Yield the reply's chunks as they come; closing the iterator stops the generation.

        Raises
        ------
        EngineError
            llama.cpp refused the request.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Chunk | EngineError | None] = asyncio.Queue()
        stop = threading.Event()

        def deliver(item: Chunk | EngineError | None) -> bool:
            if not stop.is_set():
                loop.call_soon_threadsafe(arrived.put_nowait, item)
            return stop.is_set()

        worker = threading.Thread(
            target=self._generate,
            args=(request, deliver),
            daemon=True,
            name="linus_nb generate",
        )
        self._stops[worker] = stop
        worker.start()
        try:
            while (item := await arrived.get()) is not None:
                if isinstance(item, EngineError):
                    raise item
                yield item
        finally:
            stop.set()

    def close(self, *, timeout: float) -> None:
        """Stop what is generating and wait for it, ``timeout`` seconds at most a request."""
        for worker, stop in list(self._stops.items()):
            stop.set()
            worker.join(timeout)

    def _generate(
        self, request: Mapping[str, Any], deliver: Callable[[Chunk | EngineError | None], bool]
    ) -> None:
        try:
            self._native.handle_chat_completions(request, deliver)
        except RuntimeError as error:
            deliver(EngineError(str(error)))
        finally:
            deliver(None)
            self._stops.pop(threading.current_thread(), None)
