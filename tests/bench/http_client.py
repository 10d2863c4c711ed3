"""The lightest client that speaks enough HTTP/1.1 to ask a function: one request at a time on a kept connection."""

import asyncio
from dataclasses import dataclass
from typing import Self, cast

from pydantic_core import from_json

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Reply:
    """`head` is the status line and the headers as they came."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Its value; empty if there is none."""
        marker = f"\r\n{name.lower()}:".encode()
        at = self.head.lower().find(marker)
        return "" if at < 0 else self.head[at + len(marker) :].split(b"\r\n", 1)[0].decode().strip()


class Connection(asyncio.Protocol):
    """Answers must have a content length. A connection that ends fails the request in flight."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[Reply] | None = None

    @classmethod
    async def to(cls, port: int) -> Self:
        _, protocol = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return protocol

    def request(self, content: bytes) -> asyncio.Future[Reply]:
        """Send a whole request, made by `post` or `get`."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(content)
        return self._waiting

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        if not end or len(body) < _length(head):
            return
        self._received = b""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Reply(int(head[9:12]), head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("the server closed the connection"))


def post(path: str, body: bytes, **headers: str) -> bytes:
    """`idempotency_key="k"` becomes the header `idempotency-key: k`."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(path: str, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def accepted(reply: Reply) -> Reply:
    """The reply; RuntimeError if it is a refusal."""
    if not 200 <= reply.status < 300:
        raise RuntimeError(f"refused: {reply.status} {reply.body[:300]!r}")
    return reply


def id_of(reply: Reply) -> str:
    return str(from_json(accepted(reply).body)["id"])


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    if at < 0:
        return 0
    return int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
