"""How long a model server may stay silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from linus_nb.errors import OptionError

LONGEST_CONNECT = 5.0


@dataclass(frozen=True, slots=True)
class Timeout:
    """The longest silences to bear, in seconds; never a limit on a whole reply.

    Parameters
    ----------
    connect : float
        Until the server takes the connection.
    first_token : float
        Until the reply begins; it covers loading a model from a cold disk.
    between_tokens : float
        Between two pieces of the reply.
    """

    connect: float = LONGEST_CONNECT
    first_token: float = 300.0
    between_tokens: float = 60.0


DEFAULT_TIMEOUT = Timeout()
TimeoutOption = float | Mapping[str, float] | Timeout | None


def read_timeout(option: TimeoutOption) -> Timeout:
    """Return the timeout that ``option`` stands for.

    Parameters
    ----------
    option : float, mapping, Timeout or None
        A number of seconds sets all three silences (``connect`` to 5 at most), a mapping
        the ones that it names, None leaves the default.

    Returns
    -------
    Timeout
        All three silences, in seconds.

    Raises
    ------
    OptionError
        A value is no positive number, or a name is unknown.

    Examples
    --------
    >>> read_timeout(30)
    Timeout(connect=5.0, first_token=30, between_tokens=30)
    >>> read_timeout({"first_token": 900}).first_token
    900
    """
    if option is None:
        return DEFAULT_TIMEOUT
    if isinstance(option, Timeout):
        return option
    if isinstance(option, Mapping):
        known = {field.name for field in fields(Timeout)}
        for name, value in option.items():
            if name not in known:
                raise OptionError(
                    f"timeout has no part {name!r}",
                    hint=f"timeout={{'first_token': 300}}; parts: {', '.join(sorted(known))}",
                )
            _check(name, value)
        return Timeout(**option)
    _check("timeout", option)
    return Timeout(min(LONGEST_CONNECT, option), option, option)


def _check(name: str, value: object) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and value > 0):  # type: ignore[operator]  # a number, as just checked
        raise OptionError(f"{name}={value!r} is not a number of seconds above 0", hint="timeout=60")
