"""The fulfillment service on in-process adapters, behind its real edges; callers are whom they say they are."""

import itertools

from functions.fulfillment.command_api import SHIPMENT_COMMANDS
from functions.fulfillment.decider import SHIPMENTS_DECIDER
from functions.fulfillment.integration import to_integration
from functions.fulfillment.manifest import MANIFEST, NAME, SHIPMENT
from functions.fulfillment.projections import SHIPMENTS_PROJECTION
from functions.fulfillment.query_api import LABEL_QUERY, SHIPMENT_QUERIES, STOP_QUERY
from functions.fulfillment.reactor import REACTIONS
from functions.fulfillment.state import Shipment
from functions.orders.integration import OrderPlaced
from functions.payments.integration import PaymentDisputeClosed, PaymentDisputed
from shared.bootstrap import Aggregate, Wiring
from shared.eventsourcing.projector import Projector
from shared.http.auth import PlatformCallers, Principal, Role, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import Handler, guarded
from shared.http.platform_api import ScheduleEdge
from shared.http.query_edge import QueryEdge
from shared.http.reaction_edge import ReactionEdge
from shared.testing.api_spec import ApiSpec, request
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies, query_wiring

Told = OrderPlaced | PaymentDisputed | PaymentDisputeClosed
_PRODUCERS: dict[type[Told], tuple[str, str, int]] = {
    OrderPlaced: ("orders", "order", 3),
    PaymentDisputed: ("payments", "payment", 6),
    PaymentDisputeClosed: ("payments", "payment", 7),
}
"""Which service tells of it, and at which version of which stream."""
ADDRESS = "Jane, Main Street 1"


ORDERED = [{"sku": "milk", "quantity": 2}, {"sku": "tea", "quantity": 3}]
"""What the order of these tests holds."""


class SaidNames(TokenVerifier):
    """`Bearer operator:ann` is the operator Ann."""

    def __init__(self) -> None:
        """No keys."""

    async def principal(self, authorization: str | None) -> Principal:
        role, _, subject = (authorization or "").removeprefix("Bearer ").partition(":")
        return Principal(subject, frozenset({Role(role)}))


class Anybody(PlatformCallers):
    """Which of the platform's parts calls is not the question here."""

    def __init__(self) -> None:
        """No tokens."""

    async def check(self, authorization: str | None) -> None:
        """Everybody may."""


class Warehouse:
    """The service, with as many instances as a test wants."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.topics = RecordingPublisher()
        self.deps = memory_dependencies(self.clock, publisher=self.topics)
        self._ids = itertools.count(1)

    def instance(self) -> Wiring:
        """With a memory of its own."""
        shipments = Aggregate(SHIPMENTS_DECIDER, to_integration)
        return Wiring(MANIFEST, (shipments,), deps=self.deps, clock=self.clock, new_id=lambda: f"id{next(self._ids)}")

    def operator(self, wiring: Wiring | None = None, who: str = "operator:ann") -> ApiSpec:
        """Calls commands, of this instance or a new one."""
        own = wiring or self.instance()
        edge = CommandEdge((SHIPMENT_COMMANDS,), own, SaidNames(), self.clock, own.new_id)
        return ApiSpec(self._guarded(edge), who)

    def reader(self, who: str = "operator:ann") -> ApiSpec:
        edge = QueryEdge((SHIPMENT_QUERIES, LABEL_QUERY, STOP_QUERY), query_wiring(self.deps, self.clock), SaidNames())
        return ApiSpec(self._guarded(edge), who)

    async def stop(
        self, cancellation: str = "c1", wiring: Wiring | None = None, **quantities: int
    ) -> tuple[int, str | None]:
        """A cancellation asks for these pieces, or for everything: what is answered, and with which code."""
        body = {"cancellation_id": cancellation, "ordered": ORDERED, "reason": "fraud"}
        if quantities:
            body["lines"] = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
        service = self.operator(wiring, "service:orders")
        reply = await service.post("/fulfillment/v1/orders/o1/stop", f"{cancellation}/{next(self._ids)}", body)
        return reply.status, reply.json.get("code")

    async def stopped(self, cancellation: str = "c1") -> dict[str, int]:
        """What a cancellation is told that it has stopped."""
        reply = await self.reader("service:orders").get(f"/fulfillment/v1/orders/o1/stops/{cancellation}")
        return {line["sku"]: line["quantity"] for line in reply.json["lines"]}

    async def told(self, event: Told, wiring: Wiring | None = None) -> str:
        """A message of the orders or the payments service is delivered; returns what became of it. An order's address
        is one that can be opened.
        """
        if isinstance(event, OrderPlaced):
            sealed = await self.deps.personal.seal(event.customer_id, ADDRESS)
            event = event.model_copy(update={"shipping_address": sealed})
        edge = ReactionEdge(
            NAME,
            REACTIONS,
            wiring or self.instance(),
            callers=Anybody(),
            dead_letters=self.deps.dead_letters,
            clock=self.clock,
            schedule=ScheduleEdge(Anybody(), {}),
        )
        service, stream, version = _PRODUCERS[type(event)]
        headers = {
            "ce-id": f"{stream}-{event.order_id}@{version}.0",
            "ce-type": f"commerce.{service}.{event.TYPE}",
            "ce-time": self.clock().isoformat(),
        }
        reply = await request(edge, "POST", "/", event.model_dump_json().encode(), headers)
        return reply.headers["outcome"]

    async def projected(self, *shipments: str) -> None:
        """The read model shows these as they are now."""
        deps = self.deps
        projector = Projector(SHIPMENTS_PROJECTION, deps.events, deps.rows, deps.dead_letters, self.clock)
        for shipment in shipments:
            await projector.heal(f"{SHIPMENT}-{shipment}", 1)

    async def shipment(self, shipment_id: str) -> Shipment:
        found: Shipment = await self.instance().state(SHIPMENT, shipment_id)
        return found

    def _guarded(self, edge: CommandEdge | QueryEdge) -> Handler:
        return guarded("fulfillment", edge, lambda *_, **__: None)
