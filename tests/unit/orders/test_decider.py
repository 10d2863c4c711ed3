"""The rules of an order, given / when / then."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.orders.amounts import created
from functions.orders.commands import (
    CancelLines,
    CancelOrder,
    CompleteReturn,
    ConfirmOrder,
    CreateOrder,
    OpenReturn,
    OrderCommand,
    PlaceOrder,
    PricedLine,
    RecordDelivery,
    RecordLoss,
    RecordShipment,
)
from functions.orders.decider import ORDER
from functions.orders.events import (
    LinesCancelled,
    MovedLine,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderDiscount,
    OrderEvent,
    OrderLost,
    OrderPlaced,
    OrderRefunded,
    OrderReturned,
    OrderShipmentLost,
    OrderShipped,
    RefundedLine,
    RestStatus,
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


CANCEL = CancelOrder(order_id="o1", reason="timeout", at=LATER)


def cancelled(*, placed: bool) -> OrderCancelled:
    known = {"customer_id": "900", "checkout_id": "c1", "reservation_id": "r1", "payment_id": "p1"}
    return TOMBSTONE.model_copy(update={**known, "placed": placed})


def stopped(cancellation_id: str = "k1", **quantities: int) -> CancelLines:
    return CancelLines(cancellation_id=cancellation_id, lines=lines(**quantities), reason="timeout", at=LATER)


def refunded(shipping: int, refunds: dict[str, tuple[int, int]]) -> dict[str, Any]:
    given = tuple(RefundedLine(sku=sku, quantity=n, refund=usd(cents)) for sku, (n, cents) in refunds.items())
    total = shipping + sum(line.refund.amount for line in given)
    return {"lines": given, "shipping": usd(shipping), "refund": usd(total)}


def without(
    status: RestStatus, cancellation_id: str = "k1", *, shipping: int = 0, **refunds: tuple[int, int]
) -> LinesCancelled:
    """`milk=(2, 360)` are two of milk for 360 cents."""
    named = {"order_id": "o1", "customer_id": "900", "cancellation_id": cancellation_id}
    return LinesCancelled(**named, **refunded(shipping, refunds), reason="timeout", status=status, at=LATER)


def lose(shipment_id: str = "s1", **quantities: int) -> RecordLoss:
    return RecordLoss(shipment_id=shipment_id, lines=lines(**quantities), at=LATER)


def lost(
    status: RestStatus, shipment_id: str = "s1", *, shipping: int = 0, **refunds: tuple[int, int]
) -> OrderShipmentLost:
    named = {"order_id": "o1", "customer_id": "900", "payment_id": "p1", "shipment_id": shipment_id}
    named["refund_id"] = f"lost-{shipment_id}"
    return OrderShipmentLost(**named, **refunded(shipping, refunds), status=status, at=LATER)


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
KEPT = ReturnCancelled(return_id="b1", reason="kept after all", at=LATER)
CAME_TO_NOTHING = OrderLost(order_id="o1", customer_id="900", checkout_id="c1", at=LATER)
ALL_SHIPPED = (*PAID, shipped(milk=3, tea=1, complete=True))
ALL_ARRIVED = (*ALL_SHIPPED, delivered(complete=True))


class TestWhenAbsent:
    def test_is_created(self) -> None:
        """An order begins with all that was agreed on and its sums."""
        order.given().when(CREATE).then(CREATED)

    def test_can_be_forestalled(self) -> None:
        """Cancelling what is not there yet leaves a tombstone."""
        order.given().when(CANCEL).then(TOMBSTONE)

    @pytest.mark.parametrize(
        "command", [ConfirmOrder(at=AT), PLACE, left(milk=1), arrived(milk=1), send_back(milk=1), COMPLETE]
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
        order.given(*history).when(CANCEL).then(cancelled(placed=False))

    @pytest.mark.parametrize("history", [PAID, (*PAID, shipped(milk=1))])
    def test_is_over_with_the_payment(self, history: tuple[OrderEvent, ...]) -> None:
        """A checkout that comes too late is refused: a placed order has a cancellation of its own."""
        order.given(*history).when(CANCEL).then_refused("order-is-placed")

    @pytest.mark.parametrize("history", [(TOMBSTONE,), (CREATED, cancelled(placed=False))])
    def test_happens_once(self, history: tuple[OrderEvent, ...]) -> None:
        """A cancelled order has nothing left to cancel."""
        order.given(*history).when(CANCEL).then_nothing()

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


class TestCancellingPieces:
    """Milk comes to 540 cents for three, tea to 360; shipping was 499."""

    def test_of_all_cancels_the_order(self) -> None:
        """Everything that was paid is to go back, the shipping too."""
        all_of_it = without("cancelled", shipping=499, milk=(3, 540), tea=(1, 360))
        order.given(*PAID).when(stopped(milk=3, tea=1)).then(all_of_it, cancelled(placed=True))
        assert order.given(*PAID, all_of_it, cancelled(placed=True)).state().status is Status.CANCELLED

    def test_keeps_the_rest(self) -> None:
        """The order is still to be shipped, without these; once for each cancellation."""
        part = without("placed", milk=(1, 180))
        order.given(*PAID).when(stopped(milk=1)).then(part)
        order.given(*PAID, part).when(stopped(milk=1)).then_nothing()

    def test_one_after_the_other_comes_to_everything(self) -> None:
        """The last one takes the shipping, and ends the order."""
        order.given(*PAID, without("placed", milk=(2, 360))).when(stopped("k2", milk=1, tea=1)).then(
            without("cancelled", "k2", shipping=499, milk=(1, 180), tea=(1, 360)), cancelled(placed=True)
        )

    def test_of_the_unshipped_rest_leaves_a_shipped_order(self) -> None:
        """It is what remains of it; the shipping was not in vain."""
        rest = without("shipped", tea=(1, 360))
        order.given(*PAID, shipped(milk=3)).when(stopped(tea=1)).then(rest)
        order.given(*PAID, shipped(milk=3), rest).when(arrived(milk=3)).then(delivered(complete=True))

    def test_of_the_rest_of_what_has_arrived_leaves_a_delivered_order(self) -> None:
        """Nothing is on its way any more."""
        history = (*PAID, shipped(milk=3), delivered())
        order.given(*history).when(stopped(tea=1)).then(without("delivered", tea=(1, 360)))

    def test_of_the_rest_of_what_came_back_gives_everything_back(self) -> None:
        """Nothing is left with the customer: the shipping goes back with the last piece."""
        opened = coming_back(milk=(3, 540))
        history = (*PAID, shipped(milk=3), delivered(), opened, came_back(opened))
        order.given(*history).when(stopped(tea=1)).then(without("returned", shipping=499, tea=(1, 360)))

    def test_before_the_news_of_a_shipment_leaves_room_for_it(self) -> None:
        """What fulfillment did not stop may have left already: that news may come later."""
        rest = without("placed", tea=(1, 360))
        order.given(*PAID).when(stopped(tea=1)).then(rest)
        order.given(*PAID, rest).when(left(milk=3)).then(shipped(milk=3, complete=True))

    def test_of_what_has_left_is_a_contradiction(self) -> None:
        """In either order: no piece is both shipped and cancelled."""
        order.given(*PAID, shipped(milk=3)).when(stopped(milk=1)).then_refused("more-than-ordered", field="milk")
        order.given(*PAID, without("placed", milk=(1, 180))).when(left(milk=3)).then_refused(
            "more-than-ordered", field="milk"
        )

    def test_of_an_order_that_is_not_paid_is_refused(self) -> None:
        """Its checkout gives it up."""
        order.given(CREATED, CONFIRMED).when(stopped(milk=1)).then_refused("order-not-placed")

    def test_counts_for_a_return_of_the_rest(self) -> None:
        """The last pieces bring the shipping back, whichever way the others went."""
        history = (*PAID, without("placed", tea=(1, 360)), shipped(milk=3, complete=True), delivered(complete=True))
        order.given(*history).when(send_back(milk=3)).then(coming_back(milk=(3, 540), shipping=499))

    def test_has_refunds_that_are_not_counted_twice(self) -> None:
        """What a cancellation gave back is not a goodwill that a return would be less for."""
        history = (*PAID, without("placed", tea=(1, 360)), shipped(milk=3, complete=True), delivered(complete=True))
        given = OrderRefunded(refund_id="k1", amount=usd(360), at=LATER)
        order.given(*history, given).when(send_back(milk=3)).then(coming_back(milk=(3, 540), shipping=499))


def _decided(*history: OrderEvent, command: OrderCommand) -> Sequence[OrderEvent]:
    return ORDER.decide(command, order.fold([*history]))


class TestLosing:
    """Milk comes to 540 cents for three, tea to 360; shipping was 499."""

    def test_a_parcel_gives_its_money_back(self) -> None:
        """Once; the rest of the order is as it was."""
        gone = lost("shipped", milk=(3, 540))
        both = (*PAID, shipped(milk=3), shipped("s2", tea=1, complete=True))
        order.given(*both).when(lose(milk=3)).then(gone)
        order.given(*both, gone).when(lose(milk=3)).then_nothing()
        order.given(*both, gone).when(arrived("s2", tea=1)).then(delivered("s2", complete=True))

    def test_the_only_parcel_gives_everything_back(self) -> None:
        """The order is lost."""
        order.given(*ALL_SHIPPED).when(lose(milk=3, tea=1)).then(
            lost("lost", shipping=499, milk=(3, 540), tea=(1, 360)), CAME_TO_NOTHING
        )

    def test_of_the_rest_of_a_cancelled_order_leaves_nothing(self) -> None:
        """The order is lost: whichever came first, the loss or the cancellation."""
        gone, rest = lost("placed", milk=(3, 540)), without("placed", tea=(1, 360))
        whole = lost("lost", shipping=499, milk=(3, 540))
        order.given(*PAID, shipped(milk=3), gone).when(stopped(tea=1)).then(
            without("lost", shipping=499, tea=(1, 360)), CAME_TO_NOTHING
        )
        order.given(*PAID, rest, shipped(milk=3, complete=True)).when(lose(milk=3)).then(whole, CAME_TO_NOTHING)
        order.given(*PAID, rest, shipped(milk=3, complete=True), whole, CAME_TO_NOTHING).when(
            lose(milk=3)
        ).then_nothing()

    def test_hears_of_the_loss_first(self) -> None:
        """What was lost has left: the news that it left may come later, and changes nothing then."""
        gone = lost("placed", tea=(1, 360))
        order.given(*PAID).when(lose(tea=1)).then(shipped(tea=1), gone)
        order.given(*PAID, shipped(tea=1), gone).when(left(tea=1)).then_nothing()

    def test_what_is_lost_does_not_come_back(self) -> None:
        """Nobody returns what never arrived."""
        history = (*ALL_SHIPPED, lost("lost", shipping=499, milk=(3, 540), tea=(1, 360)))
        order.given(*history).when(send_back(milk=1)).then_refused("not-returnable", field="milk")

    def test_a_parcel_turns_up(self) -> None:
        """The order is delivered, whatever it was by then; and what is known to have arrived is not lost."""
        gone = lost("lost", shipping=499, milk=(3, 540), tea=(1, 360))
        order.given(*ALL_SHIPPED, gone).when(arrived(milk=3, tea=1)).then(delivered(complete=True))
        assert order.given(*ALL_SHIPPED, gone, delivered(complete=True)).state().status is Status.DELIVERED
        order.given(*ALL_SHIPPED, gone, delivered(complete=True)).when(arrived(milk=3, tea=1)).then_nothing()
        order.given(*ALL_SHIPPED, delivered(complete=True)).when(lose(milk=3, tea=1)).then_nothing()

    def test_what_turned_up_can_be_returned(self) -> None:
        """For no more than is left: the customer has its money already."""
        gone = lost("lost", shipping=499, milk=(3, 540), tea=(1, 360))
        found = (*ALL_SHIPPED, gone, delivered(complete=True))
        order.given(*found).when(send_back(milk=1)).then(coming_back(milk=(1, 0)))

    def test_what_turns_up_makes_a_returned_order_a_delivered_one(self) -> None:
        """The customer has something of it again."""
        both = (*PAID, shipped(milk=3), shipped("s2", tea=1, complete=True), delivered())
        gone = lost("shipped", "s2", tea=(1, 360))
        back = coming_back(milk=(3, 540), shipping=499)
        history = (*both, gone, back, *_decided(*both, gone, back, command=CompleteReturn(return_id="b1", at=LATER)))
        assert order.given(*history).state().status is Status.RETURNED
        found = _decided(*history, command=arrived("s2", tea=1))
        assert order.given(*history, *found).state().status is Status.DELIVERED

    def test_what_was_given_up_before_is_not_refunded_twice(self) -> None:
        """A return of pieces that then turn out to be lost."""
        history = (*ALL_SHIPPED, coming_back(milk=(3, 540)))
        order.given(*history).when(lose(milk=3, tea=1)).then(
            lost("lost", shipping=499, milk=(3, 0), tea=(1, 360)), CAME_TO_NOTHING
        )


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
        """Saying so twice does nothing."""
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

    def test_that_were_cancelled_once_are_neither_opened_nor_completed(self) -> None:
        """Earlier streams have such returns."""
        order.given(*ALL_ARRIVED, KEPT).when(send_back(milk=1)).then_refused("return-cancelled")
        order.given(*ALL_ARRIVED, KEPT).when(COMPLETE).then_refused("return-cancelled")

    def test_are_opened_before_they_are_completed(self) -> None:
        """A return that nobody opened is not found."""
        order.given(*ALL_ARRIVED).when(COMPLETE).then_refused("return-not-found")


def test_an_order_that_was_never_created_has_no_terms() -> None:
    """Whoever asks for them has forgotten to look at the status."""
    with pytest.raises(ValueError, match="never created"):
        _ = order.given(TOMBSTONE).state().terms
