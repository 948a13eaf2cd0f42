"""ChatOllama with the few things more that linus_nb wants to know of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_ollama import ChatOllama

from linus_nb.agent.models import from_config, to_config
from linus_nb.agent.serving.choice import ModelSettings
from linus_nb.agent.serving.slots import DEFAULT_MAX_PARALLEL
from linus_nb.agent.serving.timeouts import DEFAULT_TIMEOUT, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable


class OllamaChat(ChatOllama):
    """A chat model on a server that speaks Ollama's API.

    Parameters
    ----------
    timeout : Timeout
        The longest silences, in seconds.
    max_parallel : int
        Calls at once to this model's server, of the whole process.
    small : bool
        The model can follow a form but not judge its own work, so agents do not ask it to.
    embedded : bool
        The server is the one in this process.
    settings : ModelSettings
        What it was made from.
    """

    timeout: Timeout = DEFAULT_TIMEOUT
    max_parallel: int = DEFAULT_MAX_PARALLEL
    small: bool = False
    embedded: bool = False
    settings: ModelSettings = ModelSettings(backend="ollama")

    def __reduce__(self) -> tuple[Callable[..., object], tuple[dict[str, Any]]]:
        """Travel as configuration: clients and certificates cannot."""
        return from_config, (to_config(self),)
