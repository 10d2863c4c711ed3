"""What the inventory's read models show, event by event."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from functions.inventory.events import (
    ItemsReleased,
    ItemsReserved,
    ItemsShipped,
    Line,
    ReservationAllocated,
    ReservationEvent,
    ReservationExpired,
    ReservationReleased,
    StockAdjusted,
    StockEvent,
    StockReceived,
    StockReleased,
    StockReserved,
    StockShipped,
)
from functions.inventory.projections import (
    AVAILABILITY_PROJECTION,
    RESERVATIONS_PROJECTION,
    project_availability,
    project_reservation,
)
from functions.inventory.read_models import AvailabilityView, ReservationView

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
RECEIVED = StockReceived(sku="milk", quantity=10, reference="note-1", at=AT)
KEPT = StockReserved(sku="milk", reservation_id="r1", quantity=10, at=LATER)
LINES = (Line(sku="milk", quantity=2), Line(sku="tea", quantity=1))
RESERVED = ItemsReserved(reservation_id="r1", lines=LINES, expires_at=LATER, at=AT)


def available(*events: StockEvent) -> AvailabilityView:
    document: AvailabilityView | None = None
    for event in events:
        document = project_availability(document, event)
    assert document is not None
    return document


def shown(events: Sequence[ReservationEvent]) -> ReservationView:
    document: ReservationView | None = None
    for event in events:
        document = project_reservation(document, event)
    assert document is not None
    return document


class TestAvailability:
    def test_shows_what_was_received(self) -> None:
        """All of it is available."""
        assert available(RECEIVED) == AvailabilityView(
            id="milk", status="available", on_hand=10, reserved=0, available=10, changed_at=AT
        )

    def test_shows_what_a_count_found(self) -> None:
        """An adjustment changes what is on hand."""
        view = available(RECEIVED, StockAdjusted(sku="milk", delta=-3, reason="broken", at=LATER))

        assert (view.on_hand, view.available) == (7, 7)

    def test_shows_what_is_kept(self) -> None:
        """When everything is kept the product is sold out, though it lies there."""
        view = available(RECEIVED, KEPT)

        assert (view.status, view.on_hand, view.reserved, view.available) == ("sold-out", 10, 10, 0)

    def test_shows_what_came_back(self) -> None:
        """What was released is available again."""
        view = available(RECEIVED, KEPT, StockReleased(sku="milk", reservation_id="r1", quantity=4, at=LATER))

        assert (view.status, view.reserved, view.available) == ("available", 6, 4)

    def test_shows_what_left(self) -> None:
        """What was shipped is neither on hand nor reserved."""
        left = StockShipped(sku="milk", reservation_id="r1", shipment_id="s1", quantity=4, at=LATER)
        view = available(RECEIVED, KEPT, left)

        assert (view.on_hand, view.reserved, view.available) == (6, 6, 0)


class TestReservations:
    def test_shows_its_lines(self) -> None:
        """A reservation shows what it keeps, and for how long."""
        view = shown([RESERVED])

        assert (view.id, view.status, view.expires_at) == ("r1", "reserved", LATER)
        assert [(line.sku, line.quantity, line.shipped) for line in view.lines] == [("milk", 2, 0), ("tea", 1, 0)]

    def test_that_is_allocated_does_not_expire(self) -> None:
        """A sold reservation shows no expiry any more."""
        view = shown([RESERVED, ReservationAllocated(at=LATER)])

        assert (view.status, view.expires_at) == ("allocated", None)

    def test_that_is_released_says_why(self) -> None:
        """The reason of a release is shown."""
        view = shown([RESERVED, ReservationReleased(reservation_id="r1", lines=LINES, reason="declined", at=LATER)])

        assert (view.status, view.reason, view.expires_at) == ("released", "declined", None)

    def test_that_was_never_made_is_shown(self) -> None:
        """A tombstone is a released reservation without lines."""
        view = shown([ReservationReleased(reservation_id="r1", lines=(), reason="declined", at=LATER)])

        assert (view.id, view.status, view.lines, view.reason) == ("r1", "released", [], "declined")

    def test_that_expired_says_so(self) -> None:
        """An expired reservation shows when it was to expire."""
        view = shown([RESERVED, ReservationExpired(reservation_id="r1", lines=LINES, at=LATER)])

        assert (view.status, view.reason, view.expires_at) == ("expired", "expired", LATER)

    def test_shows_what_went_back(self) -> None:
        """A part that was given back is counted; with the last of it the reservation is released, or shipped."""
        milk, tea = (Line(sku="milk", quantity=2), Line(sku="tea", quantity=1))
        back = [ItemsReleased(reservation_id="r1", release_id=x.sku, lines=(x,), at=AT) for x in (milk, tea)]
        left = ItemsShipped(reservation_id="r1", shipment_id="s1", lines=(milk,), at=AT)
        part, whole, rest = (shown([RESERVED, *events]) for events in (back[:1], back, (left, back[1])))

        assert (part.status, [line.released for line in part.lines]) == ("reserved", [2, 0])
        assert (whole.status, rest.status) == ("released", "shipped")

    def test_shows_what_was_shipped(self) -> None:
        """A part that left is counted; with the last of it the reservation is shipped."""
        first = ItemsShipped(reservation_id="r1", shipment_id="s1", lines=(LINES[0],), at=LATER)
        second = ItemsShipped(reservation_id="r1", shipment_id="s2", lines=(LINES[1],), at=LATER)
        part, whole = shown([RESERVED, first]), shown([RESERVED, first, second])

        assert (part.status, [line.shipped for line in part.lines]) == ("allocated", [2, 0])
        assert (whole.status, whole.shipments) == ("shipped", ["s1", "s2"])

    def test_an_event_before_the_reservation_is_an_error(self) -> None:
        """A projection does not guess."""
        with pytest.raises(ValueError, match="before ItemsReserved"):
            project_reservation(None, ReservationAllocated(at=AT))


def test_lists_are_by_status_and_time() -> None:
    """Both read models can be asked for by status, in the order of their ids, which stay."""
    assert AVAILABILITY_PROJECTION.fields(available(RECEIVED)) == {"status": "available", "id": "milk"}
    assert RESERVATIONS_PROJECTION.fields(shown([RESERVED])) == {"status": "reserved", "id": "r1"}
