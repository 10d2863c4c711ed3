"""One local origin in front of all services, as the load balancer is in the cloud; bodies are streamed both ways."""

import asyncio
import json
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from emulators.edge.invoke import Address, AsgiApp, AsgiRequest, call
from emulators.edge.url_map import NoRouteError, Target, UrlMap

_SMALL = 64 * 1024
LocalRoute = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# Of this connection, not of the message (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    ("connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)


class Backend(Protocol):
    """What stands behind the gateway."""

    async def forward(
        self, request: web.BaseRequest, target: Target, headers: CIMultiDict[str]
    ) -> web.StreamResponse: ...


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An RFC 9457 problem of the gateway's own."""
    titles = {404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable", 504: "Gateway Timeout"}
    content = {"type": "about:blank", "title": titles[status], "status": status, "detail": detail, "code": code}
    return web.Response(
        status=status, body=json.dumps(content).encode(), content_type="application/problem+json", headers=headers
    )


class Gateway:
    """Serves `local` routes (method and exact path) itself and forwards everything else by the URL map."""

    def __init__(self, url_map: UrlMap, backend: Backend, local: Mapping[tuple[str, str], LocalRoute]) -> None:
        self._url_map = url_map
        self._backend = backend
        self._local = local
        self._runner = web.ServerRunner(web.Server(self._handle), access_log=None, shutdown_timeout=2)

    async def start(self, listener: socket.socket) -> None:
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Expect", "").lower() == "100-continue":  # the body comes only after this
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if route := self._local.get((request.method, request.path)):
            return await route(request)
        try:
            target = self._url_map.find(request.method, request.rel_url.raw_path)
        except NoRouteError as error:
            allow = {"Allow": ", ".join(error.allowed)} if error.allowed else None
            return problem(error.status, "no-route", str(error), allow)
        return await self._backend.forward(request, target, _forwarded_headers(request))


class HttpBackend:
    """Functions in processes of their own."""

    def __init__(self, session: aiohttp.ClientSession, address: Address) -> None:
        self._session = session
        self._address = address

    async def forward(self, request: web.BaseRequest, target: Target, headers: CIMultiDict[str]) -> web.StreamResponse:
        url = URL(self._address(target.service.name, target.function.name) + request.raw_path, encoded=True)
        timeout = aiohttp.ClientTimeout(total=target.function.timeout)
        body = request.content if request.body_exists else None
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
            ) as upstream:
                return await _relay(request, upstream)
        except TimeoutError:
            return _too_slow(target)
        except (aiohttp.ClientError, OSError):
            name = f"{target.service.name}/{target.function.name}"
            return problem(503, "unreachable", f"{name} cannot be reached now", {"Retry-After": "1"})


class AsgiBackend:
    """Functions in this process."""

    def __init__(self, apps: Mapping[tuple[str, str], AsgiApp]) -> None:
        self._apps = apps

    async def forward(self, request: web.BaseRequest, target: Target, headers: CIMultiDict[str]) -> web.StreamResponse:
        app = self._apps[target.service.name, target.function.name]
        inside = AsgiRequest(request.method, request.raw_path, headers, request.content.iter_any())
        try:
            async with asyncio.timeout(target.function.timeout):
                answer = await call(app, inside)
        except TimeoutError:
            return _too_slow(target)
        return web.Response(status=answer.status, headers=CIMultiDict(answer.headers), body=answer.body)


def _too_slow(target: Target) -> web.Response:
    return problem(504, "timeout", f"{target.function.name} took longer than {target.function.timeout} s")


async def _relay(request: web.BaseRequest, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = CIMultiDict((k, v) for k, v in upstream.headers.items() if k.lower() not in _HOP_BY_HOP)
    if upstream.content_length is not None and upstream.content_length <= _SMALL:
        return web.Response(status=upstream.status, headers=headers, body=await upstream.read())
    response = web.StreamResponse(status=upstream.status, headers=headers)
    try:
        await response.prepare(request)
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (aiohttp.ClientError, OSError):
        # The status has been sent, so there can be no other answer: the client sees that the body was cut.
        if request.transport is not None:
            request.transport.abort()
    return response


def _forwarded_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    headers = CIMultiDict((k, v) for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP)
    headers.setdefault("X-Request-Id", secrets.token_hex(16))
    headers.setdefault("traceparent", f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")
    return headers
