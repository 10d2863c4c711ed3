"""Requests as bytes, to servers as they run: for what no client library sends."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import uvicorn
from functions_framework.aio import create_asgi_app_from_module

from emulators.edge.functions_host import dispatcher
from emulators.edge.gateway import AsgiBackend, Backend, Gateway, HttpBackend
from emulators.edge.invoke import AsgiApp, client_session
from emulators.edge.url_map import UrlMap
from emulators.processes.ports import free_ports, listen
from shared.topology import Function, Http, Maturity, Service
from tests.unit.http.store_front import Store

PATIENCE = 20
"""Seconds until a test gives up; no answer takes one."""
MOVES = "/store/v1/shelves/milk/moves"
GOOD = b'{"by":5}'


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """Of an answer that is one."""
        assert self.headers["content-type"] == "application/problem+json", (self.status, self.headers, self.body)
        found: dict[str, Any] = json.loads(self.body)
        assert found["status"] == self.status
        return found


@dataclass(frozen=True, slots=True)
class Server:
    """`prefix` comes before every path."""

    port: int
    store: Store
    prefix: str = ""

    async def send(self, *pieces: bytes, close: bool = False) -> Answer:
        """The first answer to these bytes; `close` says that nothing follows them."""
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if close:
                writer.write_eof()
            try:
                return await _answer(reader, has_body=not pieces[0].startswith(b"HEAD "))
            finally:
                writer.close()

    def request(
        self, method: str = "POST", path: str = MOVES, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> bytes:
        """One whole request of a service, as bytes."""
        own = {"Host": "x", "Authorization": "Bearer service", "Idempotency-Key": "k1"}
        sent = {**own, "Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items() if value)
        return f"{method} {self.prefix}{path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader, *, has_body: bool) -> Answer:
    head = b"HTTP/1.1 100 "
    while head.startswith(b"HTTP/1.1 100 "):
        head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)) if has_body else 0)
    return Answer(int(first.split()[1]), headers, body)


def app_of(store: Store) -> AsgiApp:
    """As the Functions Framework makes it."""
    module = SimpleNamespace(commands=store.function)
    app: AsgiApp = create_asgi_app_from_module("commands", "main.py", "http", module, None)  # type: ignore[no-untyped-call] # it has no types
    return app


@asynccontextmanager
async def framework() -> AsyncIterator[Server]:
    """The function in a process of its own."""
    store, (port,) = Store(), free_ports(1)
    config = uvicorn.Config(
        dispatcher({"commands": app_of(store)}), http="httptools", lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listen(port, option="")]))
    yield Server(port, store, prefix="/commands")
    server.should_exit = True
    await running


def _service(timeout: int) -> Service:
    commands = Function(
        name="commands", trigger=Http(("POST", "PUT", "DELETE")), permissions=(), description="", timeout=timeout
    )
    return Service(name="store", description="", maturity=Maturity.EVENT_SOURCED, functions=(commands,))


@asynccontextmanager
async def _gateway(backend: Backend, store: Store, seconds: int = PATIENCE) -> AsyncIterator[Server]:
    (port,) = free_ports(1)
    gateway = Gateway(UrlMap([_service(seconds)]), backend, {})
    await gateway.start(listen(port, option=""))
    yield Server(port, store)
    await gateway.stop()


@asynccontextmanager
async def through_the_gateway(seconds: int = PATIENCE) -> AsyncIterator[Server]:
    """To the function in a process of its own, which has so many seconds."""
    async with framework() as behind, client_session() as session:
        address = f"http://127.0.0.1:{behind.port}/commands"
        async with _gateway(HttpBackend(session, lambda *_: address), behind.store, seconds) as server:
            yield server


@asynccontextmanager
async def embedded() -> AsyncIterator[Server]:
    """Through the gateway to the function in the same process."""
    store = Store()
    async with _gateway(AsgiBackend({("store", "commands"): app_of(store)}), store) as server:
        yield server


SERVERS = (framework, through_the_gateway, embedded)
