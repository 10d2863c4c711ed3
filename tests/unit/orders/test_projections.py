"""What the orders' read model shows, event by event."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from functions.orders.events import (
    MovedLine,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderDiscount,
    OrderEvent,
    OrderLine,
    OrderPlaced,
    OrderRefunded,
    OrderReturned,
    OrderShipped,
    ReturnCancelled,
    ReturnedLine,
    ReturnOpened,
)
from functions.orders.projections import ORDERS_PROJECTION, project_order
from functions.orders.read_models import OrderView, ShipmentLineView, ShipmentView
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)


def usd(cents: int) -> Money:
    return Money(amount=cents, currency="USD")


CREATED = OrderCreated(
    order_id="o1",
    customer_id="900",
    checkout_id="c1",
    currency="USD",
    lines=(
        OrderLine(sku="milk", quantity=2, unit_price=usd(250), total=usd(500), due=usd(450)),
        OrderLine(sku="tea", quantity=1, unit_price=None, total=usd(500), due=usd(450)),
    ),
    discounts=(OrderDiscount(code="ten-off", amount=usd(100)),),
    subtotal=usd(1000),
    discount=usd(100),
    shipping=usd(499),
    tax=usd(0),
    total=usd(1399),
    shipping_address="sealed:v1:900:x",
    reservation_id="r1",
    payment_id="p1",
    at=AT,
)
PLACED = OrderPlaced(**{**CREATED.model_dump(), "at": LATER})
SHIPPED = OrderShipped(
    order_id="o1",
    customer_id="900",
    shipment_id="s1",
    lines=(MovedLine(sku="milk", quantity=2),),
    complete=False,
    at=LATER,
)
REST = SHIPPED.model_copy(update={"shipment_id": "s2", "lines": (MovedLine(sku="tea", quantity=1),), "complete": True})
ARRIVED = OrderDelivered(order_id="o1", customer_id="900", shipment_id="s1", complete=False, at=LATER)
ALL_ARRIVED = ARRIVED.model_copy(update={"shipment_id": "s2", "complete": True})
BACK = (ReturnedLine(sku="milk", quantity=1, refund=usd(225)),)
OPENED = ReturnOpened(return_id="b1", lines=BACK, shipping=usd(0), refund=usd(225), reason="too big", at=LATER)
RETURNED = OrderReturned(
    order_id="o1", customer_id="900", return_id="b1", lines=BACK, refund=usd(225), complete=False, at=LATER
)
CANCELLED = OrderCancelled(
    order_id="o1",
    customer_id="900",
    checkout_id="c1",
    reservation_id="r1",
    payment_id="p1",
    reason="declined",
    placed=False,
    at=LATER,
)


def shown(events: Sequence[OrderEvent]) -> OrderView:
    document: OrderView | None = None
    for event in events:
        document = project_order(document, event)
    assert document is not None
    return document


def test_a_new_order_shows_what_it_comes_to() -> None:
    """Whose it is, its lines and its sums."""
    view = shown([CREATED])

    assert (view.id, view.customer_id, view.status, view.created_at) == ("o1", "900", "created", AT)
    assert (view.subtotal, view.discount, view.shipping, view.tax) == (usd(1000), usd(100), usd(499), usd(0))
    assert (view.total, view.refunded) == (usd(1399), usd(0))
    assert [(line.sku, line.total, line.due, line.shipped) for line in view.lines] == [
        ("milk", usd(500), usd(450), 0),
        ("tea", usd(500), usd(450), 0),
    ]


def test_the_address_is_not_shown() -> None:
    """Not even sealed: who ships the order has it."""
    assert "sealed" not in shown([CREATED]).model_dump_json()


def test_a_confirmed_order_says_so() -> None:
    """Its status is that of its last step."""
    assert shown([CREATED, OrderConfirmed(order_id="o1", customer_id="900", at=LATER)]).status == "confirmed"


def test_a_placed_order_says_since_when() -> None:
    """The time of the payment is shown."""
    view = shown([CREATED, PLACED])

    assert (view.status, view.placed_at, view.changed_at) == ("placed", LATER, LATER)


def test_a_cancelled_order_says_why() -> None:
    """The reason is shown."""
    view = shown([CREATED, CANCELLED])

    assert (view.status, view.cancel_reason) == ("cancelled", "declined")


def test_an_order_that_was_never_created_has_no_document() -> None:
    """A tombstone is nothing to show."""
    assert project_order(None, CANCELLED) is None


def test_shipments_are_counted_as_they_leave() -> None:
    """A part that left is shown, the order is shipped with the last."""
    part, whole = shown([CREATED, PLACED, SHIPPED]), shown([CREATED, PLACED, SHIPPED, REST])

    assert (part.status, [line.shipped for line in part.lines]) == ("placed", [2, 0])
    assert (whole.status, [each.shipment_id for each in whole.shipments]) == ("shipped", ["s1", "s2"])


def test_shipments_are_shown_as_they_arrive() -> None:
    """The order is delivered when everything is."""
    part = shown([CREATED, PLACED, SHIPPED, REST, ARRIVED])
    whole = shown([CREATED, PLACED, SHIPPED, REST, ARRIVED, ALL_ARRIVED])

    assert part.status == "shipped"
    assert part.shipments == [
        ShipmentView(
            shipment_id="s1",
            status="delivered",
            lines=[ShipmentLineView(sku="milk", quantity=2)],
            delivered_at=ARRIVED.at,
        ),
        ShipmentView(shipment_id="s2", status="shipped", lines=[ShipmentLineView(sku="tea", quantity=1)]),
    ]
    assert whole.status == "delivered"


def test_an_open_return_shows_its_refund() -> None:
    """What comes back, and what will be paid for it."""
    (view,) = shown([CREATED, PLACED, SHIPPED, OPENED]).returns

    assert (view.return_id, view.status, view.refund, view.lines[0].quantity) == ("b1", "open", usd(225), 1)


def test_a_completed_return_is_counted() -> None:
    """The pieces and the money are summed: the money when its payment tells."""
    paid = OrderRefunded(refund_id="b1", amount=usd(225), at=LATER)
    view = shown([CREATED, PLACED, SHIPPED, OPENED, RETURNED, paid])

    assert (view.status, view.returns[0].status, view.refunded) == ("placed", "completed", usd(225))
    assert [line.returned for line in view.lines] == [1, 0]


def test_an_order_that_came_back_stays_returned() -> None:
    """A shipment that is told to have arrived only then does not change that."""
    everything = RETURNED.model_copy(update={"complete": True})

    assert shown([CREATED, PLACED, SHIPPED, REST, OPENED, everything, ALL_ARRIVED]).status == "returned"


def test_only_the_return_in_question_changes() -> None:
    """Another one stays as it was."""
    other = OPENED.model_copy(update={"return_id": "b2"})
    cancelled = ReturnCancelled(return_id="b2", reason=None, at=LATER)
    view = shown([CREATED, PLACED, SHIPPED, OPENED, other, cancelled, RETURNED])

    assert [(each.return_id, each.status) for each in view.returns] == [("b1", "completed"), ("b2", "cancelled")]


def test_a_return_that_was_forestalled_is_shown() -> None:
    """It explains why the return cannot be opened."""
    (view,) = shown([CREATED, PLACED, ReturnCancelled(return_id="b1", reason="timeout", at=LATER)]).returns

    assert (view.status, view.lines, view.refund, view.reason) == ("cancelled", [], usd(0), "timeout")


def test_an_event_before_the_creation_is_an_error() -> None:
    """A projection does not guess."""
    with pytest.raises(ValueError, match="before OrderCreated"):
        project_order(None, SHIPPED)


def test_lists_are_by_customer_status_and_time() -> None:
    """What a customer's orders can be asked for by."""
    fields = ORDERS_PROJECTION.fields(shown([CREATED]))

    assert fields == {"customer_id": "900", "status": "created", "created_at": AT}
