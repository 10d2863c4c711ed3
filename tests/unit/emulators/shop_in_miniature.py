"""As much of a platform as the shop's staff can see, over HTTP: it takes everything, and answers as it was told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from emulators.shop.staff import Staff, hired


@dataclass
class ShopInMiniature:
    """`documents` are the answers to GET by path: the first of a list is taken off as long as there is a second one.
    `taken` are the commands as (role, method, path, body), `keys` theirs; a key that came before is answered as such.
    """

    documents: dict[str, list[Any]] = field(default_factory=dict)
    taken: list[tuple[str, str, str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    status: int = 202
    not_found: int = 404

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/oauth/token", self.token)
        app.router.add_get("/{path:.*}", self.tell)
        app.router.add_route("*", "/{path:.*}", self.take)
        return app

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        return web.json_response({"access_token": form["roles"]})

    async def tell(self, request: web.Request) -> web.Response:
        answers = self.documents.get(str(request.rel_url), [None])
        body = answers.pop(0) if len(answers) > 1 else answers[0]
        return web.json_response(body or {"code": "not-found"}, status=200 if body else self.not_found)

    async def take(self, request: web.Request) -> web.Response:
        role = request.headers["Authorization"].removeprefix("Bearer ")
        body = await request.json()
        self.taken.append((role, request.method, request.path, body))
        key = f"{role} {request.headers['Idempotency-Key']}"
        headers = {"ETag": '"1"', **({"Idempotent-Replayed": "true"} if key in self.keys else {})}
        self.keys.append(key)
        if "quantity" in body and not body["quantity"]:
            errors = [{"field": "quantity", "message": "too small"}]
            return web.json_response({"code": "invalid-input", "errors": errors}, status=400)
        return web.json_response({"id": "it", "version": 1}, status=self.status, headers=headers)

    def paths(self, method: str) -> list[str]:
        return [path for _, each, path, _ in self.taken if each == method]


@asynccontextmanager
async def staff_of(shop: ShopInMiniature) -> AsyncIterator[Staff]:
    async with TestServer(shop.app()) as server, hired(str(server.make_url("/")), prefix="test-") as staff:
        yield staff
