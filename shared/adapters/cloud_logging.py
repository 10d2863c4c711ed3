"""Entries in Cloud Logging, over its REST interface: for processes whose standard output nobody collects."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from shared.eventsourcing.errors import UnavailableError

SCOPE: Final = "https://www.googleapis.com/auth/logging.write"
GOOGLE_LOGGING: Final = "https://logging.googleapis.com"


class CloudLogging:
    """Writes to one log of a project; `token()` gives an access token. `timeout` in seconds."""

    def __init__(
        self,
        project: str,
        log: str,
        *,
        token: Callable[[], Awaitable[str]],
        clock: Callable[[], datetime],
        endpoint: str = GOOGLE_LOGGING,
        timeout: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._project = project
        self._log = log
        self._token = token
        self._clock = clock
        self._endpoint = endpoint
        self._timeout = timeout
        self._transport = transport

    async def write(self, severity: str, message: str, **fields: Any) -> None:
        """One entry; UnavailableError if it is not taken. It is not tried again: nothing depends on it."""
        entry = {
            "logName": f"projects/{self._project}/logs/{self._log}",
            "resource": {"type": "global", "labels": {"project_id": self._project}},
            "severity": severity,
            "timestamp": self._clock().astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "jsonPayload": {"message": message, **fields},
        }
        headers = {"Authorization": f"Bearer {await self._token()}"}
        url = f"{self._endpoint}/v2/entries:write"
        try:
            async with httpx.AsyncClient(timeout=self._timeout, transport=self._transport) as client:
                response = await client.post(url, json={"entries": [entry]}, headers=headers)
        except httpx.HTTPError as error:
            raise UnavailableError(f"Cloud Logging did not answer: {error!r}") from error
        if not response.is_success:
            raise UnavailableError(f"Cloud Logging answered {response.status_code}: {response.text[:200]}")
