"""The orders' commands, as their callers send them."""

import itertools
from typing import Any

import pytest

from functions.orders.commands import (
    OrderCommand,
    RecordDispute,
    RecordDisputeEnd,
    RecordLoss,
    RecordRefund,
    RecordRefundFailure,
    RecordRefundResolution,
)
from functions.orders.events import MovedLine
from functions.orders.main import SERVICE
from shared.bootstrap import Wiring
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.commands import Resume
from shared.http.auth import Principal, Role, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies

ORDER = "/orders/v1/orders/o1"
PRICE = {"amount": 250, "currency": "USD"}
NOTHING = {"amount": 0, "currency": "USD"}
BODY: dict[str, Any] = {
    "customer_id": "900",
    "checkout_id": "c1",
    "currency": "USD",
    "lines": [{"sku": "milk", "quantity": 1, "unit_price": None, "total": PRICE}],
    "discounts": [],
    "shipping": NOTHING,
    "tax": NOTHING,
    "shipping_address": "sealed:v1:900:x",
    "reservation_id": "r1",
    "payment_id": "p1",
}


class BelievesAnything(TokenVerifier):
    """A token is the role of its bearer."""

    def __init__(self) -> None:
        """Nothing to check with."""

    async def principal(self, authorization: str | None) -> Principal:
        role = (authorization or "Bearer customer").removeprefix("Bearer ")
        return Principal("ada", frozenset({Role(role)}))


class Orders:
    """The service as its callers see it, and its log."""

    def __init__(self) -> None:
        clock, ids = FixedClock(), itertools.count(1)
        deps = memory_dependencies(clock, publisher=RecordingPublisher())
        self.wiring = Wiring(
            SERVICE.manifest, SERVICE.aggregates, deps=deps, clock=clock, new_id=lambda: f"id{next(ids)}"
        )
        edge = CommandEdge(SERVICE.command_apis, self.wiring, BelievesAnything(), clock, self.wiring.new_id)
        self.function = guarded("orders-commands", edge, lambda *_, **__: None)

    def caller(self, role: str) -> ApiSpec:
        return ApiSpec(self.function, role)

    async def told(self, command: OrderCommand) -> None:
        """As its payment or fulfillment tells."""
        context = self.wiring.system_context("reaction:orders")
        await self.wiring.handle("order", "o1", command, context)

    async def status(self) -> str:
        return str((await self.wiring.state("order", "o1")).status)


@pytest.fixture
def orders() -> Orders:
    return Orders()


@pytest.fixture
async def checkout(orders: Orders) -> ApiSpec:
    """Who has created the order."""
    service = orders.caller("service")
    reply = await service.send("PUT", ORDER, json=BODY)
    assert (reply.status, reply.json) == (202, {"id": "o1", "version": 1})
    return service


@pytest.fixture
async def placed(checkout: ApiSpec) -> ApiSpec:
    """Who has placed it, too."""
    await checkout.post(f"{ORDER}/confirm", "k1")
    await checkout.post(f"{ORDER}/place", "k2", {"payment_id": "p1", "captured": PRICE})
    return checkout


async def test_the_checkout_places_an_order(placed: ApiSpec, orders: Orders) -> None:
    """Created, confirmed and paid for."""
    assert await orders.status() == "placed"


async def test_an_order_that_comes_again_is_the_same(checkout: ApiSpec) -> None:
    """Nothing is written twice, with a key or without."""
    reply = await checkout.send("PUT", ORDER, json=BODY)

    assert (reply.status, reply.json) == (202, {"id": "o1", "version": 1})


async def test_the_checkout_gives_up_what_was_never_created(orders: Orders) -> None:
    """A create that comes late is refused."""
    service = orders.caller("service")
    await service.post(f"{ORDER}/abandon", "k1", {"reason": "checkout-failed"})

    reply = await service.send("PUT", ORDER, json=BODY)

    assert (reply.status, reply.json["code"]) == (409, "order-cancelled")


async def test_the_checkout_gives_up_only_what_is_not_paid(placed: ApiSpec) -> None:
    """A late request of it is refused."""
    refused = await placed.post(f"{ORDER}/abandon", "k3", {"reason": "checkout-failed"})

    assert (refused.status, refused.json["code"]) == (409, "order-is-placed")


async def test_only_the_checkout_cancels_what_it_is_at(checkout: ApiSpec, orders: Orders) -> None:
    """An operator is refused, and told what to do; the checkout is not."""
    refused = await orders.caller("operator").post(f"{ORDER}/cancel", "k1", {"reason": "changed-mind"})
    done = await checkout.post(f"{ORDER}/abandon", "k2", {"reason": "checkout-failed"})

    assert (refused.status, refused.json["code"]) == (409, "order-in-checkout")
    assert "force-compensate" in refused.json["detail"]
    assert (done.status, await orders.status()) == (202, "cancelled")


class TestACancellation:
    async def test_of_a_placed_order_is_begun(self, placed: ApiSpec, orders: Orders) -> None:
        """It knows all that its steps need; nothing is cancelled yet."""
        reply = await orders.caller("operator").post(f"{ORDER}/cancel", "k3", {"reason": "fraud"})

        saga = await orders.wiring.state("cancellation", "o1-c1")
        assert (reply.status, reply.json) == (202, {"id": "o1-c1", "version": 1})
        assert reply.headers["location"] == "/orders/v1/cancellations/o1-c1"
        assert (saga.workflow_id, saga.data) == (
            "o1-c1",
            {
                "cancellation_id": "o1-c1",
                "order_id": "o1",
                "customer_id": "900",
                "reservation_id": "r1",
                "payment_id": "p1",
                "ordered": [{"sku": "milk", "quantity": 1}],
                "lines": None,
                "reason": "fraud",
            },
        )
        assert await orders.status() == "placed"

    async def test_that_comes_again_is_the_same(self, placed: ApiSpec, orders: Orders) -> None:
        """Under its key."""
        replies = [await orders.caller("operator").post(f"{ORDER}/cancel", "k3", {"reason": "fraud"}) for _ in "ab"]

        assert [(reply.status, reply.json["id"]) for reply in replies] == [(202, "o1-c1")] * 2

    async def test_waits_for_the_one_before_it(self, placed: ApiSpec, orders: Orders) -> None:
        """One at a time; by whichever instance, also at the same time."""
        operator = orders.caller("operator")
        await operator.post(f"{ORDER}/cancel", "k3", {"reason": "fraud"})

        refused = await operator.post(f"{ORDER}/cancel", "k4", {"reason": "fraud"})

        assert (refused.status, refused.json["code"]) == (409, "cancellation-under-way")
        assert "o1-c1" in refused.json["detail"]

    async def test_that_was_turned_back_makes_room_for_another(self, placed: ApiSpec, orders: Orders) -> None:
        """By an operator, for example: it has changed nothing."""
        operator, first = orders.caller("operator"), "/orders/v1/cancellations/o1-c1"
        await operator.post(f"{ORDER}/cancel", "k3", {"reason": "fraud"})
        await operator.post(f"{first}/force-compensate", "k4", {"reason": "mistake"})
        context = orders.wiring.system_context("test")
        await orders.wiring.handle("cancellation", "o1-c1", Resume(at=context.occurred_at), context)

        reply = await operator.post(f"{ORDER}/cancel", "k5", {"reason": "fraud"})

        assert (reply.status, reply.json["id"]) == (202, "o1-c2")

    @pytest.mark.parametrize(
        ("lines", "code"),
        [
            ([{"sku": "rye", "quantity": 1}], "not-ordered"),
            ([{"sku": "milk", "quantity": 2}], "not-cancellable"),
            ([{"sku": "milk", "quantity": 1}, {"sku": "milk", "quantity": 1}], "lines-invalid"),
        ],
    )
    async def test_of_what_the_order_does_not_hold_is_refused(
        self, placed: ApiSpec, orders: Orders, lines: object, code: str
    ) -> None:
        """At once."""
        body = {"reason": "fraud", "lines": lines}

        reply = await orders.caller("operator").post(f"{ORDER}/cancel", "k3", body)

        assert (reply.status, reply.json["code"]) == (409, code)

    async def test_of_no_order_is_refused(self, orders: Orders) -> None:
        """There is none."""
        reply = await orders.caller("operator").post(f"{ORDER}/cancel", "k3", {"reason": "fraud"})

        assert (reply.status, reply.json["code"]) == (404, "order-not-found")

    async def test_of_a_cancelled_order_is_refused(self, placed: ApiSpec, orders: Orders) -> None:
        """What fulfillment has stopped is cancelled; then there is nothing left to cancel."""
        lines = [{"sku": "milk", "quantity": 1}]
        await placed.post(f"{ORDER}/cancellations", "k3", {"cancellation_id": "x", "lines": lines, "reason": "fraud"})

        reply = await orders.caller("operator").post(f"{ORDER}/cancel", "k4", {"reason": "fraud"})

        assert (await orders.status(), reply.status, reply.json["code"]) == ("cancelled", 409, "order-cancelled")


@pytest.mark.parametrize("path", ["abandon", "cancellations", "returns", "returns/b1/complete"])
async def test_steps_are_the_business_of_their_workflow(orders: Orders, path: str) -> None:
    """An operator asks the workflow: nobody takes a step back under a running one."""
    assert (await orders.caller("operator").post(f"{ORDER}/{path}", "k1")).status == 403


async def test_a_lost_parcel_is_told_by_fulfillment(placed: ApiSpec, orders: Orders) -> None:
    """It was everything: the order is lost."""
    at, lines = orders.wiring.clock(), (MovedLine(sku="milk", quantity=1),)

    for _ in range(2):
        await orders.told(RecordLoss(shipment_id="o1-1", lines=lines, at=at))

    assert await orders.status() == "lost"


@pytest.mark.parametrize("field", ["shipping_address", "reservation_id", "lines"])
async def test_a_bad_field_is_named(orders: Orders, field: str) -> None:
    """An address in the clear, an id that is none and no lines are refused before anything is decided."""
    bad = {"shipping_address": "12 High Street", "reservation_id": "a b", "lines": []}[field]

    reply = await orders.caller("service").send("PUT", ORDER, json={**BODY, field: bad})

    assert (reply.status, reply.fields_at_fault) == (400, [field])


@pytest.mark.parametrize("role", ["customer", "pos"])
async def test_others_change_no_orders(orders: Orders, role: str) -> None:
    """Customers buy through the checkout."""
    assert (await orders.caller(role).send("PUT", ORDER, json=BODY)).status == 403


async def test_its_money_is_told_of(placed: ApiSpec, orders: Orders) -> None:
    """Given back, sent back by the bank and paid otherwise; disputed, and won."""
    told: dict[str, Any] = {"payment_id": "p1", "amount": Money.model_validate(PRICE), "at": orders.wiring.clock()}

    for command in (
        RecordRefund(**told, refund_id="r1"),
        RecordRefundFailure(**told, refund_id="r1", code="expired_card"),
        RecordRefundResolution(**told, refund_id="r1", paid_otherwise=True),
        RecordDispute(**told, dispute_id="dp_1", reason="fraudulent"),
        RecordDisputeEnd(**told, dispute_id="dp_1", outcome="won"),
    ):
        await orders.told(command)

    order = await orders.wiring.state("order", "o1")
    assert (order.refunds["r1"].status, order.disputes["dp_1"].outcome) == ("paid-otherwise", "won")
    assert order.terms.total.amount - order.left == 250
