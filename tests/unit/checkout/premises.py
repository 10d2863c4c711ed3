"""All services that a checkout and a return talk to, the real ones, behind their real edges, in memory."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.cart.main import SERVICE as CART
from functions.catalog.main import SERVICE as CATALOG
from functions.checkout.main import SERVICE as CHECKOUT
from functions.customers.main import SERVICE as CUSTOMERS
from functions.inventory.main import SERVICE as INVENTORY
from functions.orders.commands import RecordDelivery
from functions.orders.events import MovedLine
from functions.orders.main import SERVICE as ORDERS
from functions.orders.manifest import ORDER_CATEGORY
from functions.payments.adapters.memory import MemoryProvider
from functions.payments.effect import Settlement
from functions.payments.main import SERVICE as PAYMENTS
from functions.pricing.main import SERVICE as PRICING
from functions.promotions.main import SERVICE as PROMOTIONS
from functions.returns.main import SERVICE as RETURNS
from shared.adapters.memory.event_store import MemoryEventStore
from shared.bootstrap import EventSourcedService, Wiring
from shared.bootstrap.workflow import WorkflowService
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.feed_walk import FeedWalk, heal
from shared.eventsourcing.projector import Projector
from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.runner import Advanced, Runner
from shared.http.auth import Principal, Role, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import Handler, guarded
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec, Reply
from shared.testing.doubles import RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring

SERVICES: tuple[EventSourcedService, ...] = (
    CART,
    CATALOG,
    CHECKOUT,
    CUSTOMERS,
    INVENTORY,
    ORDERS,
    PAYMENTS,
    PRICING,
    PROMOTIONS,
    RETURNS,
)


Clock = Callable[[], datetime]


class Trusting(TokenVerifier):
    """Takes `role:subject` at its word: tokens have tests of their own."""

    def __init__(self) -> None:
        """No issuer."""

    async def principal(self, authorization: str | None) -> Principal:
        if authorization is None:
            return await super().principal(None)
        role, _, subject = (authorization or "").removeprefix("Bearer ").partition(":")
        return Principal(subject, frozenset({Role(role)}))


class Premises:
    """The shop as its customers see it. `run` takes the place of push and timers; `project` of the projectors."""

    def __init__(self, clock: Clock, services: Sequence[EventSourcedService] = SERVICES) -> None:
        self._services = services
        self.clock, self.topics, self.provider = clock, RecordingPublisher(), MemoryProvider()
        self._events = MemoryEventStore(self.clock, OperationCounts())
        self._deps = memory_dependencies(self.clock, events=self._events, publisher=self.topics)
        self._ids = itertools.count(1)
        self._wirings = {service.manifest.name: self._wiring(service) for service in services}
        self._post_queries = post_queries(services)
        self._edges = {service.manifest.name: self._edge(service) for service in services}

    async def call(self, request: Request) -> Response:
        """`Caller`: as a service."""
        url = f"/{request.service}/v1{request.path}"
        headers = {"Idempotency-Key": request.key} if request.key else {}
        if request.if_match is not None:
            headers["If-Match"] = f'"{request.if_match}"'
        reply = await self.ask("checkout", "service", request.method, url, request.body, **headers)
        return Response(reply.status, reply.json if reply.body else {}, reply.headers)

    async def ask(
        self, subject: str, role: str, method: str, url: str, body: Mapping[str, Any] | None = None, **headers: str
    ) -> Reply:
        """A request by a client, with an idempotency key of its own where none is stated; without a token if it has no
        role.
        """
        commands, queries = self._edges[url.split("/")[1]]
        asks = method == "GET" or (method == "POST" and url in self._post_queries)
        spec = ApiSpec(queries if asks else commands, f"{role}:{subject}" if role else None)
        key = {"Idempotency-Key": f"key{next(self._ids)}"} if method != "GET" else {}
        return await spec.send(method, url, json=body, headers={**key, **headers})

    async def run(self, service: WorkflowService, workflow_id: str) -> Advanced:
        """As far as it goes."""
        category = service.workflow.category
        runner = Runner(
            workflow=service.workflow,
            handler=self._wirings[service.manifest.name].handler(category),
            caller=self,
            timers=self,
            clock=self.clock,
            new_id=self._new_id,
        )
        return await runner.advance(f"{category}-{workflow_id}")

    async def schedule(self, *_: Any) -> None:
        """`Timers`: nobody waits."""

    async def delivered(self, order_id: str, shipment_id: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """A shipment arrived: what the orders hear of it."""
        moved = tuple(MovedLine(**line) for line in lines)
        command = RecordDelivery(shipment_id=shipment_id, lines=moved, at=self.clock())
        wiring = self._wirings["orders"]
        await wiring.handle(ORDER_CATEGORY, order_id, command, wiring.system_context("test"))

    async def project(self) -> None:
        """Let all read models catch up."""
        deps = self._deps
        for projection in (each for service in self._services for each in service.projections):
            projector = Projector(projection, deps.events, deps.rows, deps.dead_letters, self.clock)
            walk = FeedWalk(
                name=f"test/{projection.name}",
                category=projection.category,
                behind=timedelta(seconds=-1),
                visit=heal(projector),
                log=deps.events,
                checkpoints=deps.checkpoints,
            )
            await walk.run()

    async def sealed(self, subject: str, text: str) -> str:
        """As an edge of these services would write it down."""
        return await self._deps.personal.seal(subject, text)

    async def state(self, service: str, category: str, entity_id: str) -> Any:
        """As the service's own log has it."""
        return await self._wirings[service].state(category, entity_id)

    async def erase(self, subject: str) -> None:
        """The person's key."""
        await self._deps.personal.erase(subject)

    def _new_id(self) -> str:
        return f"id{next(self._ids)}"

    def _wiring(self, service: EventSourcedService) -> Wiring:
        effect = service.effect
        if service.manifest.name == "notifications":
            effect = None  # no mail is sent
        if service is PAYMENTS:
            effect = lambda wiring: Settlement(wiring, self.provider, _silent)  # noqa: E731 - one line, used once
        return Wiring(service.manifest, service.aggregates, effect, self._deps, self.clock, self._new_id, self)

    def _edge(self, service: EventSourcedService) -> tuple[Handler, Handler]:
        wiring = self._wirings[service.manifest.name]
        commands = CommandEdge(service.command_apis, wiring, Trusting(), self.clock, self._new_id)
        queries = QueryEdge(service.query_apis, query_wiring(self._deps, self.clock, wiring=wiring), Trusting())
        return guarded("commands", commands, _silent), guarded("queries", queries, _silent)


def _silent(*_: object, **__: object) -> None:
    """Nobody reads."""


def post_queries(services: Sequence[EventSourcedService]) -> frozenset[str]:
    """The paths where a POST is a query."""
    return frozenset(
        f"/{each.manifest.name}/v1{place.path}"
        for each in services
        for place in each.query_places
        if place.method == "POST"
    )


async def agreed(shop: Premises, cart: str, coupons: Sequence[str] = (), customer: str = "900") -> dict[str, Any]:
    """What the customer sees and agrees on: the cart's version, and the total."""
    body = {"cart_id": cart, "coupons": list(coupons), "country": "US"}
    reply = await shop.ask(customer, "customer", "POST", "/checkout/v1/previews", body)
    assert reply.status == 200, reply.body
    return {"cart_version": reply.json["cart_version"], "expected_total": reply.json["total"]}


def usd(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "USD"}


async def stocked(shop: Premises) -> Premises:
    """Milk and tea in the catalog and on the shelf, priced; a coupon for milk."""
    for sku, cents, pieces in (("milk", 250, 10), ("tea", 399, 5)):
        await good(shop, "PUT", f"/catalog/v1/products/{sku}", {"department": "Grocery", "product_type": f"Fine {sku}"})
        await good(shop, "PUT", f"/pricing/v1/prices/{sku}", {"price": usd(cents)})
        await good(
            shop, "POST", f"/inventory/v1/stock/{sku}/receipts", {"quantity": pieces, "reference": "first delivery"}
        )
    period = {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}
    await good(shop, "PUT", "/promotions/v1/campaigns/spring", {"name": "Spring", "kind": "web", **period})
    coupon = {"campaign_id": "spring", "skus": ["milk"], "discount": {"kind": "percent", "percent": 10}, **period}
    await good(shop, "PUT", "/promotions/v1/coupons/TEN", coupon)
    return shop


async def good(shop: Premises, method: str, url: str, body: dict[str, Any] | None = None) -> Reply:
    """Done by an operator."""
    reply = await shop.ask("7", "operator", method, url, body)
    assert reply.status in (200, 202), reply.body
    return reply


async def filled_cart(shop: Premises) -> str:
    """Of the customer 900: two milk, one tea."""
    cart = (await shop.ask("900", "customer", "POST", "/cart/v1/carts", {"currency": "USD"})).json["id"]
    for sku, quantity in (("milk", 2), ("tea", 1)):
        item = {"sku": sku, "quantity": quantity}
        assert (await shop.ask("900", "customer", "POST", f"/cart/v1/carts/{cart}/items", item)).status == 202
    await shop.project()
    return str(cart)
