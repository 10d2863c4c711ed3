"""OAuth access tokens of the process's own Google identity, for requests over HTTPS."""

import asyncio
from typing import Any

import google.auth
import google.auth.exceptions
import google.auth.transport.requests

from shared.eventsourcing.errors import UnavailableError


class AccessToken:
    """Awaiting a call of it gives a valid token. google-auth blocks while it asks for one, about once an hour: that
    happens in a thread.
    """

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._identity: Any = None
        self._turn = asyncio.Lock()

    async def __call__(self) -> str:
        async with self._turn:
            if self._identity is None or not self._identity.valid:
                try:
                    await asyncio.to_thread(self._refresh)
                except google.auth.exceptions.GoogleAuthError as error:
                    raise UnavailableError(f"no access token for {self._scope}: {error}") from error
            token: str = self._identity.token
            return token

    def _refresh(self) -> None:
        if self._identity is None:
            self._identity, _ = google.auth.default(scopes=[self._scope])
        self._identity.refresh(google.auth.transport.requests.Request())
