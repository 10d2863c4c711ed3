"""Bodies as they come over the wire: one answer each, whichever server takes them."""

import gzip
from collections.abc import AsyncIterator

import pytest

from shared.http import requests
from tests.unit.emulators.http_lines import GOOD, SERVERS, Server, through_the_gateway

CHUNKED = {"Transfer-Encoding": "chunked", "Content-Length": ""}


@pytest.fixture(params=SERVERS, ids=lambda each: each.__name__)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    async with request.param() as server:
        yield server


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(GOOD, mtime=0)),
        ("gzip", GOOD),
        ("deflate", b"x\x9c\xab"),
        ("br", b"\x0b\x03\x80" + GOOD),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("identity, gzip", gzip.compress(GOOD, mtime=0)),
        ("nonsense", GOOD),
    ],
)
async def test_a_compressed_body_is_refused(server: Server, encoding: str, body: bytes) -> None:
    """415 says what is taken instead, and nothing is decompressed or changed."""
    answer = await server.send(server.request(headers={"Content-Encoding": encoding}, body=body))

    assert (answer.status, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.problem["code"] == "unsupported-content-encoding"
    assert await server.store.left() == 0


@pytest.mark.parametrize("encoding", ["identity", "IDENTITY", " "])
async def test_a_body_as_it_is_may_say_so(server: Server, encoding: str) -> None:
    """No encoding by name is no encoding."""
    answer = await server.send(server.request(headers={"Content-Encoding": encoding}, body=GOOD))

    assert (answer.status, await server.store.left()) == (202, 5)


async def test_a_body_in_chunks_is_taken(server: Server) -> None:
    """Chunks are how a body travels, not what it says."""
    chunks = b"3\r\n" + GOOD[:3] + b"\r\n5\r\n" + GOOD[3:] + b"\r\n0\r\n\r\n"
    answer = await server.send(server.request(headers=CHUNKED) + chunks)

    assert (answer.status, await server.store.left()) == (202, 5)


async def test_a_client_that_asks_first_is_told_to_go_on(server: Server) -> None:
    """`Expect: 100-continue` gets its 100 where a body is wanted."""
    head = server.request(headers={"Expect": "100-continue", "Content-Length": str(len(GOOD))})
    answer = await server.send(head, GOOD)

    assert (answer.status, await server.store.left()) == (202, 5)


async def test_a_compressed_body_that_is_announced_is_refused(server: Server) -> None:
    """Asking before sending makes no difference."""
    head = server.request(headers={"Expect": "100-continue", "Content-Encoding": "gzip", "Content-Length": "9"})
    answer = await server.send(head, GOOD + b" ")

    assert answer.status == 415


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
async def test_what_follows_a_body_is_no_part_of_it(server: Server, connection: str) -> None:
    """It is no request either: a server answers the first one, or refuses both; it neither hangs nor breaks."""
    head = {"Content-Length": str(len(GOOD)), "Connection": connection}
    answer = await server.send(server.request(headers=head, body=GOOD + b"123"))

    assert answer.status in {202, 400}
    assert await server.store.left() in {5, 0}


async def test_broken_chunks_are_refused(server: Server) -> None:
    """A body that cannot be read is the client's fault, and changes nothing."""
    answer = await server.send(server.request(headers=CHUNKED) + b"3\r\n" + GOOD[:3], b"\r\nzz\r\n" + GOOD[3:])

    assert (answer.status, await server.store.left()) == (400, 0)


async def test_a_body_that_stays_incomplete_times_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that announced more than it sends is given up with a 408."""
    monkeypatch.setattr(requests, "BODY_PATIENCE", 0.05)

    answer = await server.send(server.request(headers={"Content-Length": "100"}, body=GOOD))

    assert (answer.status, answer.problem["code"]) == (408, "incomplete")
    assert await server.store.left() == 0


async def test_a_body_that_never_begins_times_out() -> None:
    """What the function is not even told of is given up by the gateway, in the function's own time."""
    async with through_the_gateway(seconds=1) as server:
        answer = await server.send(server.request(headers={"Content-Length": "100"}))

    assert (answer.status, answer.problem["code"]) == (408, "incomplete")


async def test_a_body_that_ends_early_changes_nothing(server: Server) -> None:
    """A client that hangs up within its body is carried out by nobody."""
    with pytest.raises(EOFError):
        await server.send(server.request(headers={"Content-Length": "100"}, body=GOOD), close=True)

    assert await server.store.left() == 0
