"""As much of a cart service as a till can see, over HTTP; and the till's baskets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from emulators.feed.client import TILL, TILL_ACTOR, Patience, PlatformClient, connect
from emulators.feed.dataset import Basket, Line
from emulators.feed.run import AUDITOR
from emulators.feed.tills import ACCEPTED, FeedResult, feed

AT = datetime(2017, 3, 6, 12, tzinfo=UTC)
FULL = Basket("1", "900", AT, [Line("11", 1, 50), Line("12", 0, 7), Line("13", 28502, 6999)])
EMPTY = Basket("2", "900", AT + timedelta(minutes=1), [Line("12", 0, 0)])
BREAK: tuple[int, dict[str, str]] = (299, {})
"""Instead of an answer: the connection is closed."""
IMPATIENT = Patience(attempts=3, pause=0.0, longest_pause=0.0, timeout=5.0)


@dataclass
class CartInMiniature:
    """As much of a cart service as a till can see. `instead` are (status, headers) of the next answers to POSTs,
    `hidden` is how many queries find nothing yet; the rest is what a broken one would do.
    """

    carts: dict[str, dict[str, Any]] = field(default_factory=dict)
    accepted_keys: set[str] = field(default_factory=set)
    seen: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: int = 0
    instead: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    hidden: int = 0
    least: int = 1
    sells_nothing: bool = False
    endless: bool = False

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/oauth/token", self.token)
        app.router.add_post("/cart/v1/carts", self.open)
        app.router.add_post("/cart/v1/carts/{id}/items", self.add)
        app.router.add_post("/cart/v1/carts/{id}/checkout", self.check_out)
        app.router.add_get("/cart/v1/carts", self.list)
        app.router.add_get("/cart/v1/carts/{id}", self.cart)
        app.router.add_get("/cart/v1/carts/{id}/history", self.history)
        return app

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert (form["subject"], form["roles"]) in {(TILL, "pos"), (AUDITOR, "operator")}
        self.tokens += 1
        return web.json_response({"access_token": f"token-{self.tokens}"})

    async def command(self, request: web.Request, carry_out: Callable[[Any], web.Response]) -> web.Response:
        key, body = request.headers["Idempotency-Key"], await request.json()
        self.seen.append((request.headers["Authorization"], key, body))
        if self.instead:
            status, headers = self.instead.pop(0)
            if status == BREAK[0] and request.transport:
                request.transport.close()
            return web.json_response({"code": "planted"}, status=status, headers=headers)
        response = carry_out(body)
        if key in self.accepted_keys:
            response.headers["Idempotent-Replayed"] = "true"
        elif response.status == ACCEPTED:
            self.accepted_keys.add(key)
        return response

    async def open(self, request: web.Request) -> web.Response:
        def carry_out(body: Any) -> web.Response:
            cart_id = f"c{request.headers['Idempotency-Key']}"
            fresh = {"id": cart_id, "customer_id": body["customer_id"], "status": "open", "lines": {}, "version": 1}
            fresh |= {"opened_at": body["opened_at"], "checked_out_at": None, "opened_by": TILL_ACTOR}
            return accepted(self.carts.setdefault(cart_id, fresh))

        return await self.command(request, carry_out)

    async def add(self, request: web.Request) -> web.Response:
        cart = self.carts[request.match_info["id"]]

        def carry_out(body: Any) -> web.Response:
            if body["quantity"] < self.least:
                return problem(400, "invalid-input", errors=[{"field": "quantity", "message": "too small"}])
            if body["sku"] not in cart["lines"]:
                cart["lines"][body["sku"]] = {"quantity": body["quantity"], "total": body["charged"]}
                cart["version"] += 1
            return accepted(cart)

        return await self.command(request, carry_out)

    async def check_out(self, request: web.Request) -> web.Response:
        cart = self.carts[request.match_info["id"]]

        def carry_out(body: Any) -> web.Response:
            if not cart["lines"] and not self.sells_nothing:
                return problem(409, "cart-is-empty")
            cart["version"] += cart["status"] == "open"
            cart["status"], cart["checked_out_at"] = "checked-out", body["at"]
            return accepted(cart)

        return await self.command(request, carry_out)

    async def cart(self, request: web.Request) -> web.Response:
        cart = self.carts.get(request.match_info["id"])
        self.hidden -= 1
        if cart is None or self.hidden > 0:
            return problem(404, "not-found")
        version = cart["version"] - (self.hidden == 0)
        return web.json_response(view(cart), headers={"ETag": f'"{version}"'})

    async def history(self, request: web.Request) -> web.Response:
        cart = self.carts.get(request.match_info["id"])
        if cart is None or cart["opened_by"] is None:
            return problem(404, "not-found")
        return web.json_response({"items": [{"actor": cart["opened_by"]}], "next": None})

    async def list(self, request: web.Request) -> web.Response:
        if self.endless:
            return web.json_response({"items": [], "next": "5"})
        start, limit = int(request.query.get("cursor", 0)), int(request.query["limit"])
        mine = [view(cart) for cart in self.carts.values() if cart["customer_id"] == request.query["customer_id"]]
        more = start + limit < len(mine)
        return web.json_response({"items": mine[start : start + limit], "next": str(start + limit) if more else None})


def accepted(cart: dict[str, Any]) -> web.Response:
    headers = {"ETag": f'"{cart["version"]}"', "Server-Timing": "append;dur=2.5, publish;dur=1.5"}
    return web.json_response({"id": cart["id"], "version": cart["version"]}, status=202, headers=headers)


def problem(status: int, code: str, **more: Any) -> web.Response:
    return web.json_response({"status": status, "code": code, **more}, status=status)


def view(cart: dict[str, Any]) -> dict[str, Any]:
    amount = sum(line["total"]["amount"] for line in cart["lines"].values())
    lines = [{"sku": sku, **line} for sku, line in cart["lines"].items()]
    return {**cart, "lines": lines, "total": {"amount": amount, "currency": "USD"}}


@asynccontextmanager
async def till(platform: CartInMiniature) -> AsyncIterator[PlatformClient]:
    async with TestServer(platform.app()) as server, connect(str(server.make_url("/")), patience=IMPATIENT) as client:
        yield client


def silent(_phase: str, _done: int, _total: int) -> None:
    """Nobody watches."""


async def fed(platform: CartInMiniature, *baskets: Basket) -> FeedResult:
    async with till(platform) as client:
        return await feed(client, baskets, concurrency=2, progress=silent)
