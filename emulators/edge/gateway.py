"""One local origin in front of all services, as the load balancer is in the cloud; bodies are streamed both ways."""

import asyncio
import json
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Protocol

import aiohttp
from aiohttp import http_exceptions, web
from multidict import CIMultiDict
from yarl import URL

from emulators.edge.invoke import Address, AsgiApp, AsgiRequest, call
from emulators.edge.url_map import NoRouteError, Target, UrlMap

_SMALL = 64 * 1024
_MAX_LINE = 32 * 1024
"""Bytes of a request line: the longest query that a service takes is half of it."""
_MAX_HEADER = 16 * 1024
"""Bytes of a header's name or value. Not `_MAX_LINE`: which one was met tells what was too long."""
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))
"""Those that the Functions Framework hands on to a function; others it refuses itself, without a problem."""
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
    title = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return web.Response(
        status=status, body=json.dumps(content).encode(), content_type="application/problem+json", headers=headers
    )


class _Connection(web.RequestHandler):
    """What cannot be read as HTTP, or breaks the gateway, is answered with a problem, too."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)  # logs it
        response = _unreadable(exc) if isinstance(exc, http_exceptions.HttpProcessingError) else _broken(status)
        response.force_close()
        return response


class _Server(web.Server):
    """Hands bodies on as they come: compressed ones are the functions' to refuse."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # as documented
            auto_decompress=False,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_HEADER,
        )


def _unreadable(error: http_exceptions.HttpProcessingError) -> web.Response:
    if isinstance(error, http_exceptions.LineTooLong):
        if _MAX_LINE in error.args:
            return problem(414, "uri-too-long", f"a request line has at most {_MAX_LINE} bytes")
        return problem(431, "header-too-long", f"a header has at most {_MAX_HEADER} bytes")
    if "Too many headers" in error.message:
        return problem(431, "too-many-headers", "a request has at most 128 headers")
    return problem(400, "not-http", "this is not a request of HTTP/1.1")


def _broken(status: int) -> web.Response:
    return problem(status, "internal-error", "something went wrong here")


class Gateway:
    """Serves `local` routes (method and exact path) itself and forwards everything else by the URL map."""

    def __init__(self, url_map: UrlMap, backend: Backend, local: Mapping[tuple[str, str], LocalRoute]) -> None:
        self._url_map = url_map
        self._backend = backend
        self._local = local
        self._runner = web.ServerRunner(_Server(self._handle), shutdown_timeout=2)

    async def start(self, listener: socket.socket) -> None:
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Expect", "").lower() == "100-continue":  # the body comes only after this
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if route := self._local.get((request.method, request.path)):
            return await _locally(route, request)
        try:
            target = self._url_map.find(request.method, request.rel_url.raw_path)
        except NoRouteError as error:
            return problem(404, "no-route", str(error))
        if request.method not in _METHODS:
            request = request.clone(method="OPTIONS")  # no endpoint has it: the function says which methods there are
        return await self._backend.forward(request, target, _forwarded_headers(request))


async def _locally(route: LocalRoute, request: web.BaseRequest) -> web.StreamResponse:
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        detail = "a request body is taken as it is, without a Content-Encoding"
        return problem(415, "unsupported-content-encoding", detail, {"Accept-Encoding": "identity"})
    return await route(request)


class HttpBackend:
    """Functions in processes of their own."""

    def __init__(self, session: aiohttp.ClientSession, address: Address) -> None:
        self._session = session
        self._address = address

    async def forward(self, request: web.BaseRequest, target: Target, headers: CIMultiDict[str]) -> web.StreamResponse:
        address = self._address(target.service.name, target.function.name)
        url = URL(address + request.rel_url.raw_path_qs, encoded=True)
        timeout = aiohttp.ClientTimeout(total=target.function.timeout)
        body = request.content if request.body_exists else None
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
            ) as upstream:
                return await _relay(request, upstream)
        except TimeoutError:
            return _too_slow(request, target)
        except (aiohttp.ClientError, OSError):
            if request.content.exception() is not None:  # it was the client's body that broke
                return problem(400, "incomplete", "the request's body cannot be read to its end")
            name = f"{target.service.name}/{target.function.name}"
            return problem(503, "unreachable", f"{name} cannot be reached now", {"Retry-After": "1"})


class AsgiBackend:
    """Functions in this process."""

    def __init__(self, apps: Mapping[tuple[str, str], AsgiApp]) -> None:
        self._apps = apps

    async def forward(self, request: web.BaseRequest, target: Target, headers: CIMultiDict[str]) -> web.StreamResponse:
        app = self._apps[target.service.name, target.function.name]
        inside = AsgiRequest(request.method, request.rel_url.raw_path_qs, headers, request.content.iter_any())
        try:
            async with asyncio.timeout(target.function.timeout):
                answer = await call(app, inside)
        except TimeoutError:
            return _too_slow(request, target)
        return web.Response(status=answer.status, headers=CIMultiDict(answer.headers), body=answer.body)


def _too_slow(request: web.BaseRequest, target: Target) -> web.Response:
    if request.body_exists and not request.content.is_eof():
        return problem(408, "incomplete", "the request's body did not arrive in time", {"Connection": "close"})
    return problem(504, "timeout", f"{target.function.name} took longer than {target.function.timeout} s")


async def _relay(request: web.BaseRequest, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = CIMultiDict((k, v) for k, v in upstream.headers.items() if k.lower() not in _HOP_BY_HOP)
    if upstream.content_length is not None and upstream.content_length <= _SMALL:
        # `upstream.read()` would wait until the request's body is sent, too: a refusal may come before that.
        return web.Response(status=upstream.status, headers=headers, body=await upstream.content.read())
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
