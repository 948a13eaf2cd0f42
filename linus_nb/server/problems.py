"""What went wrong, as ``application/problem+json`` (RFC 9457).

A message of ours is told as it is. An exception that is not ours may hold anything, so it is
logged here and the client learns only that something broke.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from linus_nb.errors import (
    AgentError,
    GraphError,
    InvalidTaskError,
    LinusError,
    ModelBusyError,
    ModelSilentError,
    OptionError,
    RequestRefusedError,
)
from linus_nb.rendering import shortened
from linus_nb.server.values import encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.server.values import Json

logger = logging.getLogger("linus_nb")

MEDIA_TYPE = "application/problem+json"
CLIENT_LEFT = 499  # what nginx logs; nobody receives it
_LONGEST = 2_000
_CREDENTIALS = re.compile(r"(\w://)[^\s/@]*@")

_STATUSES: tuple[tuple[type[LinusError], int], ...] = (
    (InvalidTaskError, 422),
    (ModelBusyError, 503),
    (ModelSilentError, 504),
    (AgentError, 502),
    (GraphError, 422),
    (OptionError, 422),
    (LinusError, 500),
)
"""The narrower classes first."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, ready to be sent.

    Parameters
    ----------
    status : int
        The HTTP status.
    detail : str
        What is wrong.
    hint : str, optional
        What to do about it.
    faults : list of dict
        Each fault on its own, where there are several.
    headers : mapping
        Further headers of the reply.
    """

    status: int
    detail: str
    hint: str | None = None
    faults: list[Json] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """Return the members of the problem."""
        told: dict[str, Json] = {
            "type": "about:blank",
            "title": _phrase(self.status),
            "status": self.status,
            "detail": without_secrets(self.detail),
        }
        if self.hint:
            told["hint"] = without_secrets(self.hint)
        if self.faults:
            told["errors"] = self.faults
        return told

    def response(self) -> Response:
        """Return the problem as a reply."""
        return Response(
            encoded(self.as_json()), self.status, dict(self.headers), media_type=MEDIA_TYPE
        )


def problem_of(error: Exception) -> Problem:
    """Return what a client is told about ``error``.

    Examples
    --------
    >>> problem_of(ModelBusyError("the model is busy", hint="run it again")).status
    503
    >>> logger.disabled = True
    >>> problem_of(RuntimeError("password: 1234")).detail
    'something broke in the server; its log says what'
    >>> logger.disabled = False
    """
    if isinstance(error, RequestRefusedError):
        return Problem(error.status, error.message, error.hint, headers=error.headers)
    if isinstance(error, LinusError):
        status = next(status for kind, status in _STATUSES if isinstance(error, kind))
        headers = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        return Problem(status, error.message, error.hint, headers=headers)
    if isinstance(error, RequestValidationError):
        faults = [_fault(fault) for fault in error.errors()]
        return Problem(422, "the request is not what this path takes: see errors", faults=faults)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, str(error.detail), headers=error.headers or {})
    if isinstance(error, ClientDisconnect):
        return Problem(CLIENT_LEFT, "the client left")
    logger.error("a request failed: %r", error, exc_info=error)
    return Problem(500, "something broke in the server; its log says what")


def without_secrets(text: str) -> str:
    """Return ``text`` at most 2,000 characters long and without credentials in URLs.

    Examples
    --------
    >>> without_secrets("no answer at http://ada:secret@gpu-box:11434/")
    'no answer at http://gpu-box:11434/'
    """
    return _CREDENTIALS.sub(r"\1", shortened(text, _LONGEST))


def _fault(fault: Mapping[str, object]) -> Json:
    # The value itself is not repeated: it may be long, and it may be a secret.
    place = fault["loc"]
    parts = place if isinstance(place, tuple) else (place,)
    return {"place": ".".join(map(str, parts)), "message": str(fault["msg"])}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Client Closed Request" if status == CLIENT_LEFT else "Error"
