"""From settings to a chat model: decides, builds, and says once what it chose."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linus_nb.agent.serving.addresses import ollama_url, without_credentials
from linus_nb.agent.serving.naming import describe
from linus_nb.agent.serving.slots import DEFAULT_MAX_PARALLEL
from linus_nb.agent.serving.status import ollama_status
from linus_nb.agent.serving.timeouts import TimeoutOption, read_timeout
from linus_nb.errors import MissingExtraError, ModelFileError, OptionError

if TYPE_CHECKING:
    from linus_nb.agent.serving.ollama_chat import OllamaChat

logger = logging.getLogger("linus_nb")

DEFAULT_MODEL = "gemma3:4b"
BACKENDS = ("auto", "ollama", "embedded")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """All that describes a model of ours, as plain data; see ``create_chat_model``."""

    backend: str = "auto"
    model: str | None = None
    api_base: str | None = None
    temperature: float | None = 0.7
    max_tokens: int | None = None
    top_p: float | None = None
    top_k: int | None = None
    num_ctx: int | None = None
    seed: int | None = None
    keep_alive: int | str | None = None
    timeout: TimeoutOption = None
    max_parallel: int = DEFAULT_MAX_PARALLEL
    small: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what can never work, before any model is asked."""
        if self.backend not in BACKENDS:
            raise OptionError(
                f"backend={self.backend!r} is none of {', '.join(BACKENDS)}", hint="backend='auto'"
            )
        for name in ("max_tokens", "num_ctx", "max_parallel"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"{name}={value!r} is below 1", hint=f"{name}=512")
        if self.temperature is not None and self.temperature < 0:
            raise OptionError(f"temperature={self.temperature!r} is below 0", hint="temperature=0")
        read_timeout(self.timeout)


def choose(settings: ModelSettings) -> OllamaChat:
    """Return the chat model that ``settings`` mean; may probe a server and load a file.

    Raises
    ------
    ModelFileError, MissingExtraError
        The embedded model is meant and cannot run.
    """
    if settings.backend == "ollama":
        return on_ollama(settings)
    if settings.backend == "embedded":
        return _embedded(settings)
    named = settings.model or settings.api_base or os.environ.get("OLLAMA_HOST")
    if named or ollama_status().reachable:
        return on_ollama(settings)
    tried = f"no Ollama server answers at {without_credentials(ollama_url())}"
    _announcer.say(tried)
    try:
        return _embedded(settings)
    except (ModelFileError, MissingExtraError) as error:
        raise type(error)(f"{tried}, and {error.message}", hint=error.hint) from error


def on_ollama(settings: ModelSettings) -> OllamaChat:
    """Return the model at the Ollama server that ``settings`` mean; the server is not asked."""
    url = ollama_url(settings.api_base)
    model = settings.model or DEFAULT_MODEL
    _announcer.say(f"using {model} at {without_credentials(url)}")
    return _build(settings, model=model, url=url, small=settings.small is True, embedded=False)


def _embedded(settings: ModelSettings) -> OllamaChat:
    from linus_nb.agent.embedded import embedded_server  # noqa: PLC0415  # optional extra

    server = embedded_server()
    if settings.model not in (None, server.model_name):
        raise OptionError(
            f"the embedded backend has {server.model_name!r} only, not {settings.model!r}",
            hint="backend='ollama', or export LINUS_NB_GGUF=/path/to/model.gguf",
        )
    small = server.small if settings.small is None else settings.small
    chat = _build(settings, model=server.model_name, url=server.url, small=small, embedded=True)
    _announcer.say(f"using the embedded {describe(chat)}")
    return chat


def _build(
    settings: ModelSettings, *, model: str, url: str, small: bool, embedded: bool
) -> OllamaChat:
    # Heavy, and not needed by `doctor` and `fetch`.
    from linus_nb.agent.serving.clients import client_options  # noqa: PLC0415
    from linus_nb.agent.serving.ollama_chat import OllamaChat  # noqa: PLC0415

    timeout = read_timeout(settings.timeout)
    return OllamaChat(
        model=model,
        base_url=url,
        temperature=settings.temperature,
        num_predict=settings.max_tokens,
        top_p=settings.top_p,
        top_k=settings.top_k,
        num_ctx=settings.num_ctx,
        seed=settings.seed,
        keep_alive=settings.keep_alive,
        client_kwargs=client_options(url, timeout),
        timeout=timeout,
        max_parallel=settings.max_parallel,
        small=small,
        embedded=embedded,
        settings=settings,
    )


class _Announcer:
    """Says each thing once a process, to the log."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            logger.info("%s", text)


_announcer = _Announcer()
