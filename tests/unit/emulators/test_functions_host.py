"""Several functions of one service behind one port, each as if it were alone."""

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from emulators.edge.functions_host import dispatcher
from emulators.edge.invoke import AsgiRequest, AsgiResponse, call, once


def function(name: str) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        answer = JSONResponse([name, request.url.path, scope["raw_path"].decode(), request.url.query])
        await answer(scope, receive, send)

    return app


HOST = dispatcher({"commands": function("commands"), "queries": function("queries")})


async def get(path: str) -> AsgiResponse:
    return await call(HOST, AsgiRequest("GET", path, {}, once(b"")))


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/queries/cart/v1/carts/a%2Fb?limit=5", b'["queries","/cart/v1/carts/a/b","/cart/v1/carts/a%2Fb","limit=5"]'),
        ("/commands/", b'["commands","/","/",""]'),
        ("/commands", b'["commands","/","/",""]'),
        ("/commands//x", b'["commands","//x","//x",""]'),
    ],
)
async def test_a_function_sees_the_path_as_deployed(path: str, seen: bytes) -> None:
    """The name in front chooses the function, and the function never sees it."""
    assert (await get(path)).body == seen


async def test_the_host_answers_for_its_health() -> None:
    """The supervisor can ask without calling a function."""
    answer = await get("/_health")

    assert (answer.status, answer.body) == (200, b'{"status": "ok"}')


async def test_the_host_tells_what_its_process_asked_of_the_stores() -> None:
    """The counts of the process are one request away."""
    answer = await get("/_operations")

    assert answer.status == 200
    assert b'"documents_read"' in answer.body


async def test_a_name_of_no_function_is_not_found() -> None:
    """Another first segment reaches nobody."""
    assert (await get("/orders/v1/x")).status == 404
