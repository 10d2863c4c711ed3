"""Named tasks in Cloud Tasks, over its REST interface: a name is taken once, so a timer is set once."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic_core import to_json

from shared.eventsourcing.errors import UnavailableError

SCOPE = "https://www.googleapis.com/auth/cloud-tasks"
_TAKEN = 409


class CloudTasks:
    """`Timers`. `queue` is `projects/…/locations/…/queues/…`, `url` where the queue's function is; it is called with an
    OIDC token of `caller` for `audience`.
    """

    def __init__(
        self,
        endpoint: str,
        queue: str,
        *,
        url: str,
        caller: str,
        audience: str,
        token: Callable[[], Awaitable[str]] | None,
        client: httpx.AsyncClient,
    ) -> None:
        self._tasks = f"{endpoint}/v2/{queue}/tasks"
        self._queue = queue
        self._url = url
        self._caller = caller
        self._audience = audience
        self._token = token
        self._client = client

    async def schedule(self, name: str, at: datetime, path: str, body: Mapping[str, Any]) -> None:
        """POST `body` to `path` of the function at that time, or a little later; nothing, if the name was taken before.
        UnavailableError if the queue cannot be reached.
        """
        headers = {"Authorization": f"Bearer {await self._token()}"} if self._token else {}
        try:
            response = await self._client.post(
                self._tasks, json={"task": self._task(name, at, path, body)}, headers=headers, timeout=5.0
            )
        except httpx.HTTPError as error:
            raise UnavailableError(f"Cloud Tasks did not answer: {error!r}") from error
        if response.status_code == _TAKEN:
            return
        if not response.is_success:
            raise UnavailableError(f"Cloud Tasks answered {response.status_code}: {response.text[:200]}")

    def _task(self, name: str, at: datetime, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": f"{self._queue}/tasks/{name}",
            "scheduleTime": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "httpRequest": {
                "httpMethod": "POST",
                "url": self._url + path,
                "headers": {"Content-Type": "application/json"},
                "body": b64encode(to_json(body)).decode(),
                "oidcToken": {"serviceAccountEmail": self._caller, "audience": self._audience},
            },
        }
