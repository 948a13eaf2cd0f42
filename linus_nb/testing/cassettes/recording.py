"""The recording side of a cassette: asks the model and writes down what it said."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import contextmanager
from dataclasses import asdict
from time import perf_counter
from typing import TYPE_CHECKING

from linus_nb.agent.serving.naming import is_small
from linus_nb.errors import AgentError, CassetteError
from linus_nb.events import current_node
from linus_nb.testing.cassettes.records import (
    Call,
    DecidedModel,
    Tape,
    options_of,
    plain_request,
    save,
    settings_of,
)
from linus_nb.testing.cassettes.secrets import secrets_around

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from langchain_core.language_models import BaseChatModel

    from linus_nb.agent.calls import ModelSource, Reply
    from linus_nb.agent.interception import ModelRequest, OnToken

logger = logging.getLogger("linus_nb")


class Recorder:
    """Writes down what is asked and what is replied, from any number of tasks and threads."""

    replays = False

    def __init__(self) -> None:
        self._models: list[DecidedModel] = []
        self._calls: list[Call | None] = []  # in the order in which they began
        self._secrets: set[str] = set()
        self._lock = threading.Lock()

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that have ended, in the order in which they began."""
        with self._lock:
            return tuple(call for call in self._calls if call is not None)

    async def resolve(self, source: ModelSource) -> BaseChatModel:
        """Return the source's model and write down which it is."""
        model = await source.resolve()
        decided = DecidedModel(
            settings=settings_of(source),
            model=str(getattr(model, "model", type(model).__name__)),
            small=is_small(model),
            embedded=getattr(model, "embedded", False) is True,
            options=options_of(model),
        )
        with self._lock:
            if decided not in self._models:
                self._models.append(decided)
        return model

    async def call(
        self,
        request: ModelRequest,
        on_token: OnToken | None,
        ask: Callable[[ModelRequest, OnToken | None], Awaitable[Reply]],
    ) -> Reply:
        """Ask the model and write down how that went."""
        place = self._begin(request)
        asking = _Asking(request, on_token)
        try:
            reply = await ask(request, asking.hear)
        except AgentError as error:
            self._end(place, asking.call(error=error))
            raise
        except asyncio.CancelledError:
            self._end(place, asking.call())
            raise
        self._end(place, asking.call(reply=reply))
        return reply

    @contextmanager
    def saving_to(self, path: Path) -> Iterator[None]:
        """Write the file on leaving; what was recorded of a block that raised goes beside it."""
        try:
            yield
        except BaseException:
            kept = path.with_name(f"{path.name}.partial")
            save(kept, self._tape(), self._secrets)
            logger.warning("the block raised: what was recorded is in %s", kept)
            raise
        if None in self._calls:
            raise CassetteError(
                f"{self._calls.count(None)} calls had not ended when the cassette was closed",
                hint="await the run inside the with block",
            )
        save(path, self._tape(), self._secrets)

    def _tape(self) -> Tape:
        return Tape(self._models, list(self.calls))

    def _begin(self, request: ModelRequest) -> int:
        with self._lock:
            self._secrets |= secrets_around(request.model)
            self._calls.append(None)
            return len(self._calls) - 1

    def _end(self, place: int, call: Call) -> None:
        with self._lock:
            self._calls[place] = call


class _Asking:
    """One call while it goes on."""

    def __init__(self, request: ModelRequest, on_token: OnToken | None) -> None:
        self._request = request
        self._on_token = on_token
        self._started = perf_counter()
        self._heard: list[tuple[float, str]] = []

    def hear(self, text: str) -> None:
        """Take a piece of the reply."""
        self._heard.append((perf_counter() - self._started, text))
        if self._on_token is not None:
            self._on_token(text)

    def call(self, *, reply: Reply | None = None, error: AgentError | None = None) -> Call:
        """Return the record of a call that ends now."""
        took = perf_counter() - self._started
        seconds = reply.seconds if reply is not None else took
        waited = max(0.0, took - seconds)
        said = asdict(reply) if reply is not None else None
        if said is not None:
            said.pop("text")  # the pieces are the text
        return Call(
            node=current_node(),
            phase=self._request.phase,
            request=plain_request(self._request, ()),
            waited=round(waited, 6),
            pieces=[(round(max(0.0, at - waited), 6), text) for at, text in self._heard],
            seconds=round(seconds, 6),
            reply=said,
            error=None if error is None else _told(error),
        )


def _told(error: AgentError) -> dict[str, str | None]:
    return {"class": type(error).__name__, "message": error.message, "hint": error.hint}
