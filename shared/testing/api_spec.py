"""Requests to a function, without a server: what goes in is what a client sends, what comes out is what it gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from shared.http.edge import Handler

Headers = Mapping[str, str | Sequence[str]]
"""By name; a sequence of values is as many headers of that name."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return from_json(self.body)

    @property
    def fields_at_fault(self) -> list[str]:
        """The fields that a problem names."""
        return [error["field"] for error in self.json.get("errors", [])]


@dataclass(frozen=True, slots=True)
class ApiSpec:
    """A caller of one function, with its token."""

    function: Handler
    token: str | None = None

    async def send(
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        body: bytes | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        """`json` is encoded, `body` is sent as it is."""
        content = body if body is not None else b"" if json is None else to_json(json)
        return await request(self.function, method, url, content, self._headers(headers))

    async def post(self, url: str, key: str, json: object = None, **headers: str) -> Reply:
        """A POST with its idempotency key; `if_match="3"` becomes the header `If-Match: 3`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.send("POST", url, json=json or {}, headers={"Idempotency-Key": key, **named})

    async def query(self, url: str, json: object) -> Reply:
        """A query that has a body: a POST without a key."""
        return await self.send("POST", url, json=json)

    async def get(self, url: str) -> Reply:
        return await self.send("GET", url)

    def _headers(self, more: Headers | None) -> Headers:
        headers: dict[str, str | Sequence[str]] = {"content-type": "application/json"}
        headers |= {name.lower(): value for name, value in (more or {}).items()}
        if self.token is not None:
            headers.setdefault("authorization", f"Bearer {self.token}")
        return headers


async def request(function: Handler, method: str, url: str, content: bytes, headers: Headers) -> Reply:
    """One request, as the function gets it from its server."""
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [
            (name.lower().encode(), each.encode())
            for name, value in headers.items()
            for each in ([value] if isinstance(value, str) else value)
        ],
        "server": ("test", 80),
        "scheme": "http",
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    response: Response = await function(Request(scope, receive))
    return Reply(response.status_code, dict(response.headers), bytes(response.body))
