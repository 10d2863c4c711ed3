"""The one origin: requests go where the URL map says, and come back unchanged."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulators.edge.gateway import AsgiBackend, Backend, Gateway, HttpBackend
from emulators.edge.invoke import client_session
from emulators.edge.issuer import Issuer
from emulators.edge.local_routes import issuer_routes, operation_routes, report_routes
from emulators.edge.url_map import UrlMap
from emulators.processes.ports import free_ports, listen
from shared.topology import Function, Http, Maturity, Service

CART = Service(
    name="cart",
    description="",
    maturity=Maturity.EVENT_SOURCED,
    functions=(
        Function(name="commands", trigger=Http(("POST",)), permissions=(), description="", timeout=1),
        Function(name="queries", trigger=Http(("GET",)), permissions=(), description="", timeout=1),
    ),
)
BIG = b"x" * 3_000_000
USERS, PLATFORM = Issuer(""), Issuer("")  # a key takes a tenth of a second to make


async def function(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it saw; `/cart/v1/big` with many bytes."""
    request = Request(scope, receive)
    body = await request.body()
    if request.url.path == "/cart/v1/big":
        await Response(BIG)(scope, receive, send)
        return
    if request.url.path == "/cart/v1/same":
        await Response(status_code=304, headers={"ETag": '"3"'})(scope, receive, send)
        return
    if request.url.path == "/cart/v1/twice":
        headers = {name: request.headers.getlist(name) for name in request.headers}
        await JSONResponse({**headers, "query": [request.url.query]})(scope, receive, send)
        return
    seen = {"method": request.method, "path": scope["raw_path"].decode(), "length": len(body), **request.headers}
    await JSONResponse(seen, 202, {"ETag": '"3"'})(scope, receive, send)


async def upstream(request: web.BaseRequest) -> web.StreamResponse:
    """The same function behind a server of its own; the first segment of the path is its name."""
    body = await request.content.read()
    path = request.raw_path.removeprefix("/commands").removeprefix("/queries")
    if path == "/cart/v1/big":
        return web.Response(body=BIG)
    if path == "/cart/v1/same":
        return web.Response(status=304, headers={"ETag": '"3"'})
    if request.path.endswith("/cart/v1/twice"):
        found = {name.lower(): request.headers.getall(name) for name in request.headers}
        return web.json_response({**found, "query": [request.query_string]})
    headers = {name.lower(): value for name, value in request.headers.items()}
    seen = {"method": request.method, "path": path, "length": len(body), **headers}
    return web.json_response(seen, status=202, headers={"ETag": '"3"'})


@asynccontextmanager
async def over_http(function: Any = upstream) -> AsyncIterator[Backend]:
    runner = web.ServerRunner(web.Server(function), shutdown_timeout=0.1)
    await runner.setup()
    (port,) = free_ports(1)
    await web.SockSite(runner, listen(port, option="")).start()
    async with client_session() as session:
        yield HttpBackend(session, lambda _, name: f"http://127.0.0.1:{port}/{name}")
    await runner.cleanup()


@asynccontextmanager
async def in_process() -> AsyncIterator[Backend]:
    yield AsgiBackend({("cart", "commands"): function, ("cart", "queries"): function})


@asynccontextmanager
async def gateway(backend: Backend) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a gateway in front of this backend."""
    (port,) = free_ports(1)
    USERS.url, PLATFORM.url = (f"http://127.0.0.1:{port}/_issuer/{name}" for name in ("users", "platform"))

    async def status() -> dict[str, Any]:
        return {"runtime": "embedded"}

    local = issuer_routes(USERS, PLATFORM)
    local |= operation_routes(Path("never"))
    under_test = Gateway(UrlMap([CART]), backend, local | report_routes({("GET", "/_local/status"): status}))
    await under_test.start(listen(port, option="--port"))
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        yield client
    await under_test.stop()


@pytest.fixture(params=[over_http, in_process])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[aiohttp.ClientSession]:
    async with request.param() as backend, gateway(backend) as client:
        yield client


async def test_a_request_reaches_its_function_unchanged(client: aiohttp.ClientSession) -> None:
    """Method, raw path with query, headers and body arrive; status, headers and body come back."""
    headers = {"Idempotency-Key": "k1", "Authorization": "Bearer t"}
    async with client.post("/cart/v1/carts?x=1", data=b"12345", headers=headers) as answer:
        seen = await answer.json()

    assert (answer.status, answer.headers["ETag"]) == (202, '"3"')
    assert (seen["method"], seen["length"]) == ("POST", 5)
    assert seen["path"].startswith("/cart/v1/carts")
    assert (seen["idempotency-key"], seen["authorization"]) == ("k1", "Bearer t")


async def test_a_request_without_trace_gets_one(client: aiohttp.ClientSession) -> None:
    """Every request can be followed: ids are added where they are missing."""
    async with client.get("/cart/v1/carts/7") as answer:
        seen = await answer.json()

    assert len(seen["x-request-id"]) == 32
    assert seen["traceparent"].startswith("00-")


async def test_a_trace_that_is_there_is_kept(client: aiohttp.ClientSession) -> None:
    """The gateway never breaks a trace that a client began."""
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Request-Id": "mine"}
    async with client.get("/cart/v1/carts/7", headers=trace) as answer:
        seen = await answer.json()

    assert (seen["traceparent"], seen["x-request-id"]) == (trace["traceparent"], "mine")


async def test_big_bodies_pass_both_ways(client: aiohttp.ClientSession) -> None:
    """Bodies of any size pass: limits are the functions' business."""
    async with client.post("/cart/v1/carts", data=io.BytesIO(BIG)) as answer:
        assert (await answer.json())["length"] == len(BIG)
    async with client.get("/cart/v1/big") as answer:
        assert await answer.read() == BIG


async def test_a_client_that_asks_before_it_sends_is_told_to(client: aiohttp.ClientSession) -> None:
    """`Expect: 100-continue` is answered, as a load balancer does, and not handed on."""
    async with client.post("/cart/v1/carts", data=b"12345", expect100=True) as answer:
        seen = await answer.json()

    assert (answer.status, seen["length"]) == (202, 5)
    assert "expect" not in seen


async def test_a_path_of_nobody_is_a_problem(client: aiohttp.ClientSession) -> None:
    """Who asks for nothing that exists is told what does."""
    async with client.get("/wishlist/v1/x") as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, problem["status"], problem["code"]) == (404, 404, "no-route")
    assert "/cart/v1/" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "seen"), [("PATCH", "PATCH"), ("OPTIONS", "OPTIONS"), ("TRACE", "OPTIONS"), ("PROPFIND", "OPTIONS")]
)
async def test_a_method_of_nobody_is_refused_by_a_function(
    client: aiohttp.ClientSession, method: str, seen: str
) -> None:
    """As one that the Functions Framework hands on."""
    async with client.request(method, "/cart/v1/carts/7?x=1") as answer:
        assert (await answer.json())["method"] == seen


async def test_a_function_that_is_down_is_unavailable() -> None:
    """A process that is being replaced costs its clients a retry, not a hang."""
    (port,) = free_ports(1)
    async with client_session() as session:
        backend = HttpBackend(session, lambda *_: f"http://127.0.0.1:{port}")
        async with gateway(backend) as client, client.post("/cart/v1/carts") as answer:
            problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert problem["code"] == "unreachable"


async def breaks(request: web.BaseRequest) -> web.StreamResponse:
    """Dies in the middle of its body."""
    response = web.StreamResponse(headers={"Content-Length": str(len(BIG))})
    await response.prepare(request)
    await response.write(BIG[:100_000])
    assert request.transport is not None
    request.transport.abort()
    return response


async def stalls(request: web.BaseRequest) -> web.StreamResponse:
    """Never ends its body."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(BIG[:100_000])
    await asyncio.Event().wait()
    return response


@pytest.mark.parametrize("function", [breaks, stalls])
async def test_an_answer_that_breaks_off_is_cut_off(function: Any) -> None:
    """There is no second answer in the first one, and no end that pretends that all is there."""
    async with over_http(function) as backend, gateway(backend) as client, client.get("/cart/v1/x") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


async def test_a_function_that_takes_too_long_is_given_up() -> None:
    """Its own time limit bounds the request, as in the cloud."""

    async def never(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async with gateway(AsgiBackend({("cart", "queries"): never})) as client, client.get("/cart/v1/x") as answer:
        assert answer.status == 504


async def test_the_issuer_is_discovered_at_the_gateway(client: aiohttp.ClientSession) -> None:
    """From the issuer's address a verifier finds the keys."""
    async with client.get("/_issuer/users/.well-known/openid-configuration") as answer:
        document = await answer.json()
    async with client.get(document["jwks_uri"]) as answer:
        (key,) = (await answer.json())["keys"]

    assert document["issuer"].endswith("/_issuer/users")
    assert (key["kty"], key["alg"]) == ("RSA", "RS256")
    assert "d" not in key


@pytest.mark.parametrize(
    "request_body",
    [{"data": {"subject": "900", "roles": "customer"}}, {"json": {"subject": "900", "roles": ["customer"]}}],
)
async def test_a_token_is_given_to_whoever_asks(client: aiohttp.ClientSession, request_body: dict[str, Any]) -> None:
    """Locally a form or a JSON object is enough."""
    async with client.post("/oauth/token", **request_body) as answer:
        content = await answer.json()

    assert answer.status == 200
    assert content["access_token"].count(".") == 2


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"subject": ""}', b"\xff", b"[" * 9_000, b"x" * 20_000])
async def test_a_token_request_that_says_nothing_is_refused(client: aiohttp.ClientSession, body: bytes) -> None:
    """Bad input of any kind is a 400 with a reason."""
    async with client.post("/oauth/token", data=body, headers={"Content-Type": "application/json"}) as answer:
        content = await answer.json()

    assert answer.status == 400
    assert content["error"] == "invalid_request"
    assert not re.search(r"codec|char|line \d|recursion", content["error_description"])


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"\xff", b"[]", b"{}", b'{"name":1,"arguments":{}}', b'{"name":"x","arguments":[]}', b"x" * 20_000],
)
async def test_an_operation_that_says_nothing_is_refused(client: aiohttp.ClientSession, body: bytes) -> None:
    """A fixed sentence, and nothing is begun."""
    async with client.post("/_local/operate", data=body) as answer:
        content = await answer.json(content_type="application/problem+json")

    assert (answer.status, content["code"]) == (400, "invalid-input")


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b'{"subject": "900", "subject": "901"}'),
        ("application/x-www-form-urlencoded", b"subject=900&subject=901"),
    ],
)
async def test_a_token_request_that_says_something_twice_is_refused(
    client: aiohttp.ClientSession, media_type: str, body: bytes
) -> None:
    """Whose token it would be is not guessed."""
    async with client.post("/oauth/token", data=body, headers={"Content-Type": media_type}) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")


async def test_a_compressed_token_request_is_refused(client: aiohttp.ClientSession) -> None:
    """What the gateway answers itself takes bodies as functions do."""
    async with client.post("/oauth/token", data=b"subject=900", headers={"Content-Encoding": "br"}) as answer:
        assert (answer.status, answer.headers["Accept-Encoding"]) == (415, "identity")


async def test_the_platform_tells_its_state(client: aiohttp.ClientSession) -> None:
    """Reports are served beside the services."""
    async with client.get("/_local/status") as answer:
        assert await answer.json() == {"runtime": "embedded"}


@pytest.mark.parametrize("name", ["Idempotency-Key", "If-Match", "If-None-Match", "Authorization", "X-Correlation-Id"])
async def test_a_header_that_is_given_twice_arrives_twice(client: aiohttp.ClientSession, name: str) -> None:
    """The function is to refuse it, so the gateway neither drops nor joins any."""
    async with client.post("/cart/v1/twice", headers=[(name, "a"), (name, "b")]) as answer:
        seen = await answer.json()

    assert seen[name.lower()] == ["a", "b"]


async def test_a_parameter_that_is_given_twice_arrives_twice(client: aiohttp.ClientSession) -> None:
    """As the client sent it."""
    async with client.post("/cart/v1/twice?limit=5&limit=6") as answer:
        seen = await answer.json()

    assert seen["query"] == ["limit=5&limit=6"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_was_not_modified_comes_back_without_a_body(client: aiohttp.ClientSession, method: str) -> None:
    """A 304 with its headers, and the connection goes on."""
    for _ in range(2):
        async with client.request(method, "/cart/v1/same", headers={"If-None-Match": '"3"'}) as answer:
            assert (answer.status, answer.headers["ETag"], await answer.read()) == (304, '"3"', b"")
            assert not answer.headers.keys() & {"Content-Type", "Content-Length", "Transfer-Encoding"}
