"""Calling functions of this process, and over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulators.edge.invoke import TIMEOUT, UNREACHABLE, AsgiRequest, AsgiSend, HttpSend, call, client_session, once
from emulators.processes.ports import free_ports


async def echo(scope: Any, receive: Any, send: Any) -> None:
    request = Request(scope, receive)
    answer = {
        "method": request.method,
        "path": request.url.path,
        "raw": scope["raw_path"].decode(),
        "query": request.url.query,
        "header": request.headers.get("ce-id"),
        "body": (await request.body()).decode(),
    }
    await JSONResponse(answer, 202)(scope, receive, send)


async def in_pieces() -> AsyncIterator[bytes]:
    yield b"one "
    yield b"two"


async def test_an_app_sees_the_request_as_it_was_made() -> None:
    """Method, path (decoded and raw), query, headers and body arrive as over HTTP."""
    request = AsgiRequest("POST", "/carts/a%2Fb?limit=5", {"CE-Id": "cart-1@1"}, once(b"body"))

    answer = await call(echo, request)

    assert answer.status == 202
    assert answer.body == (
        b'{"method":"POST","path":"/carts/a/b","raw":"/carts/a%2Fb","query":"limit=5","header":"cart-1@1","body":"body"}'
    )


async def test_a_body_may_come_in_pieces() -> None:
    """A streamed body is put together by whoever reads it."""
    answer = await call(echo, AsgiRequest("POST", "/", {}, in_pieces()))

    assert b'"body":"one two"' in answer.body


async def test_an_app_that_does_not_answer_is_an_error() -> None:
    """Silence is a 500, as from a server."""

    async def silent(scope: Any, receive: Any, send: Any) -> None: ...

    assert (await call(silent, AsgiRequest("GET", "/", {}, once(b"")))).status == 500


async def test_a_call_in_this_process_yields_the_status() -> None:
    """The platform's own calls only want to know the status."""
    send = AsgiSend({("cart", "relay"): echo})

    assert await send("cart", "relay", "/", {}, b"") == 202


async def test_a_function_that_is_not_there_is_unavailable() -> None:
    """A call to nobody is a 503, which is worth another try."""
    assert await AsgiSend({})("cart", "relay", "/", {}, b"") == UNREACHABLE


async def test_a_function_that_takes_too_long_times_out() -> None:
    """A call is bounded in time."""

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()
        await Response()(scope, receive, send)

    assert await AsgiSend({("cart", "relay"): slow}, timeout=0.01)("cart", "relay", "/", {}, b"") == TIMEOUT


@pytest.mark.parametrize("path", ["/", "/sweep"])
async def test_a_process_that_is_down_is_unavailable(path: str) -> None:
    """Over HTTP, a refused connection is a 503 and no exception."""
    (port,) = free_ports(1)
    async with client_session() as session:
        send = HttpSend(session, lambda _, function: f"http://127.0.0.1:{port}/{function}")

        assert await send("cart", "relay", path, {}, b"") == UNREACHABLE


async def raising(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("a bug")


async def without_headers(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204})


@pytest.mark.parametrize(("app", "status"), [(raising, 500), (without_headers, 204)])
async def test_a_call_in_this_process_never_raises(app: Any, status: int) -> None:
    """What goes wrong in a function is its answer, as over HTTP."""
    assert await AsgiSend({("cart", "relay"): app})("cart", "relay", "/", {}, b"") == status


async def test_headers_arrive_as_they_were_sent() -> None:
    """A header may hold any bytes: they are not the gateway's business."""
    answer = await call(echo, AsgiRequest("POST", "/", {"ce-id": "\u20ac\udcff"}, once(b"")))

    assert answer.status == 202
