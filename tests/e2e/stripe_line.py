"""The line between the payments and the local Stripe, which can be cut, and lose answers to what was done all the same.
Stripe itself runs on: one that is stopped forgets everything, which Stripe does not.
"""

import json
from collections import deque
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from emulators.processes.ports import LOOPBACK, free_ports


class Fault(StrEnum):
    """What becomes of a request."""

    CUT = "it never arrives"
    LOST = "it is done, and its answer is lost"
    BUSY = "it is refused for being too much"


class StripeLine:
    """`async with StripeLine() as line:` listens for the body. `to` is where Stripe is."""

    def __init__(self) -> None:
        (self._port,) = free_ports(1)
        self._faults: dict[tuple[int, str], deque[Fault]] = {}
        self._amounts: dict[str, int] = {}
        self.to = ""

    @property
    def host(self) -> str:
        return f"{LOOPBACK}:{self._port}"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._runner = web.ServerRunner(web.Server(self._carry))
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    def fail(self, amount: int, operation: str, *faults: Fault) -> None:
        """What becomes of the next requests for a payment of so many cents, one after the other; then all is well.
        The operations are `create`, `confirm`, `capture` and `cancel`.
        """
        self._faults[amount, operation] = deque(faults)

    def left(self) -> int:
        """How many faults did not happen yet."""
        return sum(map(len, self._faults.values()))

    async def _carry(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        faults = self._faults.get(self._meant(request.path, body))
        fault = faults.popleft() if faults and request.method == "POST" else None
        if fault is Fault.BUSY:
            return web.json_response({"error": {"type": "rate_limit", "message": "too much"}}, status=429)
        answer = await self._forward(request, body) if fault is not Fault.CUT else web.Response()
        if fault is not None and request.transport is not None:
            request.transport.abort()
        return answer

    def _meant(self, path: str, body: bytes) -> tuple[int, str]:
        """By the amount: whoever makes a fault does not know the payment's id yet."""
        _, _, intent, operation = [*path.strip("/").split("/"), "", ""][:4]
        if not intent:
            return int(parse_qs(body.decode()).get("amount", ["0"])[0]), "create"
        return self._amounts.get(intent, 0), operation

    async def _forward(self, request: web.BaseRequest, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in {"host", "connection"}}
        url = f"http://{self.to}{request.path_qs}"
        async with self._session.request(request.method, url, headers=headers, data=body) as answer:
            content = await answer.read()
        found = json.loads(content)
        if found.get("object") == "payment_intent":
            self._amounts[found["id"]] = found["amount"]
        return web.Response(status=answer.status, body=content, content_type="application/json")
