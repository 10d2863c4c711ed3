"""What inventory publishes, and what it keeps to itself."""

from datetime import UTC, datetime

import pytest

from functions.inventory import integration
from functions.inventory.events import (
    ItemsReleased,
    ItemsReserved,
    ItemsShipped,
    Line,
    ReceiptBooked,
    ReservationAllocated,
    ReservationExpired,
    ReservationReleased,
    StockAdjusted,
    StockEvent,
    StockReceived,
    StockReleased,
    StockReserved,
    StockShipped,
)
from functions.inventory.integration import (
    InventoryLine,
    receipt_to_integration,
    reservation_to_integration,
    stock_to_integration,
)
from shared.eventsourcing.message import IntegrationEvent

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LINES = (Line(sku="milk", quantity=2),)
PUBLISHED = (InventoryLine(sku="milk", quantity=2),)


def test_a_reservation_is_published_with_its_lines() -> None:
    """Others learn what is kept, and until when."""
    event = ItemsReserved(reservation_id="r1", lines=LINES, expires_at=AT, at=AT)

    assert reservation_to_integration(event) == integration.ItemsReserved(
        reservation_id="r1", lines=PUBLISHED, expires_at=AT
    )


def test_a_release_is_published_with_its_reason() -> None:
    """Others learn that a reservation is over, and why."""
    event = ReservationReleased(reservation_id="r1", lines=LINES, reason="declined", at=AT)

    assert reservation_to_integration(event) == integration.ReservationReleased(reservation_id="r1", reason="declined")


def test_an_expiry_is_published_as_a_release() -> None:
    """To others an expired reservation is a released one."""
    event = ReservationExpired(reservation_id="r1", lines=LINES, at=AT)

    assert reservation_to_integration(event) == integration.ReservationReleased(reservation_id="r1", reason="expired")


def test_a_shipment_is_published_with_its_lines() -> None:
    """Others learn what has left the stock."""
    event = ItemsShipped(reservation_id="r1", shipment_id="s1", lines=LINES, at=AT)

    assert reservation_to_integration(event) == integration.ItemsShipped(
        reservation_id="r1", shipment_id="s1", lines=PUBLISHED
    )


def test_pieces_that_go_back_are_published() -> None:
    """Others learn what may be had again."""
    event = ItemsReleased(reservation_id="r1", release_id="k1", lines=LINES, at=AT)

    assert reservation_to_integration(event) == integration.ItemsReleased(
        reservation_id="r1", release_id="k1", lines=PUBLISHED
    )


def test_an_allocation_stays_private() -> None:
    """That a reservation does not expire any more is nobody else's business."""
    assert reservation_to_integration(ReservationAllocated(at=AT)) is None


def test_what_comes_in_is_published_by_product() -> None:
    """Others learn how many more there are."""
    event = StockReceived(sku="milk", quantity=24, reference="note-1", at=AT)

    assert stock_to_integration(event) == integration.StockChanged(sku="milk", delta=24)


def test_a_count_is_published_as_a_difference() -> None:
    """Others learn how many more or fewer there are than was believed."""
    event = StockAdjusted(sku="milk", delta=-2, reason="broken", at=AT)

    assert stock_to_integration(event) == integration.StockChanged(sku="milk", delta=-2)


@pytest.mark.parametrize("private", [StockReserved, StockReleased, StockShipped])
def test_what_a_reservation_moves_stays_private(private: type[StockEvent]) -> None:
    """The reservation tells of it."""
    event = private.model_construct()  # type: ignore[call-arg] # its type alone decides

    assert stock_to_integration(event) is None


def test_receipts_stay_private() -> None:
    """The stock of each product tells what came in."""
    told: object = receipt_to_integration(  # type: ignore[func-returns-value] # None is the point
        ReceiptBooked(receipt_id="in-1", lines=LINES, reason="delivery", at=AT)
    )

    assert told is None


@pytest.mark.parametrize(
    "published",
    [
        integration.StockChanged,
        integration.ItemsReserved,
        integration.ReservationReleased,
        integration.ItemsReleased,
        integration.ItemsShipped,
    ],
)
def test_examples_round_trip(published: type[IntegrationEvent]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
