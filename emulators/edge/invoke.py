"""Calling a function: over HTTP where it has a process, in this process where it has none. `Send` is for the platform's
own calls (deliveries, schedules), where only the status counts.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import aiohttp
from yarl import URL

Send = Callable[[str, str, str, Mapping[str, str], bytes], Awaitable[int]]
"""(service, function, path, headers, body) → HTTP status. Never raises for what the function does."""

AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
Address = Callable[[str, str], str]
"""(service, function) → the URL that its paths are appended to."""

UNREACHABLE = 503
TIMEOUT = 504

_log = logging.getLogger(__name__)

# Shorter than any server here keeps an idle connection (gunicorn: 2 s), so that a request never meets a closing one.
_IDLE = 1.5


def client_session() -> aiohttp.ClientSession:
    """Pooled keep-alive connections to the functions; made inside the running loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )


class HttpSend:
    """Over HTTP. A function that cannot be reached answers 503, one that takes longer than `timeout` seconds 504."""

    def __init__(self, session: aiohttp.ClientSession, address: Address, *, timeout: float = 60.0) -> None:
        self._session = session
        self._address = address
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def __call__(self, service: str, function: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        url = URL(self._address(service, function) + path, encoded=True)
        try:
            async with self._session.post(url, headers=headers, data=body, timeout=self._timeout) as response:
                await response.read()
                return response.status
        except TimeoutError:
            return TIMEOUT
        except (aiohttp.ClientError, OSError):
            return UNREACHABLE


@dataclass(slots=True)
class AsgiRequest:
    """What an ASGI app is called with. `path` is encoded and may carry a query string."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]

    def scope(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": _bytes(path),
            "query_string": _bytes(query),
            "root_path": "",
            "headers": [(_bytes(name.lower()), _bytes(text)) for name, text in self.headers.items()],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
        }


@dataclass(slots=True)
class AsgiResponse:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


async def call(app: AsgiApp, request: AsgiRequest) -> AsgiResponse:
    """One request to an app of this process; an app that does not answer, or raises before it does, answers 500."""
    sent: list[MutableMapping[str, Any]] = []
    finished = False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal finished
        if finished:
            await asyncio.Future()  # nobody hangs up in here
        try:
            chunk = await anext(request.body, None)
        except Exception:  # noqa: BLE001 - however a body breaks, no more of it will come
            return {"type": "http.disconnect"}
        finished = chunk is None
        return {"type": "http.request", "body": chunk or b"", "more_body": not finished}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    try:
        await app(request.scope(), receive, send)
    except Exception:  # noqa: BLE001 - as a server does: what one request meets, others never see
        _log.exception("%s %s failed", request.method, request.path)
    if not sent:
        return AsgiResponse(500, [], b"")
    headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in sent[0].get("headers", ())]
    return AsgiResponse(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


def _bytes(text: str) -> bytes:
    """As they came over the wire: the gateway's server decodes like this."""
    return text.encode("utf-8", "surrogateescape")


async def once(body: bytes) -> AsyncIterator[bytes]:
    """A body that is there already."""
    yield body


class AsgiSend:
    """To the apps of this process."""

    def __init__(self, apps: Mapping[tuple[str, str], AsgiApp], *, timeout: float = 60.0) -> None:
        self._apps = apps
        self._timeout = timeout

    async def __call__(self, service: str, function: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        app = self._apps.get((service, function))
        if app is None:
            return UNREACHABLE
        try:
            async with asyncio.timeout(self._timeout):
                return (await call(app, AsgiRequest("POST", path, headers, once(body)))).status
        except TimeoutError:
            return TIMEOUT
