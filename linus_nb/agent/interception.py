"""Where something may step between agents and their models: to record calls, or to replay them.

An interceptor holds for the code inside a ``with`` block and all that it starts (tasks, the
threads of a run's nodes), and for nobody else.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from linus_nb.agent.calls import ModelSource
    from linus_nb.agent.serving.incoming import Reply

    OnToken = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model.

    Parameters
    ----------
    model : BaseChatModel
        The decided model, with this call's temperature.
    messages : tuple of BaseMessage
        The conversation.
    schema : dict or None
        The JSON schema that the reply has to follow.
    phase : str
        Where in an agent's loop it is asked; ``""`` outside of one.
    """

    model: BaseChatModel
    messages: tuple[BaseMessage, ...]
    schema: dict[str, Any] | None
    phase: str


class Interceptor(Protocol):
    """What stands between agents and models."""

    async def resolve(self, source: ModelSource) -> BaseChatModel:
        """Return the chat model that ``source`` stands for."""

    async def call(
        self,
        request: ModelRequest,
        on_token: OnToken | None,
        ask: Callable[[ModelRequest, OnToken | None], Awaitable[Reply]],
    ) -> Reply:
        """Return the reply to ``request``; ``ask`` is how the model itself is asked."""


_interceptor: ContextVar[Interceptor | None] = ContextVar("linus_nb_interceptor", default=None)


def current_interceptor() -> Interceptor | None:
    """Return the interceptor of the running code, if there is one."""
    return _interceptor.get()


@contextmanager
def intercepting(interceptor: Interceptor) -> Iterator[None]:
    """Make ``interceptor`` the one of the code inside the ``with`` block."""
    token = _interceptor.set(interceptor)
    try:
        yield
    finally:
        _interceptor.reset(token)
