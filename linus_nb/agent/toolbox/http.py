"""Fetching pages from hosts on a list."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from linus_nb.errors import OptionError, ToolError, ToolTimeoutError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

MAX_BYTES: Final = 200_000
SECONDS: Final = 20.0
MAX_REDIRECTS: Final = 5
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class HttpGet(BaseModel):
    """Arguments of the HTTP tool."""

    url: str = Field(description="The full URL, with http:// or https://.")


class Origin(NamedTuple):
    """Where a request goes: scheme, host and port, all three exactly."""

    scheme: str
    host: str
    port: int


def create_http_get(
    allow: Sequence[str], *, max_bytes: int = MAX_BYTES, timeout: float = SECONDS
) -> BaseTool:
    """Make a tool that reads web pages, from the listed hosts only.

    Every hop of a redirect is checked against the list before it is followed. No cookies,
    credentials or proxy settings of the surroundings are used.

    Parameters
    ----------
    allow : sequence of str
        Hosts, matched exactly: ``"example.com"`` (http and https on their usual ports),
        ``"example.com:8080"`` or ``"https://example.com"``. Subdomains are hosts of their own.
    max_bytes : int
        The most that one page may have.
    timeout : float
        Seconds for the whole call, all redirects included.

    Returns
    -------
    BaseTool
        The tool ``http_get``.

    Examples
    --------
    >>> create_http_get(["example.com"]).name
    'http_get'
    """
    allowed = frozenset(origin for entry in allow for origin in _allowed_origins(entry))
    if not allowed or isinstance(allow, str):
        raise OptionError(
            f"allow={allow!r} lists no hosts", hint='create_http_get(allow=["example.com"])'
        )

    async def http_get(url: str) -> str:
        try:
            async with asyncio.timeout(timeout):
                return await _get(url, allowed, max_bytes, timeout)
        except TimeoutError as error:
            raise ToolTimeoutError(f"{url[:200]!r} took longer than {timeout:g} s") from error

    names = ", ".join(sorted({origin.host for origin in allowed}))
    return StructuredTool.from_function(
        coroutine=http_get,
        name="http_get",
        description=f"Read a web page from one of: {names[:300]}.",
        args_schema=HttpGet,
    )


def _allowed_origins(entry: str) -> list[Origin]:
    parts = urlsplit(entry if "://" in entry else f"//{entry}")
    try:
        port = parts.port
    except ValueError:
        port = -1
    only_a_host = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    known_scheme = parts.scheme in {"", *DEFAULT_PORTS}
    if not parts.hostname or port == -1 or not only_a_host or not known_scheme:
        raise OptionError(f"{entry!r} is no host", hint='allow=["example.com", "example.com:8080"]')
    schemes = [parts.scheme] if parts.scheme else list(DEFAULT_PORTS)
    return [
        Origin(scheme, parts.hostname.lower(), port or DEFAULT_PORTS[scheme]) for scheme in schemes
    ]


def _checked(url: httpx.URL, allowed: frozenset[Origin]) -> httpx.URL:
    """Return ``url`` if it may be asked for; its host is compared as it goes over the wire."""
    if url.userinfo:
        raise ToolError("a URL with a user name or password in it is not fetched")
    host = url.raw_host.decode("ascii").strip("[]")
    origin = Origin(url.scheme, host, url.port or DEFAULT_PORTS.get(url.scheme, 0))
    if origin not in allowed:
        hosts = ", ".join(sorted(f"{o.scheme}://{o.host}:{o.port}" for o in allowed))
        raise ToolError(
            f"{origin.scheme}://{origin.host}:{origin.port} is not on the list of allowed hosts",
            hint=f"use one of {hosts[:300]}",
        )
    return url


async def _get(
    address: str,
    allowed: frozenset[Origin],
    max_bytes: int,
    timeout: float,  # noqa: ASYNC109 - of each wait; the caller bounds the whole
) -> str:
    import httpx  # noqa: PLC0415 - a third of a second that only users of this tool should pay

    try:
        url = _checked(httpx.URL(address), allowed)
        # identity: a small compressed body could unpack to any size
        headers = {"Accept-Encoding": "identity"}
        async with httpx.AsyncClient(trust_env=False, timeout=timeout, headers=headers) as client:
            for _ in range(MAX_REDIRECTS + 1):
                client.cookies.clear()
                async with client.stream("GET", url) as response:
                    location = response.headers.get("location")
                    if response.status_code not in _REDIRECTS or not location:
                        return await _page(response, max_bytes)
                    url = _checked(url.join(location), allowed)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        cause = str(error) or type(error).__name__
        raise ToolError(f"cannot fetch {address[:200]!r}: {cause}") from error
    raise ToolError(f"{address[:200]!r} redirects more than {MAX_REDIRECTS} times")


async def _page(response: httpx.Response, max_bytes: int) -> str:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ToolError(f"{str(response.url)!r} sends a compressed page, which is not read")
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > max_bytes:
            raise ToolError(f"{str(response.url)!r} has more than {max_bytes:,} bytes")
    text = _decoded(bytes(content), response.charset_encoding)
    if response.is_error:
        raise ToolError(f"{str(response.url)!r} answered {response.status_code}: {text[:300]}")
    return text


def _decoded(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8", errors="replace")
    except LookupError:  # a charset that Python does not know
        return content.decode("utf-8", errors="replace")
