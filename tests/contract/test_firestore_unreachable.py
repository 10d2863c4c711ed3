"""A Firestore that is down or silent is an UnavailableError, and soon. Needs no emulator: only a port without one."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from emulators.processes.ports import free_ports
from shared.adapters.firestore import FirestoreEventStore, FirestoreReadStore, connect
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts, Position
from shared.eventsourcing.projection import Find, Row
from shared.testing.conformance.samples import CATEGORY, FAR_FUTURE, collected, new_commit

TIMEOUT = 1.0
MARGIN = 2.0
ROW = Row("1", 1, datetime(2017, 1, 1, tzinfo=UTC), b"{}", {})

LOG_REQUESTS: dict[str, Callable[[FirestoreEventStore], Awaitable[object]]] = {
    "append": lambda log: log.append([new_commit(Position("cart-1", 0))]),
    "load": lambda log: log.load("cart-1"),
    "load with a snapshot": lambda log: log.load("cart-1", schema="shape-1"),
    "tail": lambda log: log.tail(Position("cart-1", 1)),
    "answered": lambda log: log.answered("key-1"),
    "read": lambda log: collected(log.read("cart-1")),
    "settle": lambda log: log.settle(["cart-1@1"]),
    "get": lambda log: log.get("product-1"),
    "changed": lambda log: log.changed("product", after=None, limit=10),
}
SCANS: dict[str, Callable[[FirestoreEventStore], Awaitable[object]]] = {
    "feed": lambda log: collected(log.feed(CATEGORY, until=FAR_FUTURE)),
    "owed": lambda log: collected(log.owed(CATEGORY, since=None, before=FAR_FUTURE)),
}
ROW_REQUESTS: dict[str, Callable[[FirestoreReadStore], Awaitable[object]]] = {
    "get": lambda rows: rows.get("carts", "1"),
    "get_many": lambda rows: rows.get_many("carts", ["1", "2"]),
    "put": lambda rows: rows.put("carts", ROW),
    "put_all": lambda rows: rows.put_all({"carts": ROW, "generations/2/carts": ROW}),
    "find": lambda rows: rows.find("carts", Find(where={}, order_by="n")),
}


@pytest.fixture
def closed() -> str:
    """An address where nothing listens."""
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """An address that takes connections and never says a word."""
    connections = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    yield f"{host}:{port}"
    for writer in connections:
        writer.close()
    server.close()


async def refused_in_time(host: str, request: Callable[[FirestoreEventStore], Awaitable[object]]) -> None:
    channel = connect("test", host)
    start = time.perf_counter()
    with pytest.raises(UnavailableError):
        await request(FirestoreEventStore(channel, OperationCounts(), timeout=TIMEOUT))
    assert time.perf_counter() - start < TIMEOUT + MARGIN
    await channel.close()


@pytest.mark.parametrize("name", [*LOG_REQUESTS, *SCANS])
async def test_a_log_that_is_down_is_unavailable(closed: str, name: str) -> None:
    """Whatever is asked of it, the answer comes within the timeout."""
    await refused_in_time(closed, {**LOG_REQUESTS, **SCANS}[name])


@pytest.mark.parametrize("name", LOG_REQUESTS)
async def test_a_log_that_is_silent_is_unavailable(silent: str, name: str) -> None:
    """Whatever a request of a person waits for, it waits no longer than the timeout."""
    await refused_in_time(silent, LOG_REQUESTS[name])


@pytest.mark.parametrize("name", ROW_REQUESTS)
async def test_a_read_store_that_is_down_is_unavailable(closed: str, name: str) -> None:
    """Within the timeout as well."""
    channel = connect("test", closed)
    with pytest.raises(UnavailableError):
        await ROW_REQUESTS[name](FirestoreReadStore(channel, OperationCounts(), timeout=TIMEOUT))
    await channel.close()


async def test_requests_that_failed_are_counted(closed: str) -> None:
    """Each try is a request; no document was read or written."""
    channel, counts = connect("test", closed), OperationCounts()

    with pytest.raises(UnavailableError):
        await FirestoreReadStore(channel, counts, timeout=TIMEOUT).put("carts", ROW)

    assert counts == OperationCounts(rpcs={"Commit": 5})
    await channel.close()
