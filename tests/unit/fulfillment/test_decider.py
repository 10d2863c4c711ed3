"""The rules of a shipment, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.fulfillment.commands import (
    DeliverShipment,
    DispatchShipment,
    LoseShipment,
    OpenShipment,
    PackShipment,
    PickShipment,
    ShipmentCommand,
    SplitShipment,
    StopLines,
)
from functions.fulfillment.decider import SHIPMENTS_DECIDER
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
from functions.fulfillment.state import Shipment, Status
from shared.testing.decider_spec import DeciderSpec

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=4)
shipment = DeciderSpec[ShipmentCommand, ShipmentEvent, Shipment](SHIPMENTS_DECIDER)


def lines(**quantities: int) -> tuple[ShipmentLine, ...]:
    return tuple(ShipmentLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


OPEN = OpenShipment(
    shipment_id="o1-1",
    order_id="o1",
    customer_id="900",
    reservation_id="r1",
    shipping_address="sealed:address",
    lines=lines(milk=2, tea=1),
    split_from=None,
    at=AT,
)
OPENED = ShipmentOpened(**OPEN.model_dump())
PICKED = ShipmentPicked(at=LATER)
PACKED = ShipmentPacked(at=LATER)
DISPATCH = DispatchShipment(carrier="DHL", tracking="T1", at=LATER)
DISPATCHED = ShipmentDispatched(
    shipment_id="o1-1",
    order_id="o1",
    customer_id="900",
    reservation_id="r1",
    lines=lines(milk=2, tea=1),
    carrier="DHL",
    tracking="T1",
    at=LATER,
)
DELIVERED = ShipmentDelivered(
    shipment_id="o1-1", order_id="o1", customer_id="900", lines=lines(milk=2, tea=1), at=LATER
)


def stop(cancellation_id: str = "c1", **quantities: int) -> StopLines:
    return StopLines(
        cancellation_id=cancellation_id,
        order_id="o1",
        lines=lines(**quantities),
        ordered=lines(milk=2, tea=1),
        reason="fraud",
        at=LATER,
    )


def stopped(cancellation_id: str = "c1", **quantities: int) -> LinesStopped:
    return LinesStopped(cancellation_id=cancellation_id, order_id="o1", lines=lines(**quantities), at=LATER)


STOP, STOPPED = stop(milk=2, tea=1), stopped(milk=2, tea=1)
CANCELLED = ShipmentCancelled(shipment_id="o1-1", order_id="o1", reason="fraud", at=LATER)
FORESTALLED = ShipmentForestalled(order_id="o1", reason="fraud", at=LATER)
LOSE = LoseShipment(at=LATER)
LOST = ShipmentLost(shipment_id="o1-1", order_id="o1", customer_id="900", lines=lines(milk=2, tea=1), at=LATER)
WORK: list[ShipmentCommand] = [
    PickShipment(at=LATER),
    PackShipment(at=LATER),
    DISPATCH,
    DeliverShipment(at=LATER),
    SplitShipment(lines=lines(tea=1), into="o1-2", at=LATER),
    LOSE,
]


class TestWhenAbsent:
    def test_is_opened(self) -> None:
        """A placed order has a shipment."""
        shipment.given().when(OPEN).then(OPENED)

    @pytest.mark.parametrize("command", WORK)
    def test_cannot_be_worked_on(self, command: ShipmentCommand) -> None:
        """There is nothing to pick, pack, send or split."""
        shipment.given().when(command).then_refused("shipment-not-found")

    def test_is_forestalled_when_all_of_it_is_stopped(self) -> None:
        """A cancellation that overtook its order leaves word that nothing may be sent."""
        shipment.given().when(STOP).then(STOPPED, FORESTALLED)

    def test_is_opened_without_what_was_stopped_before(self) -> None:
        """The rest of the order is sent as usual."""
        shipment.given().when(stop(milk=1)).then(stopped(milk=1))
        left_out = LinesLeftOut(lines=lines(milk=1), at=AT)
        rest = OPENED.model_copy(update={"lines": lines(milk=1, tea=1)})
        shipment.given(stopped(milk=1)).when(OPEN).then(rest, left_out)
        assert shipment.given(stopped(milk=1), rest, left_out).state().lines == {"milk": 1, "tea": 1}

    def test_is_forestalled_by_the_last_stop(self) -> None:
        """Piece by piece comes to the same as at once."""
        shipment.given(stopped(milk=2)).when(stop("c2", tea=1)).then(stopped("c2", tea=1), FORESTALLED)

    def test_holds_no_more_than_was_ordered(self) -> None:
        """What was stopped already cannot be stopped again."""
        shipment.given(stopped(milk=2)).when(stop("c2", milk=1)).then_refused("not-in-shipment", field="milk")


class TestWhenForestalled:
    def test_is_never_opened(self) -> None:
        """An order that was cancelled before it was told of is not shipped."""
        shipment.given(STOPPED, FORESTALLED).when(OPEN).then_nothing()

    def test_stopping_again_does_nothing(self) -> None:
        """One word is enough."""
        shipment.given(STOPPED, FORESTALLED).when(STOP).then_nothing()

    @pytest.mark.parametrize("command", WORK)
    def test_cannot_be_worked_on(self, command: ShipmentCommand) -> None:
        """There is still no shipment."""
        shipment.given(STOPPED, FORESTALLED).when(command).then_refused("shipment-not-found")


class TestWhenOpen:
    def test_opening_again_does_nothing(self) -> None:
        """Hearing twice of an order opens one shipment."""
        shipment.given(OPENED).when(OPEN).then_nothing()

    def test_is_picked(self) -> None:
        """The goods are taken from the shelves."""
        shipment.given(OPENED).when(PickShipment(at=LATER)).then(PICKED)

    @pytest.mark.parametrize("command", [PackShipment(at=LATER), DISPATCH, DeliverShipment(at=LATER), LOSE])
    def test_leaves_no_step_out(self, command: ShipmentCommand) -> None:
        """What was not picked can neither be packed nor sent nor delivered."""
        shipment.given(OPENED).when(command).then_refused("shipment-is-open")

    def test_is_cancelled(self) -> None:
        """A cancelled order is not sent."""
        shipment.given(OPENED).when(STOP).then(STOPPED, CANCELLED)

    def test_keeps_what_is_not_stopped(self) -> None:
        """A cancellation of some pieces takes these out, once."""
        shipment.given(OPENED).when(stop(milk=1)).then(stopped(milk=1))
        shipment.given(OPENED, stopped(milk=1)).when(stop(milk=1)).then_nothing()
        assert shipment.given(OPENED, stopped(milk=1)).state().lines == {"milk": 1, "tea": 1}

    def test_is_split(self) -> None:
        """Some units of a line can go by another shipment."""
        command = SplitShipment(lines=lines(milk=1), into="o1-2", at=LATER)
        shipment.given(OPENED).when(command).then(ShipmentSplit(lines=lines(milk=1), into="o1-2", at=LATER))

    def test_holds_the_rest_after_a_split(self) -> None:
        """What went into another shipment is not in this one any more."""
        split = ShipmentSplit(lines=lines(milk=1, tea=1), into="o1-2", at=LATER)

        assert shipment.given(OPENED, split).state().lines == {"milk": 1}

    @pytest.mark.parametrize("wanted", [lines(milk=3), lines(coffee=1)])
    def test_is_not_split_by_more_than_it_holds(self, wanted: tuple[ShipmentLine, ...]) -> None:
        """Nothing comes into being by splitting."""
        command = SplitShipment(lines=wanted, into="o1-2", at=LATER)
        shipment.given(OPENED).when(command).then_refused("not-in-shipment", field="lines")

    def test_keeps_something_in_a_split(self) -> None:
        """Taking everything out would leave an empty parcel."""
        command = SplitShipment(lines=lines(milk=2, tea=1), into="o1-2", at=LATER)
        shipment.given(OPENED).when(command).then_refused("nothing-left", field="lines")


class TestWhenPicked:
    history = (OPENED, PICKED)

    def test_picking_again_does_nothing(self) -> None:
        """The goods are picked once."""
        shipment.given(*self.history).when(PickShipment(at=LATER)).then_nothing()

    def test_is_packed(self) -> None:
        """The parcel is closed."""
        shipment.given(*self.history).when(PackShipment(at=LATER)).then(PACKED)

    def test_can_still_be_split(self) -> None:
        """A picker who does not find everything sends what there is."""
        command = SplitShipment(lines=lines(tea=1), into="o1-2", at=LATER)
        shipment.given(*self.history).when(command).then(ShipmentSplit(lines=lines(tea=1), into="o1-2", at=LATER))

    def test_is_cancelled(self) -> None:
        """The goods go back to the shelves."""
        shipment.given(*self.history).when(STOP).then(STOPPED, CANCELLED)


class TestWhenPacked:
    history = (OPENED, PICKED, PACKED)

    @pytest.mark.parametrize("command", [PickShipment(at=LATER), PackShipment(at=LATER)])
    def test_earlier_steps_do_nothing(self, command: ShipmentCommand) -> None:
        """What is packed was picked and is packed."""
        shipment.given(*self.history).when(command).then_nothing()

    def test_is_dispatched_with_all_it_holds(self) -> None:
        """The dispatch states everything that others need to know of it."""
        shipment.given(*self.history).when(DISPATCH).then(DISPATCHED)

    def test_is_dispatched_without_what_was_split_off(self) -> None:
        """Each shipment tells of its own lines only."""
        split = ShipmentSplit(lines=lines(tea=1), into="o1-2", at=LATER)
        sent = DISPATCHED.model_copy(update={"lines": lines(milk=2)})
        shipment.given(OPENED, split, PICKED, PACKED).when(DISPATCH).then(sent)

    def test_is_not_split(self) -> None:
        """A closed parcel stays closed."""
        command = SplitShipment(lines=lines(tea=1), into="o1-2", at=LATER)
        shipment.given(*self.history).when(command).then_refused("shipment-is-packed")

    def test_is_cancelled(self) -> None:
        """Until the carrier has it, it can be called back."""
        shipment.given(*self.history).when(STOP).then(STOPPED, CANCELLED)

    def test_is_opened_again_where_something_is_taken_out(self) -> None:
        """It is packed once more before it leaves."""
        taken = (*self.history, stopped(tea=1))
        assert shipment.given(*taken).state().status is Status.PICKED
        shipment.given(*taken).when(PackShipment(at=LATER)).then(PACKED)


class TestWhenDispatched:
    history = (OPENED, PICKED, PACKED, DISPATCHED)

    def test_dispatching_again_does_nothing(self) -> None:
        """It is handed over once."""
        shipment.given(*self.history).when(DISPATCH).then_nothing()

    def test_dispatching_it_otherwise_is_refused(self) -> None:
        """Another tracking number is another parcel: somebody is mistaken."""
        command = DispatchShipment(carrier="DHL", tracking="T2", at=LATER)
        shipment.given(*self.history).when(command).then_refused("dispatched-otherwise")

    def test_is_delivered(self) -> None:
        """The customer has it."""
        shipment.given(*self.history).when(DeliverShipment(at=LATER)).then(DELIVERED)

    def test_a_cancellation_comes_too_late(self) -> None:
        """What is on its way comes back as a return, if at all."""
        shipment.given(*self.history).when(STOP).then_refused("shipment-is-dispatched")

    def test_can_get_lost(self) -> None:
        """The carrier cannot find it: it tells of all that was in it, once."""
        shipment.given(*self.history).when(LOSE).then(LOST)
        shipment.given(*self.history, LOST).when(LOSE).then_nothing()

    @pytest.mark.parametrize("command", [PickShipment(at=LATER), DISPATCH, STOP])
    def test_that_is_lost_is_given_up(self, command: ShipmentCommand) -> None:
        """It is not here any more."""
        shipment.given(*self.history, LOST).when(command).then_refused("shipment-is-lost")

    def test_that_is_lost_may_turn_up(self) -> None:
        """It is delivered after all, once; then it is lost no more."""
        shipment.given(*self.history, LOST).when(DeliverShipment(at=LATER)).then(DELIVERED)
        shipment.given(*self.history, LOST, DELIVERED).when(DeliverShipment(at=LATER)).then_nothing()
        shipment.given(*self.history, LOST, DELIVERED).when(LOSE).then_refused("shipment-is-delivered")


class TestWhenDelivered:
    history = (OPENED, PICKED, PACKED, DISPATCHED, DELIVERED)

    def test_is_neither_lost_nor_stopped(self) -> None:
        """The customer has it."""
        shipment.given(*self.history).when(LOSE).then_refused("shipment-is-delivered")
        shipment.given(*self.history).when(STOP).then_refused("shipment-is-delivered")

    @pytest.mark.parametrize("command", [OPEN, PickShipment(at=LATER), DISPATCH, DeliverShipment(at=LATER)])
    def test_there_is_nothing_left_to_do(self, command: ShipmentCommand) -> None:
        """Everything that comes again, or late, finds it done."""
        shipment.given(*self.history).when(command).then_nothing()


class TestWhenCancelled:
    history = (OPENED, STOPPED, CANCELLED)

    @pytest.mark.parametrize("command", WORK)
    def test_is_not_worked_on(self, command: ShipmentCommand) -> None:
        """Nobody packs for an order that was cancelled."""
        shipment.given(*self.history).when(command).then_refused("shipment-is-cancelled")

    @pytest.mark.parametrize("command", [OPEN, STOP])
    def test_what_comes_again_does_nothing(self, command: ShipmentCommand) -> None:
        """It is neither opened nor cancelled a second time."""
        shipment.given(*self.history).when(command).then_nothing()
