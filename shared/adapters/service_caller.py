"""Calls of other services over their public API, with this function's own identity."""

import asyncio
from urllib.parse import quote

import httpx
from pydantic_core import from_json, to_json

from shared.adapters.identity import IdentityToken
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.workflow.calls import Request, Response

_UNAUTHORIZED = 401
_LEGAL = "/?&=%:@+,"
"""In a path with its query, besides letters and digits: ids hold one character that is not, the bar."""


class HttpCaller:
    """`Caller`. `origin` is where the platform's public API is."""

    def __init__(self, origin: str, token: IdentityToken, client: httpx.AsyncClient) -> None:
        self._origin = origin
        self._token = token
        self._client = client

    async def call(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(request.timeout.total_seconds()):  # httpx has one for each part, none for all
                answer = await self._client.request(
                    request.method,
                    f"{self._origin}/{request.service}/v1{quote(request.path, safe=_LEGAL)}",
                    content=to_json(request.body) if request.body is not None else None,
                    headers={"Authorization": f"Bearer {await self._token()}", **_headers(request)},
                    timeout=None,
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise UnavailableError(f"{request.service} did not answer: {error!r}") from error
        if answer.status_code == _UNAUTHORIZED:
            self._token.forget()
        return Response(answer.status_code, _object(answer.content), dict(answer.headers))


def _headers(request: Request) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json" if request.body is not None else "",
        "If-Match": f'"{request.if_match}"' if request.if_match is not None else "",
        "Idempotency-Key": request.key if request.method != "GET" else "",
        "X-Correlation-Id": request.correlation_id,
        "X-Causation-Id": request.causation_id,
    }
    return {name: value for name, value in headers.items() if value}


def _object(content: bytes) -> dict[str, object]:
    """A JSON object, or nothing: what a proxy says is no answer of a service."""
    try:
        found = from_json(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
