"""What crosses between processes, as bytes; and which part of it cannot cross.

Functions of a notebook travel by value (cloudpickle), those of a module by their name.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Mapping
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

import cloudpickle
from tblib import Traceback

from linus_nb.errors import ClusterError, NodeFailedError
from linus_nb.graph.node_result import error_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_LEVELS, _MOST_BEHIND = 20, 100


def pack(value: object, what: str) -> bytes:
    """Return ``value`` as bytes.

    Parameters
    ----------
    value : object
        Anything.
    what : str
        What it is, for the error.

    Raises
    ------
    ClusterError
        If it cannot travel; says which part of it, as a path from ``$``.

    Examples
    --------
    >>> import threading
    >>> pack({"rows": [1, threading.Lock()]}, "what node 'a' returned")
    Traceback (most recent call last):
    ...
    linus_nb.errors.ClusterError: what node 'a' returned cannot travel: $['rows'][1] is a lock
      -> use plain values, or make it inside the node; thread=False keeps a node here
    """
    try:
        return cloudpickle.dumps(value)  # type: ignore[no-any-return]
    except Exception as error:
        path, part = _culprit(value, "$", 0)
        raise ClusterError(
            f"{what} cannot travel: {path} is a {type(part).__name__}",
            hint="use plain values, or make it inside the node; thread=False keeps a node here",
        ) from error


class PackedError(NamedTuple):
    """An exception as it travels; its own pickling would lose causes and traceback.

    Parameters
    ----------
    made : bytes
        What makes it again: function, arguments and attributes.
    frames : dict, optional
        The traceback.
    cause, context : PackedError, optional
        The exceptions behind it.
    hidden : bool
        Whether ``context`` is left out where the exception is shown.
    """

    made: bytes
    frames: dict[str, Any] | None
    cause: PackedError | None
    context: PackedError | None
    hidden: bool

    @classmethod
    def of(cls, error: BaseException, before: tuple[BaseException, ...] = ()) -> PackedError:
        """Pack ``error``; one whose class cannot be made again is told as text.

        Parameters
        ----------
        error : BaseException
            The exception.
        before : tuple of BaseException
            Those that it is behind of; causes in a circle end there.
        """
        met, traceback = (*before, error), error.__traceback__
        cause, context = error.__cause__, error.__context__
        return cls(
            _made(error),
            Traceback(traceback).to_dict() if traceback is not None else None,
            cls._behind(cause, met),
            cls._behind(context, met) if context is not cause else None,
            error.__suppress_context__,
        )

    @classmethod
    def _behind(
        cls, error: BaseException | None, met: tuple[BaseException, ...]
    ) -> PackedError | None:
        if error is None or len(met) > _MOST_BEHIND or any(error is other for other in met):
            return None
        return cls.of(error, met)

    def unpack(self) -> BaseException:
        """Return the exception as it was."""
        error = _make_again(self.made)
        if self.frames is not None:
            error.__traceback__ = Traceback.from_dict(self.frames).as_traceback()
        error.__cause__ = self.cause.unpack() if self.cause is not None else None
        error.__context__ = self.context.unpack() if self.context else error.__cause__
        error.__suppress_context__ = self.hidden
        return error


def _made(error: BaseException) -> bytes:
    try:
        made = cloudpickle.dumps(error.__reduce_ex__(4))
        _make_again(made)
    except Exception:  # noqa: BLE001  # whatever its class does, the failure has to be told
        return cloudpickle.dumps(NodeFailedError(error_text(error)).__reduce_ex__(4))  # type: ignore[no-any-return]
    return made  # type: ignore[no-any-return]


def _make_again(made: bytes) -> BaseException:
    function, arguments, *rest = pickle.loads(made)  # noqa: S301  # as in unpack
    error: BaseException = function(*arguments)
    error.__dict__.update(rest[0] if rest and rest[0] else {})
    return error


def unpack(packed: bytes, what: str, where: str) -> Any:
    """Return what was packed; raises ClusterError where a module of it is missing."""
    try:
        return pickle.loads(packed)  # noqa: S301  # from the cluster, which runs our code anyway
    except Exception as error:
        raise ClusterError(
            f"{what} cannot be made {where}: {type(error).__name__}: {error}",
            hint="install the same packages on all workers; client.upload_file('helpers.py')",
        ) from error


def _culprit(value: object, path: str, depth: int) -> tuple[str, object]:
    """Return the innermost part of ``value`` that cannot travel."""
    if depth < _MOST_LEVELS:
        for step, part in _parts(value):
            try:
                cloudpickle.dumps(part)
            except Exception:  # noqa: BLE001  # as in pack: this is what is looked for
                return _culprit(part, path + step, depth + 1)
    return path, value


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    elif isinstance(value, MethodType):
        yield from _parts(value.__self__)
    elif isinstance(value, functools.partial):
        yield from _parts({"func": value.func, "args": value.args, **value.keywords})
    elif isinstance(value, FunctionType):
        code, known = value.__code__, value.__globals__
        cells = zip(code.co_freevars, value.__closure__ or (), strict=True)
        yield from ((f".{name}", cell.cell_contents) for name, cell in cells)
        yield from ((f".{name}", known[name]) for name in code.co_names if name in known)
    else:
        yield from ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())
