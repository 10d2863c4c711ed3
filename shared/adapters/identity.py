"""This function's own identity, as a token that other functions can check."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import jwt

from shared.eventsourcing.errors import UnavailableError

_PATH = "/computeMetadata/v1/instance/service-accounts/default/identity"
_RENEW_BEFORE = timedelta(minutes=5)


class IdentityToken:
    """Awaiting a call of it gives a signed OIDC token for `audience`, from the metadata server at `host`. It is kept
    until shortly before it expires.
    """

    def __init__(self, host: str, audience: str, clock: Callable[[], datetime], client: httpx.AsyncClient) -> None:
        self._url = f"http://{host}{_PATH}"
        self._audience = audience
        self._clock = clock
        self._client = client
        self._token = ""
        self._renew_at = 0.0
        self._turn = asyncio.Lock()

    async def __call__(self) -> str:
        """UnavailableError if the metadata server does not give one."""
        async with self._turn:
            if self._clock().timestamp() >= self._renew_at:
                await self._renew()
            return self._token

    def forget(self) -> None:
        """The token was refused: ask for another one next time."""
        self._renew_at = 0.0

    async def _renew(self) -> None:
        parameters = {"audience": self._audience, "format": "full"}
        try:
            response = await self._client.get(self._url, params=parameters, headers={"Metadata-Flavor": "Google"})
            response.raise_for_status()
            token = response.text.strip()
            expires = float(jwt.decode(token, options={"verify_signature": False})["exp"])
        except (httpx.HTTPError, jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise UnavailableError(f"no identity token for {self._audience}: {error!r}") from error
        self._token, self._renew_at = token, expires - _RENEW_BEFORE.total_seconds()
