"""The rules of an order, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.orders.amounts import created
from functions.orders.commands import (
    CancelOrder,
    CancelReturn,
    CompleteReturn,
    ConfirmOrder,
    CreateOrder,
    OpenReturn,
    OrderCommand,
    PlaceOrder,
    PricedLine,
    RecordDelivery,
    RecordShipment,
)
from functions.orders.decider import ORDER
from functions.orders.events import (
    MovedLine,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderDiscount,
    OrderEvent,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
    ReturnCancelled,
    ReturnedLine,
    ReturnOpened,
)
from functions.orders.state import Order, Status
from shared.eventsourcing.money import Money
from shared.testing.decider_spec import DeciderSpec

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
order = DeciderSpec[OrderCommand, OrderEvent, Order](ORDER)


def usd(cents: int) -> Money:
    return Money(amount=cents, currency="USD")


CREATE = CreateOrder(
    order_id="o1",
    customer_id="900",
    checkout_id="c1",
    currency="USD",
    lines=(
        PricedLine(sku="milk", quantity=3, unit_price=usd(200), total=usd(600)),
        PricedLine(sku="tea", quantity=1, unit_price=None, total=usd(400)),
    ),
    discounts=(OrderDiscount(code="ten-off", amount=usd(100)),),
    shipping=usd(499),
    tax=usd(0),
    shipping_address="sealed:v1:900:x",
    reservation_id="r1",
    payment_id="p1",
    at=AT,
)
CREATED = created(CREATE)
CONFIRMED = OrderConfirmed(order_id="o1", customer_id="900", at=AT)
PLACE = PlaceOrder(payment_id="p1", captured=usd(1399), at=LATER)
PLACED = OrderPlaced(**{**CREATED.model_dump(), "at": LATER})
PAID = (CREATED, CONFIRMED, PLACED)
TOMBSTONE = OrderCancelled(
    order_id="o1",
    customer_id="",
    checkout_id="",
    reservation_id="",
    payment_id="",
    reason="timeout",
    placed=False,
    at=LATER,
)


def lines(**quantities: int) -> tuple[MovedLine, ...]:
    return tuple(MovedLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


def cancel(*, by_person: bool = False) -> CancelOrder:
    return CancelOrder(order_id="o1", reason="timeout", by_person=by_person, at=LATER)


def cancelled(*, placed: bool) -> OrderCancelled:
    known = {"customer_id": "900", "checkout_id": "c1", "reservation_id": "r1", "payment_id": "p1"}
    return TOMBSTONE.model_copy(update={**known, "placed": placed})


def left(shipment_id: str = "s1", **quantities: int) -> RecordShipment:
    return RecordShipment(shipment_id=shipment_id, lines=lines(**quantities), at=LATER)


def arrived(shipment_id: str = "s1", **quantities: int) -> RecordDelivery:
    return RecordDelivery(shipment_id=shipment_id, lines=lines(**quantities), at=LATER)


def shipped(shipment_id: str = "s1", *, complete: bool = False, **quantities: int) -> OrderShipped:
    return OrderShipped(
        order_id="o1",
        customer_id="900",
        shipment_id=shipment_id,
        lines=lines(**quantities),
        complete=complete,
        at=LATER,
    )


def delivered(shipment_id: str = "s1", *, complete: bool = False) -> OrderDelivered:
    return OrderDelivered(order_id="o1", customer_id="900", shipment_id=shipment_id, complete=complete, at=LATER)


def send_back(return_id: str = "b1", **quantities: int) -> OpenReturn:
    return OpenReturn(return_id=return_id, lines=lines(**quantities), reason="too big", at=LATER)


def coming_back(return_id: str = "b1", *, shipping: int = 0, **refunds: tuple[int, int]) -> ReturnOpened:
    """`milk=(2, 360)` are two of milk for 360 cents."""
    back = tuple(ReturnedLine(sku=sku, quantity=n, refund=usd(cents)) for sku, (n, cents) in refunds.items())
    total = shipping + sum(line.refund.amount for line in back)
    return ReturnOpened(
        return_id=return_id, lines=back, shipping=usd(shipping), refund=usd(total), reason="too big", at=LATER
    )


def came_back(opened: ReturnOpened, *, complete: bool = False) -> OrderReturned:
    return OrderReturned(
        order_id="o1",
        customer_id="900",
        return_id=opened.return_id,
        lines=opened.lines,
        refund=opened.refund,
        complete=complete,
        at=LATER,
    )


COMPLETE = CompleteReturn(return_id="b1", at=LATER)
KEEP = CancelReturn(return_id="b1", reason="kept after all", at=LATER)
KEPT = ReturnCancelled(return_id="b1", reason="kept after all", at=LATER)
ALL_SHIPPED = (*PAID, shipped(milk=3, tea=1, complete=True))
ALL_ARRIVED = (*ALL_SHIPPED, delivered(complete=True))


class TestWhenAbsent:
    def test_is_created(self) -> None:
        """An order begins with all that was agreed on and its sums."""
        order.given().when(CREATE).then(CREATED)

    def test_can_be_forestalled(self) -> None:
        """Cancelling what is not there yet leaves a tombstone."""
        order.given().when(cancel()).then(TOMBSTONE)

    @pytest.mark.parametrize(
        "command", [ConfirmOrder(at=AT), PLACE, left(milk=1), arrived(milk=1), send_back(milk=1), COMPLETE, KEEP]
    )
    def test_knows_nothing_else(self, command: OrderCommand) -> None:
        """Every other command finds no order."""
        order.given().when(command).then_refused("order-not-found")


class TestUpToThePayment:
    @pytest.mark.parametrize("history", [(CREATED,), (CREATED, CONFIRMED), PAID])
    def test_is_created_once(self, history: tuple[OrderEvent, ...]) -> None:
        """The same order again does nothing, at whatever time."""
        order.given(*history).when(CREATE.model_copy(update={"at": LATER})).then_nothing()

    def test_does_not_change(self) -> None:
        """Anything else under the same id is refused."""
        order.given(CREATED).when(CREATE.model_copy(update={"payment_id": "p2"})).then_refused("order-exists")

    def test_is_confirmed_once(self) -> None:
        """Confirming again, also after the payment, does nothing."""
        order.given(CREATED).when(ConfirmOrder(at=AT)).then(CONFIRMED)
        order.given(CREATED, CONFIRMED).when(ConfirmOrder(at=AT)).then_nothing()
        order.given(*PAID).when(ConfirmOrder(at=AT)).then_nothing()

    def test_is_placed_once(self) -> None:
        """Paid by its payment, with all that it comes to; again does nothing."""
        order.given(CREATED, CONFIRMED).when(PLACE).then(PLACED)
        order.given(*PAID).when(PLACE).then_nothing()
        order.given(*ALL_SHIPPED).when(PLACE).then_nothing()

    def test_is_confirmed_before_it_is_placed(self) -> None:
        """Nobody pays for what is not confirmed."""
        order.given(CREATED).when(PLACE).then_refused("order-not-confirmed")

    def test_is_paid_by_its_own_payment(self) -> None:
        """Another payment is refused."""
        other = PLACE.model_copy(update={"payment_id": "p2"})
        order.given(CREATED, CONFIRMED).when(other).then_refused("payment-differs", field="payment_id")

    def test_is_paid_to_the_cent(self) -> None:
        """Less or more than the total is refused."""
        less = PLACE.model_copy(update={"captured": usd(1398)})
        order.given(CREATED, CONFIRMED).when(less).then_refused("captured-differs", field="captured")

    @pytest.mark.parametrize("command", [left(milk=1), arrived(milk=1), send_back(milk=1)])
    def test_is_not_shipped(self, command: OrderCommand) -> None:
        """Nothing leaves, or comes back, before it is paid."""
        order.given(CREATED, CONFIRMED).when(command).then_refused("order-not-placed")


class TestCancelling:
    @pytest.mark.parametrize("history", [(CREATED,), (CREATED, CONFIRMED)])
    def test_gives_up_what_is_not_paid(self, history: tuple[OrderEvent, ...]) -> None:
        """It tells what was to be reserved and paid."""
        order.given(*history).when(cancel()).then(cancelled(placed=False))

    @pytest.mark.parametrize("history", [(CREATED,), (CREATED, CONFIRMED)])
    def test_of_what_is_not_paid_takes_its_checkout(self, history: tuple[OrderEvent, ...]) -> None:
        """A person turns the checkout back, which may be about to take the money."""
        order.given(*history).when(cancel(by_person=True)).then_refused("order-in-checkout")

    def test_of_a_placed_order_takes_a_person(self) -> None:
        """A checkout that comes too late is refused; an operator is not."""
        order.given(*PAID).when(cancel()).then_refused("order-is-placed")
        order.given(*PAID).when(cancel(by_person=True)).then(cancelled(placed=True))

    @pytest.mark.parametrize("event", [shipped(milk=1), shipped(milk=3, tea=1, complete=True)])
    def test_ends_with_the_first_shipment(self, event: OrderEvent) -> None:
        """What has left comes back as a return, if at all."""
        order.given(*PAID, event).when(cancel(by_person=True)).then_refused("order-is-shipped")

    @pytest.mark.parametrize("history", [(TOMBSTONE,), (CREATED, cancelled(placed=False))])
    def test_happens_once(self, history: tuple[OrderEvent, ...]) -> None:
        """A cancelled order has nothing left to cancel, and no return to keep from."""
        order.given(*history).when(cancel()).then_nothing()
        order.given(*history).when(KEEP).then_nothing()

    @pytest.mark.parametrize("history", [(TOMBSTONE,), (CREATED, cancelled(placed=False))])
    @pytest.mark.parametrize("command", [CREATE, ConfirmOrder(at=AT), PLACE, left(milk=1), send_back(milk=1)])
    def test_is_final(self, history: tuple[OrderEvent, ...], command: OrderCommand) -> None:
        """A cancelled order does not come back, also if it was never created."""
        order.given(*history).when(command).then_refused("order-cancelled")


class TestOnItsWay:
    def test_ships_a_part(self) -> None:
        """A shipment of a part leaves the order placed."""
        order.given(*PAID).when(left(milk=2)).then(shipped(milk=2))
        assert order.given(*PAID, shipped(milk=2)).state().status is Status.PLACED

    def test_ships_the_rest(self) -> None:
        """With the last of its lines it is shipped."""
        order.given(*PAID, shipped(milk=2)).when(left("s2", milk=1, tea=1)).then(
            shipped("s2", milk=1, tea=1, complete=True)
        )

    def test_hears_of_a_shipment_once(self) -> None:
        """The same news again changes nothing."""
        order.given(*ALL_SHIPPED).when(left(milk=3, tea=1)).then_nothing()

    @pytest.mark.parametrize(("more", "code"), [({"milk": 4}, "more-than-ordered"), ({"rye": 1}, "not-ordered")])
    def test_ships_what_was_ordered(self, more: dict[str, int], code: str) -> None:
        """More of a product, or another product, is refused."""
        order.given(*PAID).when(left("s1", **more)).then_refused(code, field=next(iter(more)))

    @pytest.mark.parametrize("wrong", [lines(), lines(milk=0), lines(milk=1) + lines(milk=1)])
    def test_ships_something(self, wrong: tuple[MovedLine, ...]) -> None:
        """A shipment has lines, each of something, each of another product."""
        command = left().model_copy(update={"lines": wrong})
        order.given(*PAID).when(command).then_refused("lines-invalid", field="lines")

    def test_is_delivered_in_parts(self) -> None:
        """It is delivered when everything left and all of it arrived."""
        both = (*PAID, shipped(milk=3), shipped("s2", tea=1, complete=True))
        order.given(*both).when(arrived(milk=3)).then(delivered())
        order.given(*both, delivered()).when(arrived("s2", tea=1)).then(delivered("s2", complete=True))
        order.given(*both, delivered()).when(arrived(milk=3)).then_nothing()

    def test_a_part_that_arrived_is_not_everything(self) -> None:
        """All shipments arrived, but not all was shipped."""
        order.given(*PAID, shipped(milk=3)).when(arrived(milk=3)).then(delivered())

    def test_hears_of_the_arrival_first(self) -> None:
        """What arrived has left: the news that it left may come later, and changes nothing then."""
        order.given(*PAID).when(arrived(milk=3, tea=1)).then(
            shipped(milk=3, tea=1, complete=True), delivered(complete=True)
        )
        order.given(*ALL_ARRIVED).when(left(milk=3, tea=1)).then_nothing()
        assert order.given(*ALL_ARRIVED).state().status is Status.DELIVERED


class TestReturns:
    """Milk comes to 540 cents for three, tea to 360; shipping was 499."""

    def test_refund_their_part(self) -> None:
        """The pieces that come back bring back their part of what the line came to."""
        order.given(*ALL_ARRIVED).when(send_back(milk=1)).then(coming_back(milk=(1, 180)))

    def test_refund_everything_with_the_last(self) -> None:
        """The return that makes it everything takes the shipping along."""
        order.given(*ALL_ARRIVED).when(send_back(milk=3, tea=1)).then(
            coming_back(milk=(3, 540), tea=(1, 360), shipping=499)
        )
        first = coming_back("b0", milk=(3, 540))
        order.given(*ALL_ARRIVED, first).when(send_back(tea=1)).then(coming_back(tea=(1, 360), shipping=499))

    def test_refund_the_shipping_once(self) -> None:
        """A return that brought the shipping back stands, also when another one before it was cancelled."""
        history = (coming_back(milk=(3, 540)), coming_back("b2", tea=(1, 360), shipping=499), KEPT)
        order.given(*ALL_ARRIVED, *history).when(send_back("b3", milk=3)).then(coming_back("b3", milk=(3, 540)))

    def test_are_opened_once(self) -> None:
        """The same return again does nothing, open or done."""
        opened = coming_back(milk=(1, 180))
        order.given(*ALL_ARRIVED, opened).when(send_back(milk=1)).then_nothing()
        order.given(*ALL_ARRIVED, opened, came_back(opened)).when(send_back(milk=1)).then_nothing()

    def test_do_not_change(self) -> None:
        """Other lines under the same id are refused."""
        order.given(*ALL_ARRIVED, coming_back(milk=(1, 180))).when(send_back(milk=2)).then_refused(
            "return-exists", field="lines"
        )

    @pytest.mark.parametrize("history", [(), (shipped(milk=3),), (shipped(milk=1), shipped("s2", milk=2), delivered())])
    def test_are_of_what_has_arrived(self, history: tuple[OrderEvent, ...]) -> None:
        """What the customer has not got cannot come back, though it is on its way."""
        order.given(*PAID, *history).when(send_back(milk=2)).then_refused("not-returnable", field="milk")

    def test_are_of_what_is_not_coming_back_already(self) -> None:
        """A piece comes back once; one whose return was cancelled can come back after all."""
        opened = coming_back("b0", milk=(3, 540))
        order.given(*ALL_ARRIVED, opened).when(send_back(milk=1)).then_refused("not-returnable", field="milk")
        kept = ReturnCancelled(return_id="b0", reason=None, at=LATER)
        order.given(*ALL_ARRIVED, opened, kept).when(send_back(milk=1)).then(coming_back(milk=(1, 180)))

    def test_are_completed_once(self) -> None:
        """The goods are back and the money is; saying so twice does nothing."""
        opened = coming_back(milk=(1, 180))
        order.given(*ALL_ARRIVED, opened).when(COMPLETE).then(came_back(opened))
        order.given(*ALL_ARRIVED, opened, came_back(opened)).when(COMPLETE).then_nothing()

    def test_of_everything_end_the_order(self) -> None:
        """When all came back the order is returned, and a late arrival does not change that."""
        first, second = coming_back("b0", milk=(3, 540)), coming_back(tea=(1, 360), shipping=499)
        done = came_back(second, complete=True)
        history = (*ALL_ARRIVED, first, second, came_back(first))
        order.given(*history).when(COMPLETE).then(done)
        state = order.given(*history, done, delivered("s9", complete=True)).state()
        assert state.status is Status.RETURNED

    def test_are_cancelled_once(self) -> None:
        """A return that comes to nothing is cancelled; again does nothing."""
        opened = coming_back(milk=(1, 180))
        order.given(*ALL_ARRIVED, opened).when(KEEP).then(KEPT)
        order.given(*ALL_ARRIVED, opened, KEPT).when(KEEP).then_nothing()

    def test_can_be_forestalled(self) -> None:
        """Cancelled before it was opened, a return can never be opened."""
        order.given(*ALL_ARRIVED).when(KEEP).then(KEPT)
        order.given(*ALL_ARRIVED, KEPT).when(send_back(milk=1)).then_refused("return-cancelled")

    def test_that_are_cancelled_are_not_completed(self) -> None:
        """Nothing is refunded for what does not come back."""
        order.given(*ALL_ARRIVED, KEPT).when(COMPLETE).then_refused("return-cancelled")

    def test_that_are_completed_are_not_cancelled(self) -> None:
        """What was refunded is refunded."""
        opened = coming_back(milk=(1, 180))
        order.given(*ALL_ARRIVED, opened, came_back(opened)).when(KEEP).then_refused("return-completed")

    def test_are_opened_before_they_are_completed(self) -> None:
        """A return that nobody opened is not found."""
        order.given(*ALL_ARRIVED).when(COMPLETE).then_refused("return-not-found")


def test_an_order_that_was_never_created_has_no_terms() -> None:
    """Whoever asks for them has forgotten to look at the status."""
    with pytest.raises(ValueError, match="never created"):
        _ = order.given(TOMBSTONE).state().terms
