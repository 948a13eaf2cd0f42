"""What went wrong with a model server: one error of ours for each kind of fault (pure)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import ollama

from linus_nb.errors import (
    AgentError,
    LinusError,
    ModelBusyError,
    ModelNotFoundError,
    ModelRefusedError,
    ModelSilentError,
    ModelStreamCutError,
    ModelUnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linus_nb.agent.serving.timeouts import Timeout

TRANSIENT = (ModelUnreachableError, ModelBusyError, ModelStreamCutError)
"""What may be gone a moment later."""

_BUSY = frozenset({429, 503})
_NO_MODEL = re.compile(r"model\b.*\bnot found", re.IGNORECASE | re.DOTALL)
_NO_STATUS = -1  # what ollama puts on an error that came inside a stream
_QUOTED = 300  # characters of the server's own words that a message quotes
_LISTED = 20  # installed models that a message lists


@dataclass(frozen=True, slots=True)
class Target:
    """The model that was called, as messages name it."""

    model: str
    url: str

    def __str__(self) -> str:
        return f"model {self.model!r} at {self.url}"


def fault_of(error: Exception, target: Target) -> LinusError:
    """Return our error for what a call to an Ollama server raised.

    Examples
    --------
    >>> target = Target("gemma3:4b", "http://127.0.0.1:11434")
    >>> print(fault_of(httpx.ConnectError("refused"), target))
    no model server answers at http://127.0.0.1:11434 (wanted: 'gemma3:4b'): refused
      -> ollama serve
    """
    if isinstance(error, LinusError):
        return error
    if isinstance(error, ollama.ResponseError):
        return _from_status(error, target)
    for kinds, describe in _KINDS:
        if isinstance(error, kinds):
            return describe(target, str(error) or type(error).__name__)
    return failed(target.model, error)


def failed(model: str, error: Exception) -> AgentError:
    """Return the error for a fault that has no kind of its own."""
    return AgentError(
        f"the call to model {model!r} failed: {type(error).__name__}: {_short(str(error))}",
        hint="see error.__cause__",
    )


def unreachable(target: Target, why: str) -> ModelUnreachableError:
    """Return the error for a server that takes no connection."""
    return ModelUnreachableError(
        f"no model server answers at {target.url} (wanted: {target.model!r}): {_short(why)}",
        hint="ollama serve",
    )


def stream_cut(target: Target, why: str) -> ModelStreamCutError:
    """Return the error for a reply that broke off."""
    return ModelStreamCutError(
        f"the reply of {target} broke off before its end: {_short(why)}",
        hint="run it again; if it stays so: ollama ps, and read the server's log",
    )


def only_loaded(target: Target) -> ModelBusyError:
    """Return the error for a server that loaded the model and generated nothing."""
    return ModelBusyError(
        f"{target} was loaded but sent no reply (done_reason 'load')",
        hint="run it again; a message to the model must not be empty",
    )


def silent(target: Target, timeout: Timeout, *, begun: bool) -> ModelSilentError:
    """Return the error for a server that said nothing for too long."""
    part = "between_tokens" if begun else "first_token"
    seconds = timeout.between_tokens if begun else timeout.first_token
    return _silent(target, f"for {seconds:g} s ({part})", part, seconds)


def with_installed(
    error: ModelNotFoundError, installed: Sequence[str] | None
) -> ModelNotFoundError:
    """Return ``error`` with the models that the server does have, where they are known."""
    if installed is None:
        return error
    shown = ", ".join(installed[:_LISTED]) + (" ..." if len(installed) > _LISTED else "")
    return ModelNotFoundError(f"{error.message}; installed: {shown or 'none'}", hint=error.hint)


def _out_of_time(target: Target, why: str) -> ModelSilentError:
    """Return the error where the user's own client has a timeout, and it struck."""
    return _silent(target, f"for longer than its client allows ({why})", "first_token", 150)


def _silent(target: Target, how_long: str, part: str, seconds: float) -> ModelSilentError:
    return ModelSilentError(
        f"{target} sent nothing {how_long}",
        hint=f"ollama ps; to wait longer: timeout={{{part!r}: {2 * seconds:g}}}",
    )


def _from_status(error: ollama.ResponseError, target: Target) -> AgentError:
    said = _short(error.error)
    status = error.status_code
    if status == _NO_STATUS:
        return stream_cut(target, f"the server says {said!r}")
    if status in _BUSY:
        return ModelBusyError(
            f"{target} is busy (HTTP {status}): {said}",
            hint="run it again later, or with fewer calls at once: max_parallel=1",
        )
    if status == httpx.codes.NOT_FOUND and _is_missing_model(error):
        return ModelNotFoundError(
            f"there is no model {target.model!r} at {target.url}",
            hint=f"ollama pull {target.model}",
        )
    return ModelRefusedError(
        f"{target} refused the request (HTTP {status}): {said}", hint=_after_refusal(status)
    )


def _is_missing_model(error: ollama.ResponseError) -> bool:
    """Tell Ollama's own 404 from that of a proxy, a wrong path or another program.

    Ollama's client unwraps the body before it raises; the answer itself, which tells JSON
    from text, is still on the exception that it replaced.
    """
    answered = error.__context__
    if not isinstance(answered, httpx.HTTPStatusError):
        return False
    try:
        body = answered.response.json()
    except ValueError:
        return False
    said = body.get("error") if isinstance(body, dict) else None
    return isinstance(said, str) and _NO_MODEL.search(said) is not None


def _after_refusal(status: int) -> str:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return "give credentials: api_base='https://user:password@host'"
    if status == httpx.codes.NOT_FOUND:
        return "linus-nb doctor; api_base= has to be the address of an Ollama server"
    return "ollama ps, and read the server's log"


def _not_ollama(target: Target, why: str) -> ModelRefusedError:
    return ModelRefusedError(
        f"what answers at {target.url} (wanted: {target.model!r}) does not speak Ollama's API: "
        f"{_short(why)}",
        hint="linus-nb doctor; api_base= has to be the address of an Ollama server",
    )


_KINDS: tuple[tuple[tuple[type[Exception], ...], Callable[[Target, str], AgentError]], ...] = (
    ((httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError), unreachable),
    ((httpx.TimeoutException,), _out_of_time),
    ((httpx.TransportError,), stream_cut),
    ((httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError), _not_ollama),
)
"""Kinds of exceptions, the narrower first, and what each becomes."""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED else f"{line[:_QUOTED]}..."
