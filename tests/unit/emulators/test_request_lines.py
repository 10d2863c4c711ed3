"""Paths, methods and headers as they come over the wire: whatever is not understood is a problem of the client's."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.emulators.http_lines import GOOD, MOVES, SERVERS, Server, embedded, through_the_gateway

ODD = (
    *("%00", "%0A", "%0a", "%0D", "%0D%0A", "%09", "%7F", "%20", "%2F", "%5C", "%2e%2e", "..", ".", "%2E", ";a", "%25"),
    *("%FF", "%C0%AF", "%E2%28%A1", "%ED%A0%80", "%zz", "%", "%0", "", "%E2%80%AE", "a%0Ab", "%C3%A9", "{", "x" * 200),
)
"""Segments that are no ids."""
RAW = ("\u00e9", '"', "<", "^", "\\")
"""Characters that must be encoded in a path."""


@pytest.fixture(params=SERVERS, ids=lambda each: each.__name__)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    async with request.param() as server:
        yield server


@pytest.fixture(params=[through_the_gateway, embedded], ids=lambda each: each.__name__)
async def gateway(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    async with request.param() as server:
        yield server


async def test_a_segment_that_is_no_id_is_not_found(server: Server) -> None:
    """However it is encoded, at any place of the path."""
    paths = [f"/store/v1/shelves/{odd}/moves" for odd in ODD] + [f"{MOVES}/{odd}" for odd in ODD]
    paths += [f"{MOVES}{odd}" for odd in ("%0A", "%00", "/", "//", "?")]

    answers = {path: await server.send(server.request(path=path, body=GOOD)) for path in paths}

    found = {path: answer.status for path, answer in answers.items()}
    assert {path: status for path, status in found.items() if status != 404} == {f"{MOVES}?": 202}
    assert {answer.problem["code"] for answer in answers.values() if answer.status == 404} == {"not-found"}


@pytest.mark.parametrize("raw", RAW)
async def test_a_character_that_must_be_encoded_is_refused(gateway: Server, raw: str) -> None:
    """As one that is: there is no such id."""
    answer = await gateway.send(gateway.request(path=f"/store/v1/shelves/{raw}/moves", body=GOOD))

    assert answer.status in {400, 404}
    assert answer.problem["code"] in {"not-http", "not-found"}


@pytest.mark.parametrize(
    "path", ["//store/v1/shelves/milk/moves", "/./store/v1/x", "/store%2Fv1/x", "/%0A", "/", "*", "x"]
)
async def test_a_path_of_nobody_is_a_problem(gateway: Server, path: str) -> None:
    """Nothing is normalized on its way to a service."""
    answer = await gateway.send(gateway.request(path=path, body=GOOD))

    assert answer.status in {400, 404}
    assert answer.problem["code"] in {"no-route", "not-http"}


NO_METHODS = ("PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "HEAD", "GET")


@pytest.mark.parametrize("method", NO_METHODS)
async def test_a_method_that_a_path_does_not_have_is_a_problem(gateway: Server, method: str) -> None:
    """405 says which methods that path has."""
    answer = await gateway.send(gateway.request(method))

    assert answer.status in {400, 405}
    assert answer.status == 400 or answer.headers["allow"] == "POST"


@pytest.mark.parametrize("method", NO_METHODS)
async def test_no_method_finds_a_path_that_is_not_there(gateway: Server, method: str) -> None:
    """404, and no `Allow`."""
    answer = await gateway.send(gateway.request(method, "/store/v1/nothing"))

    assert answer.status in {400, 404}
    assert "allow" not in answer.headers


@pytest.mark.parametrize(("path", "status"), [(MOVES, 202), (f"{MOVES}?x=1", 400), ("/store/v1/x", 404), ("", 404)])
async def test_the_absolute_form_is_understood(gateway: Server, path: str, status: int) -> None:
    """As a proxy sends it: it is the same request."""
    answer = await gateway.send(gateway.request(path=f"http://x{path}", body=GOOD))

    assert answer.status == status


async def test_a_request_line_of_some_length_is_understood(gateway: Server) -> None:
    """A query may be longer than servers take by default."""
    answer = await gateway.send(gateway.request(path=f"{MOVES}?x={'a' * 20_000}", body=GOOD))

    assert answer.status in {202, 400}
    assert answer.status == 202 or answer.problem["code"] == "invalid-input"


@pytest.mark.parametrize("length", [33_000, 100_000, 1_000_000])
async def test_an_endless_request_line_is_a_problem(gateway: Server, length: int) -> None:
    """414 says how long one may be."""
    answer = await gateway.send(gateway.request(path=f"/store/v1/{'a' * length}"))

    assert (answer.status, answer.problem["code"]) == (414, "uri-too-long")


async def test_an_endless_header_is_a_problem(gateway: Server) -> None:
    """431 says how long one may be."""
    answer = await gateway.send(gateway.request(headers={"X-Long": "a" * 20_000}, body=GOOD))

    assert (answer.status, answer.problem["code"]) == (431, "header-too-long")


async def test_endless_headers_are_a_problem(gateway: Server) -> None:
    """431 says how many there may be."""
    answer = await gateway.send(gateway.request(headers={f"X-{n}": "a" for n in range(1000)}, body=GOOD))

    assert (answer.status, answer.problem["code"]) == (431, "too-many-headers")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /store/v1/x HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /store/v1/x\x00y HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /store/v1/x HTTP/1.1\r\n\r\n",
        b"GET /store/v1/x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /store/v1/x HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n",
        b"POST /store/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /store/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /store/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /store/v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
    ids=range(11),
)
async def test_what_is_not_http_is_a_problem(gateway: Server, sent: bytes) -> None:
    """400 says so, and shows nothing of the parser's."""
    answer = await gateway.send(sent)

    assert (answer.status, answer.problem["code"]) == (400, "not-http")
