"""What the shipments' read model shows, event by event."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from functions.fulfillment.events import (
    LinesLeftOut,
    LinesStopped,
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentEvent,
    ShipmentForestalled,
    ShipmentLine,
    ShipmentLost,
    ShipmentOpened,
    ShipmentPacked,
    ShipmentPicked,
    ShipmentSplit,
)
from functions.fulfillment.projections import SHIPMENTS_PROJECTION, project_shipment
from functions.fulfillment.read_models import ShipmentView

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=4)
LINES = (ShipmentLine(sku="milk", quantity=2), ShipmentLine(sku="tea", quantity=1))
OPENED = ShipmentOpened(
    shipment_id="o1-1",
    order_id="o1",
    customer_id="900",
    reservation_id="r1",
    shipping_address="sealed:address",
    lines=LINES,
    split_from=None,
    at=AT,
)
DISPATCHED = ShipmentDispatched(
    shipment_id="o1-1",
    order_id="o1",
    customer_id="900",
    reservation_id="r1",
    lines=LINES,
    carrier="DHL",
    tracking="T1",
    at=LATER,
)
DELIVERED = ShipmentDelivered(shipment_id="o1-1", order_id="o1", customer_id="900", lines=LINES, at=LATER)
LOST = ShipmentLost(shipment_id="o1-1", order_id="o1", customer_id="900", lines=LINES, at=LATER)
STOPPED = LinesStopped(cancellation_id="c1", order_id="o1", lines=(ShipmentLine(sku="milk", quantity=1),), at=LATER)


def shown(events: Sequence[ShipmentEvent]) -> ShipmentView:
    document: ShipmentView | None = None
    for event in events:
        document = project_shipment(document, event)
    assert document is not None
    return document


def test_a_new_shipment_is_open() -> None:
    """It shows whose it is and what it holds."""
    view = shown([OPENED])

    assert (view.id, view.order_id, view.customer_id, view.status) == ("o1-1", "o1", "900", "open")
    assert [(line.sku, line.quantity) for line in view.lines] == [("milk", 2), ("tea", 1)]


def test_no_address_is_shown() -> None:
    """Not even sealed: it is opened for the label only, from the log."""
    assert "sealed:" not in shown([OPENED]).model_dump_json()


def test_what_was_split_off_is_shown_by_its_shipment() -> None:
    """It shows what is left, and where the rest is."""
    split = ShipmentSplit(lines=(ShipmentLine(sku="milk", quantity=1), LINES[1]), into="o1-2", at=LATER)
    view = shown([OPENED, split])

    assert ([(line.sku, line.quantity) for line in view.lines], view.split_into) == ([("milk", 1)], ["o1-2"])


def test_what_was_stopped_is_shown_apart() -> None:
    """What a cancellation took out is not among what is sent."""
    view = shown([OPENED, STOPPED])

    assert [(line.sku, line.quantity) for line in view.stopped] == [("milk", 1)]
    assert ("milk", 1) in [(line.sku, line.quantity) for line in view.lines]


def test_what_was_stopped_before_it_was_opened_is_shown_too() -> None:
    """Then it never was among its lines."""
    left_out = LinesLeftOut(lines=(ShipmentLine(sku="milk", quantity=1),), at=LATER)
    tea = ShipmentLine(sku="tea", quantity=1)
    view = shown([OPENED, left_out, STOPPED.model_copy(update={"cancellation_id": "c2", "lines": (tea,)})])

    assert [(line.sku, line.quantity) for line in view.stopped] == [("milk", 1), ("tea", 1)]
    assert [(line.sku, line.quantity) for line in view.lines] == [("milk", 2)]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([ShipmentPicked(at=LATER)], "picked"),
        ([ShipmentPicked(at=LATER), ShipmentPacked(at=LATER)], "packed"),
        ([DISPATCHED], "dispatched"),
        ([DISPATCHED, DELIVERED], "delivered"),
        ([DISPATCHED, LOST], "lost"),
        ([DISPATCHED, LOST, DELIVERED], "delivered"),
        ([ShipmentPicked(at=LATER), ShipmentPacked(at=LATER), STOPPED], "picked"),
        ([ShipmentCancelled(shipment_id="o1-1", order_id="o1", reason="x", at=LATER)], "cancelled"),
    ],
)
def test_its_status_is_how_far_it_is(events: list[ShipmentEvent], status: str) -> None:
    """Each step shows, and when it was taken."""
    view = shown([OPENED, *events])

    assert (view.status, view.changed_at) == (status, LATER)


def test_a_dispatched_shipment_can_be_tracked() -> None:
    """It shows who carries it, under which number, and since when."""
    view = shown([OPENED, DISPATCHED])

    assert (view.carrier, view.tracking, view.dispatched_at) == ("DHL", "T1", LATER)


def test_a_delivery_is_shown_with_its_time() -> None:
    """It shows when it arrived."""
    assert shown([OPENED, DISPATCHED, DELIVERED]).delivered_at == LATER


def test_what_never_was_is_not_shown() -> None:
    """An order that was cancelled in time has no shipment to look at."""
    assert project_shipment(None, STOPPED) is None
    assert project_shipment(None, ShipmentForestalled(order_id="o1", reason="x", at=AT)) is None


def test_an_event_before_the_opening_is_an_error() -> None:
    """A projection does not guess: events of a shipment that was never opened are refused."""
    with pytest.raises(ValueError, match="before ShipmentOpened"):
        project_shipment(None, ShipmentPicked(at=AT))


def test_lists_filter_by_order_and_status() -> None:
    """The row holds what lists are asked by."""
    fields = SHIPMENTS_PROJECTION.fields(shown([OPENED]))

    assert fields == {"customer_id": "900", "order_id": "o1", "status": "open", "opened_at": AT}
