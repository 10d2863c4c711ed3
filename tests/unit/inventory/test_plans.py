"""What a decision on a reservation or a receipt asks of the stock."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.inventory.commands import (
    AllocateReservation,
    BookReceipt,
    ExpireReservation,
    ReceiveStock,
    ReleaseReservation,
    ReleaseStock,
    ReservationCommand,
    ReserveItems,
    ReserveStock,
    ShipItems,
    ShipStock,
)
from functions.inventory.decider import RESERVATION
from functions.inventory.events import Line
from functions.inventory.plans import receipt_targets, reservation_targets
from functions.inventory.state import Receipt, Reservation
from shared.eventsourcing.joint import Target

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
EXPIRY = AT + timedelta(minutes=15)
LINES = (Line(sku="milk", quantity=2), Line(sku="tea", quantity=1))
RESERVE = ReserveItems(reservation_id="r1", lines=LINES, expires_at=EXPIRY, at=AT)
RELEASE = ReleaseReservation(reservation_id="r1", reason="declined", at=AT)
SHIP = ShipItems(shipment_id="s1", lines=LINES[:1], at=AT)
EXPIRE = ExpireReservation(at=EXPIRY)


def after(*commands: ReservationCommand) -> Reservation:
    state = RESERVATION.initial_state()
    for command in commands:
        for event in RESERVATION.decide(command, state):
            state = RESERVATION.evolve(state, event)
    return state


def own(command: ReservationCommand) -> Target:
    return Target("reservation", "r1", command)


def kept(sku: str, quantity: int) -> Target:
    return Target("stock", sku, ReserveStock(sku=sku, reservation_id="r1", quantity=quantity, at=AT))


def given_back(sku: str, quantity: int, at: datetime = AT) -> Target:
    return Target("stock", sku, ReleaseStock(sku=sku, reservation_id="r1", quantity=quantity, at=at))


def test_a_reservation_keeps_every_line() -> None:
    """The stock of each product is asked in the same commit."""
    assert reservation_targets("r1", RESERVE, Reservation()) == [own(RESERVE), kept("milk", 2), kept("tea", 1)]


def test_a_release_gives_every_line_back() -> None:
    """The reservation knows its lines."""
    targets = reservation_targets("r1", RELEASE, after(RESERVE))

    assert targets == [own(RELEASE), given_back("milk", 2), given_back("tea", 1)]


def test_an_expiry_gives_every_line_back() -> None:
    """Nothing stays kept for a reservation that is over."""
    targets = reservation_targets("r1", EXPIRE, after(RESERVE))

    assert targets == [own(EXPIRE), given_back("milk", 2, EXPIRY), given_back("tea", 1, EXPIRY)]


def test_a_shipment_takes_its_lines_out() -> None:
    """The stock of what leaves is asked, and no other."""
    taken = ShipStock(sku="milk", reservation_id="r1", shipment_id="s1", quantity=2, at=AT)

    assert reservation_targets("r1", SHIP, after(RESERVE)) == [own(SHIP), Target("stock", "milk", taken)]


@pytest.mark.parametrize(
    ("command", "history"),
    [
        (RESERVE, (RESERVE,)),
        (RELEASE, ()),
        (RELEASE, (RESERVE, RELEASE)),
        (EXPIRE, (RESERVE, RELEASE)),
        (SHIP, (RESERVE, SHIP)),
        (AllocateReservation(at=AT), (RESERVE,)),
        (RESERVE, (RELEASE,)),
        (SHIP, (RESERVE, RELEASE)),
    ],
)
def test_what_has_nothing_to_move_asks_no_stock(
    command: ReservationCommand, history: tuple[ReservationCommand, ...]
) -> None:
    """Done before, refused, or without goods: the reservation alone decides what to say."""
    assert reservation_targets("r1", command, after(*history)) == [own(command)]


class TestAReceipt:
    command = BookReceipt(receipt_id="in-1", lines=LINES, reason="delivery", at=AT)
    own = Target("receipt", "in-1", command)

    def test_adds_every_line(self) -> None:
        """The stock of each product grows in the same commit, and says by which receipt."""
        received = [
            Target("stock", sku, ReceiveStock(sku=sku, quantity=quantity, reference="in-1", at=AT))
            for sku, quantity in (("milk", 2), ("tea", 1))
        ]

        assert receipt_targets(self.command, Receipt()) == [self.own, *received]

    @pytest.mark.parametrize("booked", [{"milk": 2, "tea": 1}, {"milk": 9}])
    def test_that_was_booked_adds_nothing(self, booked: dict[str, int]) -> None:
        """The same receipt again, or another one under its id, moves no stock."""
        assert receipt_targets(self.command, Receipt(lines=booked)) == [self.own]
