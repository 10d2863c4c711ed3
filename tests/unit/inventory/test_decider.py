"""The rules of stock, reservations and receipts, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.inventory.commands import (
    AdjustStock,
    AllocateReservation,
    BookReceipt,
    ExpireReservation,
    ReceiptCommand,
    ReceiveStock,
    ReleaseItems,
    ReleaseReservation,
    ReleaseStock,
    ReservationCommand,
    ReserveItems,
    ReserveStock,
    ShipItems,
    ShipStock,
    StockCommand,
)
from functions.inventory.decider import MAX_ON_HAND, RECEIPT, RESERVATION, STOCK
from functions.inventory.events import (
    ItemsReleased,
    ItemsReserved,
    ItemsShipped,
    Line,
    ReceiptBooked,
    ReceiptEvent,
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
from functions.inventory.state import Receipt, Reservation, Status, Stock
from shared.testing.decider_spec import DeciderSpec

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
EXPIRY = AT + timedelta(minutes=15)
stock = DeciderSpec[StockCommand, StockEvent, Stock](STOCK)
reservation = DeciderSpec[ReservationCommand, ReservationEvent, Reservation](RESERVATION)
receipt = DeciderSpec[ReceiptCommand, ReceiptEvent, Receipt](RECEIPT)


def received(quantity: int = 10) -> StockReceived:
    return StockReceived(sku="milk", quantity=quantity, reference="note-1", at=AT)


def kept(quantity: int = 4) -> StockReserved:
    return StockReserved(sku="milk", reservation_id="r1", quantity=quantity, at=AT)


def keep(quantity: int) -> ReserveStock:
    return ReserveStock(sku="milk", reservation_id="r1", quantity=quantity, at=AT)


def give_back(quantity: int) -> ReleaseStock:
    return ReleaseStock(sku="milk", reservation_id="r1", quantity=quantity, at=AT)


def take_out(quantity: int) -> ShipStock:
    return ShipStock(sku="milk", reservation_id="r1", shipment_id="s1", quantity=quantity, at=AT)


def adjust(delta: int) -> AdjustStock:
    return AdjustStock(sku="milk", delta=delta, reason="counted", at=AT)


def lines(**quantities: int) -> tuple[Line, ...]:
    return tuple(Line(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


def reserve(**quantities: int) -> ReserveItems:
    return ReserveItems(reservation_id="r1", lines=lines(**quantities), expires_at=EXPIRY, at=AT)


def reserved(**quantities: int) -> ItemsReserved:
    return ItemsReserved(reservation_id="r1", lines=lines(**quantities), expires_at=EXPIRY, at=AT)


def release() -> ReleaseReservation:
    return ReleaseReservation(reservation_id="r1", reason="declined", at=LATER)


def released(**quantities: int) -> ReservationReleased:
    return ReservationReleased(reservation_id="r1", lines=lines(**quantities), reason="declined", at=LATER)


def expired(**quantities: int) -> ReservationExpired:
    return ReservationExpired(reservation_id="r1", lines=lines(**quantities), at=EXPIRY)


def ship(shipment_id: str = "s1", **quantities: int) -> ShipItems:
    return ShipItems(shipment_id=shipment_id, lines=lines(**quantities), at=LATER)


def shipped(shipment_id: str = "s1", **quantities: int) -> ItemsShipped:
    return ItemsShipped(reservation_id="r1", shipment_id=shipment_id, lines=lines(**quantities), at=LATER)


def let_go(release_id: str = "k1", **quantities: int) -> ReleaseItems:
    return ReleaseItems(release_id=release_id, lines=lines(**quantities), at=LATER)


def let_gone(release_id: str = "k1", **quantities: int) -> ItemsReleased:
    return ItemsReleased(reservation_id="r1", release_id=release_id, lines=lines(**quantities), at=LATER)


ALLOCATED = ReservationAllocated(at=LATER)


class TestStock:
    def test_is_received(self) -> None:
        """A product that nobody knew has stock from its first receipt on."""
        stock.given().when(ReceiveStock(sku="milk", quantity=10, reference="note-1", at=AT)).then(received())

    def test_is_not_received_by_nothing(self) -> None:
        """A receipt of none is refused."""
        command = ReceiveStock(sku="milk", quantity=0, reference="note-1", at=AT)
        stock.given().when(command).then_refused("quantity-too-small", field="quantity")

    def test_has_a_limit(self) -> None:
        """What cannot be counted any more is refused, received or found."""
        command = ReceiveStock(sku="milk", quantity=1, reference="note-1", at=AT)
        stock.given(received(MAX_ON_HAND)).when(command).then_refused("stock-too-large", field="quantity")
        stock.given(received(MAX_ON_HAND)).when(adjust(1)).then_refused("stock-too-large", field="delta")

    @pytest.mark.parametrize("delta", [3, -10])
    def test_is_adjusted(self, delta: int) -> None:
        """A count corrects it, up or down to nothing."""
        stock.given(received(10)).when(adjust(delta)).then(
            StockAdjusted(sku="milk", delta=delta, reason="counted", at=AT)
        )

    def test_is_not_adjusted_by_nothing(self) -> None:
        """A count that agrees changes nothing."""
        stock.given(received()).when(adjust(0)).then_nothing()

    def test_is_not_adjusted_below_what_is_kept(self) -> None:
        """What is kept for somebody cannot be counted away."""
        stock.given(received(10), kept(4)).when(adjust(-7)).then_refused("below-reserved", field="delta")

    def test_is_reserved_to_the_last_piece(self) -> None:
        """All that is available can be kept."""
        stock.given(received(10), kept(4)).when(keep(6)).then(kept(6))

    def test_is_not_reserved_beyond(self) -> None:
        """What is not available is refused, and the refusal names the product."""
        stock.given(received(10), kept(4)).when(keep(7)).then_refused("out-of-stock", field="milk")

    def test_that_never_was_is_out(self) -> None:
        """A product that nobody ever received is out of stock, not unknown."""
        stock.given().when(keep(1)).then_refused("out-of-stock", field="milk")

    def test_is_released(self) -> None:
        """What is kept no longer is available again."""
        event = StockReleased(sku="milk", reservation_id="r1", quantity=4, at=AT)
        stock.given(received(10), kept(4)).when(give_back(4)).then(event)
        assert stock.given(received(10), kept(4), event).state() == Stock(on_hand=10, reserved=0)

    def test_leaves(self) -> None:
        """What is shipped is neither on hand nor kept."""
        event = StockShipped(sku="milk", reservation_id="r1", shipment_id="s1", quantity=3, at=AT)
        stock.given(received(10), kept(4)).when(take_out(3)).then(event)
        assert stock.given(received(10), kept(4), event).state() == Stock(on_hand=7, reserved=1)

    @pytest.mark.parametrize("command", [give_back(5), take_out(5)])
    def test_never_moves_more_than_is_kept(self, command: StockCommand) -> None:
        """Nothing is released or shipped that was not reserved."""
        stock.given(received(10), kept(4)).when(command).then_refused("more-than-reserved", field="milk")


class TestAReservationThatIsAbsent:
    def test_is_made(self) -> None:
        """Every line is kept until it expires."""
        reservation.given().when(reserve(milk=2, tea=1)).then(reserved(milk=2, tea=1))

    def test_is_not_made_of_nothing(self) -> None:
        """There has to be a line."""
        reservation.given().when(reserve()).then_refused("no-lines", field="lines")

    def test_names_each_product_once(self) -> None:
        """Two lines of one product are refused."""
        twice = reserve(milk=1).model_copy(update={"lines": lines(milk=1) + lines(milk=2)})
        reservation.given().when(twice).then_refused("duplicate-sku", field="lines")

    def test_keeps_at_least_one_of_each(self) -> None:
        """A line of none is refused."""
        reservation.given().when(reserve(milk=2, tea=0)).then_refused("quantity-too-small", field="quantity")

    def test_does_not_begin_after_its_end(self) -> None:
        """A reservation that comes too late to be of use is refused."""
        late = reserve(milk=1).model_copy(update={"at": EXPIRY})
        reservation.given().when(late).then_refused("reservation-expired", field="expires_at")

    def test_can_be_forestalled(self) -> None:
        """Releasing what is not there yet leaves a tombstone."""
        reservation.given().when(release()).then(released())

    @pytest.mark.parametrize("command", [AllocateReservation(at=AT), ExpireReservation(at=AT), ship(milk=1)])
    def test_knows_nothing_else(self, command: ReservationCommand) -> None:
        """Every other command finds no reservation."""
        reservation.given().when(command).then_refused("reservation-not-found")


class TestAReservation:
    def test_is_made_once(self) -> None:
        """The same reservation again does nothing, in whatever order it names its lines."""
        reservation.given(reserved(milk=2, tea=1)).when(reserve(tea=1, milk=2)).then_nothing()

    def test_does_not_change(self) -> None:
        """Other lines under the same id are refused."""
        reservation.given(reserved(milk=2)).when(reserve(milk=3)).then_refused("reservation-exists", field="lines")

    def test_is_allocated_once(self) -> None:
        """Allocating says that it is sold; saying so twice does nothing."""
        reservation.given(reserved(milk=2)).when(AllocateReservation(at=LATER)).then(ALLOCATED)
        reservation.given(reserved(milk=2), ALLOCATED).when(AllocateReservation(at=LATER)).then_nothing()

    @pytest.mark.parametrize("history", [(), (ALLOCATED,)])
    def test_is_released(self, history: tuple[ReservationEvent, ...]) -> None:
        """Everything that it keeps goes back, also when it was allocated."""
        reservation.given(reserved(milk=2, tea=1), *history).when(release()).then(released(milk=2, tea=1))

    def test_that_was_partly_shipped_releases_the_rest(self) -> None:
        """What has left cannot go back."""
        reservation.given(reserved(milk=2, tea=1), shipped(milk=2)).when(release()).then(released(tea=1))

    def test_gives_pieces_back_once(self) -> None:
        """A cancellation of a part: the rest stays kept."""
        history = (reserved(milk=2, tea=1), ALLOCATED)
        reservation.given(*history).when(let_go(milk=1)).then(let_gone(milk=1))
        reservation.given(*history, let_gone(milk=1)).when(let_go(milk=1)).then_nothing()
        assert reservation.given(*history, let_gone(milk=1)).state().kept == {"milk": 1, "tea": 1}

    def test_gives_the_last_pieces_back(self) -> None:
        """It is released; or shipped, if others have left."""
        whole = (reserved(milk=2), ALLOCATED, let_gone(milk=2))
        rest = (reserved(milk=2), ALLOCATED, shipped(milk=1), let_gone(milk=1))
        assert reservation.given(*whole).state().status is Status.RELEASED
        assert reservation.given(*rest).state().status is Status.SHIPPED

    def test_ships_what_is_left_of_it(self) -> None:
        """The news of a shipment may come after the cancellation of the rest."""
        reservation.given(reserved(milk=2), let_gone(milk=1)).when(ship(milk=1)).then(shipped(milk=1))

    @pytest.mark.parametrize("history", [(released(milk=2),), (shipped(milk=2),)])
    def test_gives_nothing_back_twice(self, history: tuple[ReservationEvent, ...]) -> None:
        """Somebody has released it by hand, or shipped it."""
        reservation.given(reserved(milk=2), *history).when(let_go(milk=1)).then_nothing()

    def test_expires_in_time(self) -> None:
        """When its time has come it gives everything back."""
        reservation.given(reserved(milk=2)).when(ExpireReservation(at=EXPIRY)).then(expired(milk=2))

    def test_does_not_expire_a_moment_earlier(self) -> None:
        """Up to its last moment it keeps what it holds."""
        just_before = EXPIRY - timedelta(microseconds=1)
        reservation.given(reserved(milk=2)).when(ExpireReservation(at=just_before)).then_nothing()

    @pytest.mark.parametrize("sold", [ALLOCATED, shipped(milk=1)])
    def test_does_not_expire_once_it_is_sold(self, sold: ReservationEvent) -> None:
        """Allocated or partly shipped, it stays for as long as it takes."""
        reservation.given(reserved(milk=2), sold).when(ExpireReservation(at=EXPIRY)).then_nothing()


class TestShipping:
    @pytest.mark.parametrize("history", [(), (ALLOCATED,)])
    def test_takes_a_part(self, history: tuple[ReservationEvent, ...]) -> None:
        """A shipment takes what it takes."""
        reservation.given(reserved(milk=2, tea=1), *history).when(ship(milk=1)).then(shipped(milk=1))

    def test_takes_each_shipment_once(self) -> None:
        """The same shipment again does nothing, after it took everything too."""
        reservation.given(reserved(milk=2), shipped(milk=1)).when(ship(milk=1)).then_nothing()
        reservation.given(reserved(milk=1), shipped(milk=1)).when(ship(milk=1)).then_nothing()

    def test_takes_the_rest_with_another(self) -> None:
        """Two shipments take what one reservation keeps."""
        reservation.given(reserved(milk=2), shipped(milk=1)).when(ship("s2", milk=1)).then(shipped("s2", milk=1))

    @pytest.mark.parametrize("more", [{"milk": 3}, {"tea": 1}])
    def test_takes_no_more_than_is_kept(self, more: dict[str, int]) -> None:
        """More of a product than is kept, or another product, is refused."""
        reservation.given(reserved(milk=2)).when(ship("s1", **more)).then_refused(
            "more-than-reserved", field=next(iter(more))
        )

    def test_of_nothing_is_refused(self) -> None:
        """A shipment takes something."""
        reservation.given(reserved(milk=2)).when(ship()).then_refused("no-lines", field="lines")


class TestAReservationThatIsOver:
    @pytest.mark.parametrize("command", [reserve(milk=2), AllocateReservation(at=LATER), ship(milk=1)])
    def test_stays_released(self, command: ReservationCommand) -> None:
        """After its release it neither comes back nor ships."""
        reservation.given(reserved(milk=2), released(milk=2)).when(command).then_refused("reservation-released")

    def test_cannot_be_made_after_a_tombstone(self) -> None:
        """A reserve that comes after its release is refused: nothing is kept for ever."""
        reservation.given(released()).when(reserve(milk=2)).then_refused("reservation-released")

    @pytest.mark.parametrize("command", [reserve(milk=2), AllocateReservation(at=EXPIRY), ship(milk=1)])
    def test_stays_expired(self, command: ReservationCommand) -> None:
        """After its expiry it neither comes back nor ships."""
        reservation.given(reserved(milk=2), expired(milk=2)).when(command).then_refused("reservation-expired")

    @pytest.mark.parametrize("end", [released(milk=2), expired(milk=2), shipped(milk=2)])
    @pytest.mark.parametrize("command", [release(), ExpireReservation(at=EXPIRY)])
    def test_has_nothing_left_to_give_back(self, end: ReservationEvent, command: ReservationCommand) -> None:
        """Released, expired or shipped, there is nothing to release."""
        reservation.given(reserved(milk=2), end).when(command).then_nothing()

    def test_that_is_shipped_was_made(self) -> None:
        """A late repetition of the reserve or of the allocation does nothing."""
        reservation.given(reserved(milk=2), shipped(milk=2)).when(reserve(milk=2)).then_nothing()
        reservation.given(reserved(milk=2), shipped(milk=2)).when(AllocateReservation(at=LATER)).then_nothing()


class TestAReceipt:
    command = BookReceipt(receipt_id="in-1", lines=lines(milk=5, tea=3), reason="delivery", at=AT)
    event = ReceiptBooked(receipt_id="in-1", lines=lines(milk=5, tea=3), reason="delivery", at=AT)

    def test_is_booked_once(self) -> None:
        """The same receipt again does nothing."""
        receipt.given().when(self.command).then(self.event)
        receipt.given(self.event).when(self.command).then_nothing()

    def test_does_not_change(self) -> None:
        """Other lines under the same id are refused."""
        other = self.command.model_copy(update={"lines": lines(milk=6)})
        receipt.given(self.event).when(other).then_refused("receipt-exists", field="lines")
