"""What orders publish, and what they keep to themselves."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from functions.orders import integration
from functions.orders.events import (
    LinesCancelled,
    MovedLine,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderDiscount,
    OrderLine,
    OrderLost,
    OrderPlaced,
    OrderReturned,
    OrderShipmentLost,
    OrderShipped,
    RefundedLine,
    RestStatus,
    ReturnCancelled,
    ReturnedLine,
    ReturnOpened,
)
from functions.orders.integration import Published, to_integration
from shared.eventsourcing.message import Event, IntegrationEvent
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)


def usd(cents: int) -> Money:
    return Money(amount=cents, currency="USD")


def test_an_order_that_is_placed_is_published_whole() -> None:
    """Others learn everything that they need to ship it, tell of it and count it, without asking back."""
    event = OrderPlaced(
        order_id="o1",
        customer_id="900",
        checkout_id="c1",
        currency="USD",
        lines=(OrderLine(sku="milk", quantity=2, unit_price=usd(250), total=usd(500), due=usd(480)),),
        discounts=(OrderDiscount(code="ten-off", amount=usd(50)),),
        subtotal=usd(500),
        discount=usd(50),
        shipping=usd(499),
        tax=usd(30),
        total=usd(979),
        shipping_address="sealed:v1:900:x",
        reservation_id="r1",
        payment_id="p1",
        at=AT,
    )

    assert to_integration(event) == integration.OrderPlaced(
        order_id="o1",
        customer_id="900",
        currency="USD",
        lines=(integration.PlacedLine(sku="milk", quantity=2, unit_price=usd(250), total=usd(500)),),
        discounts=(integration.Discount(code="ten-off", sku=None, amount=usd(50)),),
        subtotal=usd(500),
        discount=usd(50),
        shipping=usd(499),
        tax=usd(30),
        total=usd(979),
        shipping_address="sealed:v1:900:x",
        reservation_id="r1",
        payment_id="p1",
        placed_at=AT,
    )


def test_a_confirmation_is_published() -> None:
    """Others learn that an order is about to be paid."""
    event = OrderConfirmed(order_id="o1", customer_id="900", at=AT)

    assert to_integration(event) == integration.OrderConfirmed(order_id="o1", customer_id="900")


def test_a_cancellation_is_published_with_what_it_frees() -> None:
    """Others learn which reservation, which payment and which checkout's coupons are left over."""
    ids = {"order_id": "o1", "checkout_id": "c1", "reservation_id": "r1", "payment_id": "p1"}
    named = {**ids, "customer_id": "900"}
    event = OrderCancelled(**named, reason="changed their mind", placed=True, at=AT)

    assert to_integration(event) == integration.OrderCancelled(
        **named, reason="changed their mind", placed=True, cancelled_at=AT
    )


REFUNDED = (RefundedLine(sku="milk", quantity=1, refund=usd(240)),)
NAMED = {"order_id": "o1", "customer_id": "900"}


@pytest.mark.parametrize("status", ["placed", "shipped", "cancelled"])
def test_a_cancelled_part_is_published_as_long_as_something_is_left(status: RestStatus) -> None:
    """Of the last part the cancellation of the order tells."""
    told = {**NAMED, "cancellation_id": "k1", "refund": usd(240)}
    event = LinesCancelled(**told, lines=REFUNDED, shipping=usd(0), reason="fraud", status=status, at=AT)

    lines = (integration.OrderedLine(sku="milk", quantity=1),)
    published = integration.OrderLinesCancelled(**told, lines=lines, cancelled_at=AT)
    assert to_integration(event) == (None if status == "cancelled" else published)


def test_a_lost_shipment_is_published_with_its_refund() -> None:
    """The payment gives it under the id that the order states."""
    told = {**NAMED, "shipment_id": "s1", "payment_id": "p1", "refund_id": "lost-s1", "refund": usd(240)}
    event = OrderShipmentLost(**told, lines=REFUNDED, shipping=usd(0), status="lost", at=AT)

    lines = (integration.OrderedLine(sku="milk", quantity=1),)
    assert to_integration(event) == integration.OrderShipmentLost(**told, lines=lines, lost_at=AT)


def test_a_lost_order_is_published_with_the_id_of_its_coupons() -> None:
    """Who keeps them gives them back."""
    event = OrderLost(**NAMED, checkout_id="c1", at=AT)

    assert to_integration(event) == integration.OrderLost(**NAMED, checkout_id="c1", lost_at=AT)


def test_shipments_are_published_as_they_leave_and_arrive() -> None:
    """Others learn which shipment it is; whether it was the last, the order says."""
    line = MovedLine(sku="milk", quantity=2)
    left = OrderShipped(order_id="o1", customer_id="900", shipment_id="s1", lines=(line,), complete=False, at=AT)
    arrived = OrderDelivered(order_id="o1", customer_id="900", shipment_id="s1", complete=True, at=AT)

    assert [to_integration(left), to_integration(arrived)] == [
        integration.OrderShipped(order_id="o1", customer_id="900", shipment_id="s1"),
        integration.OrderDelivered(order_id="o1", customer_id="900", shipment_id="s1"),
    ]


def test_a_return_is_published_when_it_is_done() -> None:
    """Others learn what came back and what was refunded."""
    line = ReturnedLine(sku="milk", quantity=1, refund=usd(240))
    event = OrderReturned(
        order_id="o1", customer_id="900", return_id="b1", lines=(line,), refund=usd(240), complete=False, at=AT
    )

    assert to_integration(event) == integration.OrderReturned(
        order_id="o1",
        customer_id="900",
        return_id="b1",
        lines=(integration.OrderedLine(sku="milk", quantity=1),),
        refund=usd(240),
        returned_at=AT,
    )


@pytest.mark.parametrize("private", [OrderCreated, ReturnOpened, ReturnCancelled])
def test_everything_else_stays_private(private: type[Event]) -> None:
    """An order that is not confirmed, and a return that is not done, are nobody else's business."""
    assert to_integration(private.model_construct()) is None  # type: ignore[arg-type] # a member of the union, chosen at run time


@pytest.mark.parametrize("published", get_args(Published))
def test_examples_round_trip(published: type[IntegrationEvent]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
