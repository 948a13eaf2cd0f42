"""Where a model server is: reading addresses, and telling when two are the same server."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import SplitResult, urlsplit

from linus_nb.errors import OptionError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 11434
_SCHEME_PORTS = {"http": 80, "https": 443}


def ollama_url(api_base: str | None = None) -> str:
    """Return the URL of the Ollama server that is meant, as Ollama itself reads addresses.

    Parameters
    ----------
    api_base : str, optional
        A host, ``host:port`` or URL; default: the environment's OLLAMA_HOST, else
        ``127.0.0.1:11434``.

    Returns
    -------
    str
        ``scheme://host:port/path`` without a trailing slash, credentials kept.

    Raises
    ------
    OptionError
        The address cannot be read.

    Examples
    --------
    >>> ollama_url("gpu-box")
    'http://gpu-box:11434'
    >>> ollama_url("https://models.example.org/ollama/")
    'https://models.example.org:443/ollama'
    """
    text = (api_base or os.environ.get("OLLAMA_HOST") or DEFAULT_HOST).strip()
    has_scheme = "://" in text
    try:
        parts = urlsplit(text if has_scheme else f"http://{text}")
        port = parts.port
    except ValueError as error:
        raise _unreadable(text) from error
    if parts.scheme not in _SCHEME_PORTS:
        raise _unreadable(text)
    port = port or (_SCHEME_PORTS[parts.scheme] if has_scheme else DEFAULT_PORT)
    user, at, _ = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user}{at}{_connectable(parts)}:{port}{parts.path.rstrip('/')}"


def without_credentials(url: str) -> str:
    """Return ``url`` fit for messages and logs.

    Examples
    --------
    >>> without_credentials("http://ada:secret@gpu-box:11434")
    'http://gpu-box:11434'
    """
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def is_loopback(url: str) -> bool:
    """Tell whether ``url`` is on this machine, so that no proxy can be meant.

    Examples
    --------
    >>> is_loopback("http://localhost:11434"), is_loopback("http://gpu-box:11434")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def server_key(url: str) -> str:
    """Return a name for the server behind ``url``: equal for equal servers.

    Examples
    --------
    >>> server_key("http://localhost:11434/") == server_key("http://127.0.0.1:11434")
    True
    """
    parts = urlsplit(url)
    host = DEFAULT_HOST if is_loopback(url) else (parts.hostname or "")
    port = parts.port or _SCHEME_PORTS.get(parts.scheme, 0)
    return f"{parts.scheme}://{host}:{port}"


def _connectable(parts: SplitResult) -> str:
    """Host to connect to; ``0.0.0.0`` is what a server listens on, not where one calls."""
    host = parts.hostname or DEFAULT_HOST
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # read from the user's setting, never bound
        return DEFAULT_HOST
    return f"[{host}]" if ":" in host else host


def _unreadable(text: str) -> OptionError:
    return OptionError(
        f"{without_credentials(text)!r} is not the address of a model server",
        hint="api_base='http://127.0.0.1:11434'",
    )
