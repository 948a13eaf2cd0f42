"""Asks for the token."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from linus_nb.errors import OptionError, RequestRefusedError

_bearer = HTTPBearer(auto_error=False, description="The server's token.")


class TokenCheck:
    """A dependency that refuses requests without the right token.

    Parameters
    ----------
    token : str
        What ``Authorization: Bearer ...`` has to hold.
    """

    def __init__(self, token: str) -> None:
        if not token.strip():
            raise OptionError(
                "token is empty, so it protects nothing", hint="token=None says so on purpose"
            )
        self._token = token.encode()

    def __repr__(self) -> str:
        return "TokenCheck(...)"  # a token must not get into a log

    async def __call__(
        self, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> None:
        """Raise 401 unless the token is the right one."""
        # Headers are bytes that were read as Latin-1.
        told = given.credentials.encode("latin-1", "replace") if given is not None else b""
        if not hmac.compare_digest(told, self._token):  # takes as long whatever is wrong
            raise RequestRefusedError(
                "the token is missing or wrong",
                hint="Authorization: Bearer <token>",
                status=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
