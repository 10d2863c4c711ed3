"""A client of the platform, like any other: bearer token, idempotency keys, bounded retries, and a stopwatch."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import aiohttp
from pydantic_core import from_json, to_json
from yarl import URL

BUSY = frozenset({429, 502, 503, 504})
"""Answers that say "not now": worth another try with the same idempotency key, which makes a repeat harmless."""
TILL = "feed-till"
TILL_ACTOR = f"pos:{TILL}"
"""Who fed, as the log names it; a till of its own, so that its carts can be told from those of others."""
UNAUTHORIZED = 401
CONFLICT = 409
OK_BELOW = 300


class NoAnswerError(Exception):
    """The platform cannot be reached, stays busy, or answers in no known form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Bounds of one request: `attempts` in all, `pause` seconds after the first failure, doubling up to
    `longest_pause`, and `timeout` seconds for each answer. A `Retry-After` counts instead of the pause.
    """

    attempts: int = 12
    pause: float = 0.1
    longest_pause: float = 5.0
    timeout: float = 30.0

    def seconds(self, attempt: int, retry_after: str | None) -> float:
        """How long to wait after try number `attempt` (from 1) failed."""
        if retry_after is not None and retry_after.isdigit():
            return min(float(retry_after), self.longest_pause)
        return min(self.pause * 2.0 ** (attempt - 1), self.longest_pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A final answer. Durations in milliseconds: `elapsed` of the try that was answered; `server` has the parts that
    the platform measured itself (`append`, `publish`). `version` is that of the ETag. `replayed` is the stored first
    answer to this idempotency key: nothing was done this time.
    """

    status: int
    body: Any
    version: int | None
    elapsed: float
    server: Mapping[str, float]
    attempts: int
    replayed: bool

    @property
    def accepted(self) -> bool:
        return self.status < OK_BELOW

    @property
    def code(self) -> str | None:
        """The problem's code, for programs."""
        return self.body.get("code") if isinstance(self.body, dict) and not self.accepted else None

    def names(self, field: str) -> bool:
        """Whether the problem says that this field of the request is at fault."""
        errors = self.body.get("errors") or () if isinstance(self.body, dict) and not self.accepted else ()
        return any(error.get("field") == field for error in errors)


class PlatformClient:
    """One caller. Use `connect`."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, token: "TokenSource", patience: Patience) -> None:
        self._session = session
        self._origin = origin
        self._token = token
        self._patience = patience

    async def post(self, path: str, body: Mapping[str, Any] | None, *, key: str) -> Reply:
        """Ask for a change; the same `key` with the same body is the same request, however often it is sent."""
        return await self._command("POST", path, body, key)

    async def put(self, path: str, body: Mapping[str, Any], *, key: str) -> Reply:
        """Say what something is to be; `key` as for `post`."""
        return await self._command("PUT", path, body, key)

    async def get(self, path: str) -> Reply:
        """Ask a question; `path` with its query is taken as it is, already encoded."""
        return await self._request("GET", path, {}, None)

    async def _command(self, method: str, path: str, body: Mapping[str, Any] | None, key: str) -> Reply:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return await self._request(method, path, headers, to_json(body or {}))

    async def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Raises NoAnswerError when there is no final answer after all attempts."""
        url = URL(self._origin + path, encoded=True)
        for attempt in range(1, self._patience.attempts + 1):
            authorized = {**headers, "Authorization": await self._token.bearer()}
            began = perf_counter()
            try:
                async with self._session.request(method, url, headers=authorized, data=body) as response:
                    content = await response.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                failure, retry_after = _in_words(error), None
            else:
                elapsed = (perf_counter() - began) * 1000
                if not _worth_another_try(response):
                    return _reply(response, content, elapsed, attempt)
                if response.status == UNAUTHORIZED:
                    self._token.forget()
                failure = f"{response.status} {content[:500].decode(errors='replace')}"
                retry_after = response.headers.get("Retry-After")
            if attempt < self._patience.attempts:
                await asyncio.sleep(self._patience.seconds(attempt, retry_after))
        raise NoAnswerError(f"{method} {path}: given up after {self._patience.attempts} attempts, the last: {failure}")


class TokenSource:
    """The caller's bearer token, asked for once and again when it was refused."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, form: Mapping[str, str]) -> None:
        self._session = session
        self._url = origin + "/oauth/token"
        self._form = form
        self._bearer: str | None = None
        self._lock = asyncio.Lock()

    async def bearer(self) -> str:
        """The value of the Authorization header; NoAnswerError if there is no token to be had."""
        if self._bearer is not None:
            return self._bearer
        async with self._lock:
            if self._bearer is None:
                self._bearer = f"Bearer {await self._fetch()}"
            return self._bearer

    def forget(self) -> None:
        self._bearer = None

    async def _fetch(self) -> str:
        try:
            async with self._session.post(self._url, data=self._form) as response:
                content = await response.read()
                if response.status >= OK_BELOW:
                    raise NoAnswerError(f"no token: {response.status} {content[:500].decode(errors='replace')}")
                return str(from_json(content)["access_token"])
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            raise NoAnswerError(f"no token from {self._url}: {_in_words(error)}") from error


@asynccontextmanager
async def connect(
    origin: str, *, patience: Patience | None = None, subject: str = TILL, role: str = "pos"
) -> AsyncIterator[PlatformClient]:
    """A client of the platform at `origin` (such as `http://127.0.0.1:8080`), a till if nothing else is said."""
    chosen = patience or Patience()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),  # whoever uses the client bounds what is in flight
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=chosen.timeout),
    ) as session:
        form = {"subject": subject, "roles": role}
        yield PlatformClient(session, origin.rstrip("/"), TokenSource(session, origin.rstrip("/"), form), chosen)


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__} {error}".rstrip()


def _worth_another_try(response: aiohttp.ClientResponse) -> bool:
    """A conflict that names a time passes by itself (somebody else's write, the same request still in flight)."""
    status = response.status
    return status in BUSY or status == UNAUTHORIZED or (status == CONFLICT and "Retry-After" in response.headers)


def _reply(response: aiohttp.ClientResponse, content: bytes, elapsed: float, attempts: int) -> Reply:
    try:
        body = from_json(content) if content else None
    except ValueError as error:
        raise NoAnswerError(f"{response.status} without JSON: {content[:200]!r}") from error
    return Reply(
        status=response.status,
        body=body,
        version=_version(response.headers.get("ETag")),
        elapsed=elapsed,
        server=server_timing(response.headers.get("Server-Timing", "")),
        attempts=attempts,
        replayed="Idempotent-Replayed" in response.headers,
    )


def _version(etag: str | None) -> int | None:
    text = (etag or "").removeprefix("W/").strip('"')
    return int(text) if text.isdigit() else None


def server_timing(header: str) -> dict[str, float]:
    """Milliseconds by name, of `append;dur=3.2, publish;dur=1.1`; entries without a duration are left out."""
    found = {}
    for entry in header.split(","):
        name, _, duration = entry.strip().partition(";dur=")
        if duration:
            found[name] = float(duration.partition(";")[0])
    return found
