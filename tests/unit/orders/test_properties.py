"""Facts that hold for every order and every sequence of commands: no cent is lost or made."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from functions.orders.amounts import pieces
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
    RecordRefund,
    RecordShipment,
)
from functions.orders.decider import ORDER
from functions.orders.events import MovedLine, OrderDiscount, OrderEvent, OrderRefunded
from functions.orders.projections import project_order
from functions.orders.read_models import OrderView
from functions.orders.state import Order, ReturnStatus, Status
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
SKUS = ("milk", "tea", "rye")


def usd(cents: int) -> Money:
    return Money(amount=cents, currency="USD")


@st.composite
def creations(draw: st.DrawFn) -> CreateOrder:
    """Any order of one to three products, with discounts up to all of it."""
    chosen = draw(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 400)), min_size=1, max_size=3))
    lines = tuple(
        PricedLine(sku=sku, quantity=quantity, unit_price=None, total=usd(cents))
        for sku, (quantity, cents) in zip(SKUS, chosen, strict=False)
    )
    off = draw(st.integers(0, sum(cents for _, cents in chosen)))
    return CreateOrder(
        order_id="o1",
        customer_id="900",
        checkout_id="c1",
        currency="USD",
        lines=lines,
        discounts=(
            OrderDiscount(code="one", amount=usd(off // 2)),
            OrderDiscount(code="two", amount=usd(off - off // 2)),
        ),
        shipping=usd(draw(st.integers(0, 500))),
        tax=usd(draw(st.integers(0, 90))),
        shipping_address="sealed:v1:900:x",
        reservation_id="r1",
        payment_id="p1",
        at=AT,
    )


CREATE = CreateOrder(
    order_id="o1",
    customer_id="900",
    checkout_id="c1",
    currency="USD",
    lines=tuple(PricedLine(sku=sku, quantity=3, unit_price=None, total=usd(100)) for sku in SKUS),
    discounts=(OrderDiscount(code="one", amount=usd(50)),),
    shipping=usd(499),
    tax=usd(7),
    shipping_address="sealed:v1:900:x",
    reservation_id="r1",
    payment_id="p1",
    at=AT,
)
moved = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 3), min_size=1).map(
    lambda chosen: tuple(MovedLine(sku=sku, quantity=quantity) for sku, quantity in chosen.items())
)
shipments, back = st.sampled_from(["s1", "s2", "s3"]), st.sampled_from(["b1", "b2", "b3", "b4"])
on_returns = st.one_of(
    st.builds(OpenReturn, return_id=back, lines=moved, reason=st.just("too big"), at=st.just(AT)),
    st.builds(CompleteReturn, return_id=back, at=st.just(AT)),
)
anything = st.one_of(
    on_returns,
    st.just(CREATE),
    st.just(ConfirmOrder(at=AT)),
    st.just(PlaceOrder(payment_id="p1", captured=usd(756), at=AT)),
    st.builds(CancelOrder, order_id=st.just("o1"), reason=st.just("timeout"), at=st.just(AT)),
    st.builds(CancelLines, cancellation_id=back, lines=moved, reason=st.just("timeout"), at=st.just(AT)),
    st.builds(
        RecordRefund,
        refund_id=back,
        payment_id=st.sampled_from(["p1", "other"]),
        amount=st.integers(1, 700).map(usd),
        at=st.just(AT),
    ),
    st.builds(RecordLoss, shipment_id=shipments, lines=moved, at=st.just(AT)),
    st.builds(RecordShipment, shipment_id=shipments, lines=moved, at=st.just(AT)),
    st.builds(RecordDelivery, shipment_id=shipments, lines=moved, at=st.just(AT)),
)
PAID = [CREATE, ConfirmOrder(at=AT), PlaceOrder(payment_id="p1", captured=usd(756), at=AT)]
histories = st.lists(anything, max_size=25) | st.lists(anything, max_size=25).map(lambda later: [*PAID, *later])


def run(history: Sequence[OrderCommand], order: Order | None = None) -> tuple[Order, list[OrderEvent]]:
    """The state that commands lead to, and the events of those that were accepted."""
    order, happened = order or Order(), []
    for command in history:
        try:
            events = list(ORDER.decide(command, order))
        except DomainError:
            continue
        for event in events:
            order = ORDER.evolve(order, event)
        happened += events
    return order, happened


def bought(command: CreateOrder) -> Order:
    """An order that is paid and delivered as a whole."""
    total = run([command])[0].terms.total
    lines = tuple(MovedLine(sku=line.sku, quantity=line.quantity) for line in command.lines)
    order, _ = run(
        [
            command,
            ConfirmOrder(at=AT),
            PlaceOrder(payment_id="p1", captured=total, at=AT),
            RecordDelivery(shipment_id="s1", lines=lines, at=AT),
        ]
    )
    assert order.status is Status.DELIVERED
    return order


def rest(order: Order) -> tuple[MovedLine, ...]:
    """What was not given up."""
    back = pieces(order.given_up)
    left = {line.sku: line.quantity - back.get(line.sku, 0) for line in order.terms.lines}
    return tuple(MovedLine(sku=sku, quantity=quantity) for sku, quantity in left.items() if quantity)


@given(creations(), st.data())
def test_any_split_of_returns_refunds_exactly_what_was_paid(command: CreateOrder, data: st.DataObject) -> None:
    """Piece by piece, line by line or at once: the refunds sum to the total."""
    order = bought(command)

    for number in range(60):
        left = rest(order)
        if not left:
            break
        chosen = data.draw(st.lists(st.sampled_from(left), min_size=1, unique=True))
        lines = tuple(MovedLine(sku=line.sku, quantity=data.draw(st.integers(1, line.quantity))) for line in chosen)
        order, _ = run([OpenReturn(return_id=f"b{number}", lines=lines, reason="too big", at=AT)], order)
    order, _ = run([CompleteReturn(return_id=name, at=AT) for name in order.returns], order)

    assert order.status is Status.RETURNED
    assert sum(each.refund.amount for each in order.coming_back) == order.terms.total.amount


@given(creations(), st.data())
def test_any_mix_of_cancelled_lost_and_returned_pieces_refunds_exactly_what_was_paid(
    command: CreateOrder, data: st.DataObject
) -> None:
    """Some pieces are never sent, some get lost, the others come back: the refunds sum to the total."""
    total = run([command])[0].terms.total
    paid: list[OrderCommand] = [command, ConfirmOrder(at=AT), PlaceOrder(payment_id="p1", captured=total, at=AT)]
    order, _ = run(paid)

    for number in range(60):
        left = rest(order)
        if not left:
            break
        line = data.draw(st.sampled_from(left))
        lines = (MovedLine(sku=line.sku, quantity=data.draw(st.integers(1, line.quantity))),)
        ends: list[list[OrderCommand]] = [
            [CancelLines(cancellation_id=f"k{number}", lines=lines, reason="timeout", at=AT)],
            [RecordLoss(shipment_id=f"s{number}", lines=lines, at=AT)],
            [
                RecordDelivery(shipment_id=f"s{number}", lines=lines, at=AT),
                OpenReturn(return_id=f"b{number}", lines=lines, reason="too big", at=AT),
                CompleteReturn(return_id=f"b{number}", at=AT),
            ],
        ]
        chosen: list[OrderCommand] = data.draw(st.sampled_from(ends))
        order, _ = run(chosen, order)

    assert order.status in {Status.RETURNED, Status.LOST, Status.CANCELLED}
    assert sum(each.refund.amount for each in order.given_up) == total.amount


@given(histories)
def test_no_more_is_refunded_than_was_paid(history: list[OrderCommand]) -> None:
    """After any commands: refunds are no less than nothing and no more than the total, pieces no more than arrived, and
    none is both shipped and cancelled.
    """
    order, _ = run(history)
    back, cancelled = pieces(order.coming_back), pieces(order.cancellations.values())

    assert sum(each.refund.amount for each in order.given_up) <= (order.created.total.amount if order.created else 0)
    assert all(each.refund.amount >= 0 for each in order.given_up)
    assert all(quantity <= order.arrived.get(sku, 0) for sku, quantity in back.items())
    assert all(
        order.shipped.get(line.sku, 0) + cancelled.get(line.sku, 0) <= line.quantity
        for line in (order.created.lines if order.created else ())
    )


@given(histories)
def test_nothing_is_shipped_of_what_is_cancelled(history: list[OrderCommand]) -> None:
    """An order is cancelled or shipped, never both."""
    order, _ = run(history)

    assert not (order.status is Status.CANCELLED and order.shipments)


@given(histories, anything)
def test_doing_it_twice_does_it_once(history: list[OrderCommand], command: OrderCommand) -> None:
    """A command repeated at once has no effect of its own."""
    once, _ = run([*history, command])

    _, more = run([command], once)

    assert not more


@given(histories)
def test_replay_gives_the_same_state(history: list[OrderCommand]) -> None:
    """Folding the stored events gives the state that the commands led to; so does a snapshot."""
    order, happened = run(history)

    replayed = Order()
    for stored in ORDER.codec.encode(happened):
        replayed = ORDER.evolve(replayed, ORDER.codec.decode(stored))

    assert replayed == order
    assert ORDER.load_state(ORDER.dump_state(order)) == order


@given(histories)
def test_both_sides_agree(history: list[OrderCommand]) -> None:
    """The read model shows what the write side holds, to the piece and the cent."""
    order, happened = run(history)

    view: OrderView | None = None
    for event in happened:
        view = project_order(view, event)

    if order.created is None:
        assert view is None
        return
    assert view is not None
    refunds = {event.refund_id: event.amount.amount for event in happened if isinstance(event, OrderRefunded)}
    assert (view.status, view.total, view.refunded) == (order.status, order.created.total, usd(sum(refunds.values())))
    back = pieces(order.opened(ReturnStatus.COMPLETED))
    assert [(line.sku, line.shipped, line.returned) for line in view.lines] == [
        (line.sku, order.shipped.get(line.sku, 0), back.get(line.sku, 0)) for line in order.created.lines
    ]
    assert [(each.return_id, each.status, each.refund.amount) for each in view.returns] == [
        (name, each.status, each.opened.refund.amount if each.opened else 0) for name, each in order.returns.items()
    ]
