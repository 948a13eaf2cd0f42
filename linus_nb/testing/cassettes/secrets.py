"""Taking secrets out of what is written to disk (pure, but for reading the environment)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from linus_nb.agent.json_values import JsonValue

HIDDEN = "***"
SHORTEST = 8
"""Characters of the shortest text that is taken for a secret; shorter ones would hide words."""

_VARIABLE = re.compile(
    r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$", re.IGNORECASE
)
_HEADER = re.compile(r"key|token|secret|authorization|cookie|credential", re.IGNORECASE)
_IN_URL = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@]+@", re.IGNORECASE)
_KEY = re.compile(
    r"\b(?:sk|pk|rk)-[\w-]{16,}|\b(?:ghp|gho|ghs|hf|xoxb|xoxp|glpat)[_-]\w{16,}"
    r"|\b(?P<bearer>Bearer )\S{8,}"
)


def secrets_around(model: object) -> frozenset[str]:
    """Return the secrets that a model or the environment holds.

    A model's are its ``SecretStr`` fields, the headers of its client and the user and password
    of its address; the environment's are the values of variables named ``..._KEY``,
    ``..._TOKEN`` and the like.
    """
    found = {value for name, value in os.environ.items() if _VARIABLE.search(name)}
    if isinstance(model, BaseModel):
        found.update(_in_field(name, value) for name, value in model)
        for name in ("client_kwargs", "async_client_kwargs"):
            options = getattr(model, name, None)
            found.update(_in_headers(options) if isinstance(options, Mapping) else ())
    return frozenset(text for text in found if len(text) >= SHORTEST)


def without_secrets(value: JsonValue, secrets: Iterable[str] = ()) -> JsonValue:
    """Return ``value`` with every secret in its texts as ``***``.

    Known secrets, credentials in addresses and what has the form of a key are taken out.

    Examples
    --------
    >>> without_secrets({"url": "http://ada:pass@gpu-box/", "text": "it is hunter22"}, ["hunter22"])
    {'url': 'http://***@gpu-box/', 'text': 'it is ***'}
    """
    longest_first = sorted(secrets, key=len, reverse=True)
    return _without(value, longest_first)


def _without(value: JsonValue, secrets: list[str]) -> JsonValue:
    if isinstance(value, dict):
        return {key: _without(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, secrets) for inner in value]
    if not isinstance(value, str):
        return value
    text = value
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _IN_URL.sub(rf"\g<scheme>{HIDDEN}@", text)
    return _KEY.sub(lambda found: f"{found['bearer'] or ''}{HIDDEN}", text)


def _in_field(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if not isinstance(value, str):
        return ""
    return (urlsplit(value).password or "") if name.endswith(("url", "base")) else ""


def _in_headers(options: Mapping[str, object]) -> Iterable[str]:
    headers = options.get("headers")
    if not isinstance(headers, Mapping):
        return
    for name, value in cast("Mapping[str, object]", headers).items():
        if _HEADER.search(str(name)):
            yield str(value)
