"""What an order knows of its money: what its payment tells, in any order, and what that leaves for returns."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from functions.orders.amounts import created
from functions.orders.commands import (
    CancelLines,
    CompleteReturn,
    MoneyCommand,
    OpenReturn,
    OrderCommand,
    RecordDispute,
    RecordDisputeEnd,
    RecordLoss,
    RecordRefund,
    RecordRefundFailure,
    RecordRefundResolution,
)
from functions.orders.decider import ORDER
from functions.orders.events import (
    LinesCancelled,
    MovedLine,
    OrderCancelled,
    OrderDelivered,
    OrderDisputeClosed,
    OrderDisputed,
    OrderEvent,
    OrderPlaced,
    OrderRefunded,
    OrderRefundFailed,
    OrderRefundResolved,
    OrderShipmentLost,
    OrderShipped,
    ReturnOpened,
)
from functions.orders.projections import project_order
from functions.orders.read_models import OrderView
from functions.orders.state import Order
from shared.testing.decider_spec import DeciderSpec
from tests.unit.orders.test_amounts import create, usd

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
order = DeciderSpec[OrderCommand, OrderEvent, Order](ORDER)
CREATED = created(create(300, 700, shipping=99))
PLACED = OrderPlaced(**CREATED.model_dump())
CREATED_TWINS = created(create(250, 250))
PLACED_TWINS = OrderPlaced(**CREATED_TWINS.model_dump())
PIECES = (MovedLine(sku="sku-0", quantity=1), MovedLine(sku="sku-1", quantity=1))
SHIPPED = OrderShipped(order_id="o1", customer_id="900", shipment_id="s1", lines=PIECES, complete=True, at=AT)
ARRIVED = OrderDelivered(order_id="o1", customer_id="900", shipment_id="s1", complete=True, at=AT)
CANCELLED = OrderCancelled(
    order_id="o1",
    customer_id="900",
    checkout_id="c1",
    reservation_id="r1",
    payment_id="p1",
    reason="changed their mind",
    placed=True,
    at=AT,
)
TOLD: dict[str, Any] = {"payment_id": "p1", "amount": usd(100), "at": AT}
REFUND = RecordRefund(**TOLD, refund_id="r1")
FAILURE = RecordRefundFailure(**TOLD, refund_id="r1", code="expired_card")
RESOLUTION = RecordRefundResolution(**TOLD, refund_id="r1", paid_otherwise=True)
DISPUTE = RecordDispute(**TOLD, dispute_id="dp_1", reason="fraudulent")
WON = RecordDisputeEnd(**TOLD, dispute_id="dp_1", outcome="won")
LOST = RecordDisputeEnd(**TOLD, dispute_id="dp_1", outcome="lost")
REFUNDED = OrderRefunded(refund_id="r1", amount=usd(100), at=AT)
FAILED = OrderRefundFailed(refund_id="r1", amount=usd(100), code="expired_card", at=AT)
RESOLVED = OrderRefundResolved(refund_id="r1", amount=usd(100), paid_otherwise=True, at=AT)
DISPUTED = OrderDisputed(dispute_id="dp_1", amount=usd(100), reason="fraudulent", at=AT)
LOST_IT = OrderDisputeClosed(dispute_id="dp_1", amount=usd(100), outcome="lost", at=AT)


def shown(events: Sequence[OrderEvent]) -> OrderView:
    view: OrderView | None = None
    for event in events:
        view = project_order(view, event)
    assert view is not None
    return view


def after(*commands: MoneyCommand) -> OrderView:
    """What is shown of a placed order that was told of this."""
    events: list[OrderEvent] = [CREATED, PLACED]
    for command in commands:
        events += ORDER.decide(command, order.fold(events))
    return shown(events)


class TestNewsOfMoney:
    @pytest.mark.parametrize(
        ("command", "event"),
        [(REFUND, REFUNDED), (FAILURE, FAILED), (RESOLUTION, RESOLVED), (DISPUTE, DISPUTED), (LOST, LOST_IT)],
    )
    def test_is_recorded_once(self, command: MoneyCommand, event: OrderEvent) -> None:
        """Messages come twice."""
        order.given(CREATED, PLACED).when(command).then(event)
        order.given(CREATED, PLACED, event).when(command).then_nothing()

    @pytest.mark.parametrize("history", [(), (CANCELLED.model_copy(update={"payment_id": ""}),)])
    def test_of_no_order_is_nothing(self, history: tuple[OrderEvent, ...]) -> None:
        """A payment can be made by hand, for an order that is none."""
        order.given(*history).when(REFUND).then_nothing()

    def test_of_another_payment_is_nothing(self) -> None:
        """The order was not paid by it."""
        order.given(CREATED, PLACED).when(REFUND.model_copy(update={"payment_id": "p2"})).then_nothing()

    def test_of_a_cancelled_order_counts(self) -> None:
        """That is when the money goes back."""
        view = shown([CREATED, PLACED, CANCELLED, REFUNDED])

        assert (view.status, view.refunded) == ("cancelled", usd(100))

    @pytest.mark.parametrize("commands", list(permutations([REFUND, FAILURE, RESOLUTION])))
    def test_comes_in_any_order(self, commands: tuple[MoneyCommand, ...]) -> None:
        """Given, sent back by the bank, paid otherwise: what a person did is the last of it."""
        view = after(*commands)

        assert [each.status for each in view.refunds] == ["paid-otherwise"]
        assert view.refunded == usd(100)

    @pytest.mark.parametrize("commands", list(permutations([REFUND, FAILURE])))
    def test_a_refund_that_was_sent_back_is_none(self, commands: tuple[MoneyCommand, ...]) -> None:
        """The customer has not got it, and the order says why."""
        view = after(*commands)

        assert [(each.status, each.code) for each in view.refunds] == [("failed", "expired_card")]
        assert view.refunded == usd(0)

    def test_a_refund_that_needs_nobody_any_more_is_none_either(self) -> None:
        """A person resolved it without another payment."""
        view = after(FAILURE, RESOLUTION.model_copy(update={"paid_otherwise": False}))

        assert ([each.status for each in view.refunds], view.refunded) == (["resolved"], usd(0))

    @pytest.mark.parametrize("commands", list(permutations([DISPUTE, LOST])))
    def test_a_dispute_ends_as_it_ends(self, commands: tuple[MoneyCommand, ...]) -> None:
        """Whichever of its news comes first."""
        assert [each.status for each in after(*commands).disputes] == ["lost"]

    def test_a_dispute_is_shown_while_it_is_open(self) -> None:
        """With the reason and the amount."""
        (dispute,) = after(DISPUTE).disputes

        assert (dispute.status, dispute.reason, dispute.amount) == ("open", "fraudulent", usd(100))


class TestAReturn:
    def opened(self, *history: OrderEvent, lines: tuple[MovedLine, ...] = PIECES, name: str = "b1") -> ReturnOpened:
        asked = OpenReturn(return_id=name, lines=lines, reason="too big", at=AT)
        (event,) = ORDER.decide(asked, order.fold([CREATED, PLACED, SHIPPED, ARRIVED, *history]))
        assert isinstance(event, ReturnOpened)
        return event

    def test_gives_all_of_it_back(self) -> None:
        """Where nothing went back before."""
        assert self.opened().refund == usd(1099)

    def test_gives_back_what_a_goodwill_of_one_cent_left(self) -> None:
        """It never makes a return impossible."""
        cent = REFUNDED.model_copy(update={"amount": usd(1)})

        returned = self.opened(cent)

        assert (returned.refund, returned.shipping) == (usd(1098), usd(98))
        assert [line.refund for line in returned.lines] == [usd(300), usd(700)]

    def test_whose_refund_failed_and_was_paid_otherwise_counts_once(self) -> None:
        """Of two pieces of 2.50 the first was paid by other means: the second comes back for 2.50, never for more."""
        history: list[OrderEvent] = [CREATED_TWINS, PLACED_TWINS, SHIPPED, ARRIVED]
        told = {"payment_id": "p1", "amount": usd(250), "at": AT, "refund_id": "b1"}
        for command in (
            OpenReturn(return_id="b1", lines=PIECES[:1], reason="too big", at=AT),
            RecordRefundFailure(**told, code="expired_card"),
            CompleteReturn(return_id="b1", at=AT),
            RecordRefundResolution(**told, paid_otherwise=True),
            OpenReturn(return_id="b2", lines=PIECES[1:], reason="too big", at=AT),
            RecordRefund(**{**told, "refund_id": "b2"}),
            CompleteReturn(return_id="b2", at=AT),
        ):
            history += ORDER.decide(command, order.fold(history))

        view, state = shown(history), order.fold(history)
        assert [(each.return_id, each.status, each.refund) for each in view.returns] == [
            ("b1", "completed", usd(250)),
            ("b2", "completed", usd(250)),
        ]
        assert (view.refunded, state.left) == (usd(500), 0)

    def test_the_last_piece_comes_back_for_what_is_left(self) -> None:
        """Also if that is less than it cost, or nothing."""
        first = self.opened(lines=PIECES[:1])
        half = REFUNDED.model_copy(update={"amount": usd(400)})
        everything = REFUNDED.model_copy(update={"amount": usd(1099)})

        assert self.opened(first, half, lines=PIECES[1:], name="b2").refund == usd(399)
        assert self.opened(first, everything, lines=PIECES[1:], name="b2").refund == usd(0)

    def test_its_own_refund_is_not_counted_against_the_next(self) -> None:
        """It has the id of its return."""
        first = self.opened(lines=PIECES[:1])
        paid = OrderRefunded(refund_id="b1", amount=usd(300), at=AT)

        assert self.opened(first, paid, lines=PIECES[1:], name="b2").refund == usd(799)

    def test_what_the_bank_gave_is_gone(self) -> None:
        """A lost dispute is money that the customer has."""
        assert self.opened(DISPUTED, LOST_IT).refund == usd(999)
        assert self.opened(DISPUTED).refund == usd(1099)

    @pytest.mark.parametrize(("events", "failed"), [((REFUNDED,), False), ((REFUNDED, FAILED), True)])
    def test_says_that_its_refund_failed(self, events: tuple[OrderEvent, ...], *, failed: bool) -> None:
        """The bank sent it back: the customer has neither goods nor money."""
        its_own = [event.model_copy(update={"refund_id": "b1"}) for event in events]

        view = shown([CREATED, PLACED, SHIPPED, ARRIVED, self.opened(), *its_own])

        assert view.returns[0].refund_failed is failed


class TestPiecesThatAreNotSent:
    """Two of 3.00 and 7.00, and shipping for 0.99: cancelled or lost."""

    @pytest.mark.parametrize("ends", ["cancelled", "lost"])
    @pytest.mark.parametrize(
        ("gone", "refund", "shipping"), [(0, 1099, 99), (1, 1098, 98), (99, 1000, 0), (400, 699, 0), (1099, 0, 0)]
    )
    def test_come_to_no_more_than_is_left(self, ends: str, gone: int, refund: int, shipping: int) -> None:
        """Money went back for other reasons: by a goodwill."""
        goodwill = [REFUNDED.model_copy(update={"amount": usd(gone)})] if gone else []

        (event,) = [
            each for each in self.given_up(ends, *goodwill) if isinstance(each, LinesCancelled | OrderShipmentLost)
        ]

        assert (event.refund, event.shipping) == (usd(refund), usd(shipping))
        assert sum(line.refund.amount for line in event.lines) == refund - shipping

    @pytest.mark.parametrize("ends", ["cancelled", "lost"])
    def test_are_not_less_for_a_refund_that_failed_and_was_made_again(self, ends: str) -> None:
        """The first piece's refund failed, and staff gave its amount by another one: the second piece comes to all that
        is left.
        """
        first = self.given_up("cancelled", lines=PIECES[:1])
        failed = FAILED.model_copy(update={"refund_id": "k1", "amount": usd(300)})
        again = REFUNDED.model_copy(update={"amount": usd(300)})

        event = self.statement(ends, *first, failed, again, lines=PIECES[1:], name="k2")

        assert event.refund == usd(799)

    def statement(self, ends: str, *history: OrderEvent, **asked: Any) -> LinesCancelled | OrderShipmentLost:
        events = self.given_up(ends, *history, **asked)
        (event,) = [each for each in events if isinstance(each, LinesCancelled | OrderShipmentLost)]
        return event

    def given_up(
        self, ends: str, *history: OrderEvent, lines: tuple[MovedLine, ...] = PIECES, name: str = "k1"
    ) -> Sequence[OrderEvent]:
        cancel = CancelLines(cancellation_id=name, lines=lines, reason="fraud", at=AT)
        lose = RecordLoss(shipment_id="s9", lines=lines, at=AT)
        return ORDER.decide(cancel if ends == "cancelled" else lose, order.fold([CREATED, PLACED, *history]))
