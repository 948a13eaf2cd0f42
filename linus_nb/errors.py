"""Every error that linus_nb raises on purpose, as one tree.

All of them are :class:`LinusError`; each is also the builtin that fits it
(``ValueError``, ``TimeoutError``, ``ConnectionError``, ``LookupError`` ...), so
code that knows nothing of linus_nb still catches them in the usual way.
A message names the offending value and the cause; the hint says what to type
next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class LinusError(Exception):
    """Base of every error of linus_nb.

    Parameters
    ----------
    message : str
        What is wrong, with the offending value in it.
    hint : str, optional
        What to type next. It becomes the last line of ``str(error)``.

    Examples
    --------
    >>> print(LinusError("no node 'b'", hint="dag.add_node(AgentNode('b', ...))"))
    no node 'b'
      -> dag.add_node(AgentNode('b', ...))
    """

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message


class OptionError(LinusError, ValueError):
    """An argument has a value that can never work."""


class MissingExtraError(LinusError, ImportError):
    """A feature needs a package that is not installed."""


# --- graphs -----------------------------------------------------------------


class GraphError(LinusError, ValueError):
    """A DAG is not what it has to be; raised before any node runs.

    ``problems`` lists every fault found, one sentence each.
    """

    def __init__(
        self, message: str = "", *, hint: str | None = None, problems: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems or ((message,) if message else ())


class CycleError(GraphError):
    """An edge would close a cycle. ``cycle`` is its path, first name repeated at the end."""

    def __init__(
        self, message: str = "", *, hint: str | None = None, cycle: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.cycle = cycle


class UnknownNodeError(GraphError, LookupError):
    """A name that no node of the DAG has."""


class PromptError(GraphError):
    """A prompt template cannot be read or filled."""


class ExpressionError(GraphError):
    """A condition's expression cannot be read, or would grow without bounds.

    ``position`` is the character at fault, counted from 0; None if it is not one place.
    """

    def __init__(
        self, message: str = "", *, hint: str | None = None, position: int | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.position = position


class MissingInputError(GraphError, LookupError):
    """A node needs a key that nobody supplies."""


class SharedKeyError(GraphError):
    """Two nodes wrote, or would write, the same output key."""


class NodeFailedError(LinusError, RuntimeError):
    """A node ended in a way that is no ordinary exception; the cause is ``__cause__``."""


class ConditionError(LinusError, RuntimeError):
    """The condition of an edge raised; the cause is ``__cause__``."""


class NodeTimeoutError(LinusError, TimeoutError):
    """A node ran longer than its ``timeout_seconds``."""


class RunFailedError(LinusError, RuntimeError):
    """Raised by ``result.raise_for_status()``; ``result`` holds all that finished."""

    def __init__(self, message: str = "", *, hint: str | None = None, result: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.result = result


class RowsError(LinusError, RuntimeError):
    """The rows of a map ended with an error of their source, which is ``__cause__``."""


class UnstorableError(LinusError, TypeError):
    """A value cannot be written to a journal. ``path`` says where in it, like ``$.a[1].lock``."""

    def __init__(self, message: str = "", *, hint: str | None = None, path: str = "$") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class JournalError(LinusError, RuntimeError):
    """A journal cannot be read or written."""


class UnreadableError(JournalError, ValueError):
    """A stored value cannot be made again: its class is not loaded, or the file is damaged."""


class UnknownRunError(JournalError, LookupError):
    """A journal has no such run."""


class RunBusyError(JournalError):
    """Somebody else is at work on this run."""


# --- agents -----------------------------------------------------------------


class AgentError(LinusError, RuntimeError):
    """An agent has no answer.

    ``response`` is the :class:`~linus_nb.agent.agent.AgentResponse` with what there
    is so far (``None`` if nothing was begun).
    """

    def __init__(self, message: str = "", *, hint: str | None = None, response: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.response = response


class NoAnswerError(AgentError):
    """The model replied, but not with an answer: empty, cut short or unreadable."""


class InvalidTaskError(AgentError, ValueError):
    """The task does not fit the agent's ``input_schema``."""


class ModelUnreachableError(AgentError, ConnectionError):
    """No model server answers at the URL."""


class ModelNotFoundError(AgentError, LookupError):
    """The server is up but has no such model."""


class ModelBusyError(AgentError, ConnectionError):
    """The server says that it is overloaded (HTTP 503 or 429)."""


class ModelRefusedError(AgentError, ConnectionError):
    """The server refused the request (any other HTTP error)."""


class ModelStreamCutError(AgentError, ConnectionError):
    """The server's reply broke off before its end."""


class ModelSilentError(AgentError, TimeoutError):
    """The server sent nothing for longer than the timeout allows."""


class ModelFileError(AgentError, FileNotFoundError):
    """The embedded model's file is missing or damaged."""


class ToolError(LinusError, RuntimeError):
    """A tool refused its arguments or could not do its work."""


class ToolTimeoutError(ToolError, TimeoutError):
    """A tool ran longer than it may."""


# --- clusters ---------------------------------------------------------------


class ClusterError(LinusError, RuntimeError):
    """A cluster cannot do a node's work: it is gone, keeps failing, or a thing cannot travel."""


# --- serving ----------------------------------------------------------------


class RequestRefusedError(LinusError, RuntimeError):
    """A server does not do what a request asks; ``status`` is the HTTP status of its reply."""

    def __init__(
        self,
        message: str = "",
        *,
        hint: str | None = None,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.headers = dict(headers or {})


# --- testing ----------------------------------------------------------------


class ScriptError(LinusError, AssertionError):
    """A scripted model was called without a step for it, or kept steps nobody asked for."""


class CassetteError(LinusError, AssertionError):
    """A replayed call is not the one that was recorded, or recorded calls were never made."""
