"""Facts that hold for every sequence of commands: nothing is sold that is not there, and nothing is kept for ever."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.inventory.commands import (
    AdjustStock,
    AllocateReservation,
    BookReceipt,
    ExpireReservation,
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
from functions.inventory.decider import RECEIPT, RESERVATION, STOCK
from functions.inventory.events import Line
from functions.inventory.plans import receipt_targets, reservation_targets
from functions.inventory.projections import project_availability, project_reservation
from functions.inventory.read_models import AvailabilityView, ReservationView
from functions.inventory.state import Receipt, Reservation, Status, Stock
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.joint import Target

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
DECIDERS: dict[str, Any] = {"stock": STOCK, "reservation": RESERVATION, "receipt": RECEIPT}
OVER = {Status.RELEASED, Status.EXPIRED, Status.SHIPPED}
skus = st.sampled_from(["milk", "tea", "rye"])
times = st.integers(0, 40).map(lambda minutes: AT + timedelta(minutes=minutes))
lines = st.dictionaries(skus, st.integers(1, 6), min_size=1).map(
    lambda chosen: tuple(Line(sku=sku, quantity=quantity) for sku, quantity in chosen.items())
)
ids = st.sampled_from(["r1", "r2", "r3"])
quantities = st.integers(-1, 8)
on_stock = st.one_of(
    st.builds(ReceiveStock, sku=skus, quantity=quantities, reference=st.just("note"), at=times),
    st.builds(AdjustStock, sku=skus, delta=st.integers(-8, 8), reason=st.just("counted"), at=times),
)
on_reservation = st.one_of(
    st.builds(ReserveItems, reservation_id=ids, lines=lines, expires_at=times, at=times),
    st.builds(ReleaseReservation, reservation_id=ids, reason=st.just("declined"), at=times),
    st.tuples(ids, st.builds(AllocateReservation, at=times)),
    st.tuples(ids, st.builds(ExpireReservation, at=times)),
    st.tuples(ids, st.builds(ReleaseItems, release_id=st.sampled_from(["k1", "k2"]), lines=lines, at=times)),
    st.tuples(ids, st.builds(ShipItems, shipment_id=st.sampled_from(["s1", "s2", "s3"]), lines=lines, at=times)),
)
receipts = st.builds(
    BookReceipt, receipt_id=st.sampled_from(["in-1", "in-2"]), lines=lines, reason=st.just("delivery"), at=times
)
orders = st.lists(on_stock | on_reservation | receipts, max_size=40)
of_one_product = st.one_of(
    on_stock.filter(lambda command: command.sku == "milk"),
    st.builds(ReserveStock, sku=st.just("milk"), reservation_id=ids, quantity=quantities, at=times),
    st.builds(ReleaseStock, sku=st.just("milk"), reservation_id=ids, quantity=quantities, at=times),
    st.builds(
        ShipStock, sku=st.just("milk"), reservation_id=ids, shipment_id=st.just("s1"), quantity=quantities, at=times
    ),
)
Order = StockCommand | ReservationCommand | BookReceipt | tuple[str, ReservationCommand]


@dataclass
class Warehouse:
    """Every stream's state and events. Commands are carried out as the service does: all of a plan, or nothing."""

    states: dict[tuple[str, str], Any] = field(default_factory=dict)
    events: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def carry_out(self, order: Order) -> bool:
        """Whether anything changed."""
        decided: dict[tuple[str, str], list[Any]] = {}
        try:
            for target in self._plan(order):
                stream = (target.category, target.entity_id)
                decided[stream] = list(DECIDERS[target.category].decide(target.command, self._state(*stream)))
        except DomainError:
            return False
        for stream, events in decided.items():
            for event in events:
                self.states[stream] = DECIDERS[stream[0]].evolve(self._state(*stream), event)
                self.events.setdefault(stream, []).append(event)
        return any(decided.values())

    def stock(self) -> dict[str, Stock]:
        return {sku: state for (category, sku), state in self.states.items() if category == "stock"}

    def reservations(self) -> dict[str, Reservation]:
        return {name: state for (category, name), state in self.states.items() if category == "reservation"}

    def kept(self) -> Counter[str]:
        """Pieces of each product that reservations still keep."""
        total: Counter[str] = Counter()
        for reservation in self.reservations().values():
            total.update(reservation.kept)
        return total

    def _plan(self, order: Order) -> Sequence[Target]:
        if isinstance(order, BookReceipt):
            receipt: Receipt = self._state("receipt", order.receipt_id)
            return receipt_targets(order, receipt)
        if isinstance(order, ReserveItems | ReleaseReservation):
            order = (order.reservation_id, order)
        if isinstance(order, tuple):
            return reservation_targets(*order, self._state("reservation", order[0]))
        return [Target("stock", order.sku, order)]  # type: ignore[union-attr] # all that is left is of one product

    def _state(self, category: str, entity_id: str) -> Any:
        return self.states.get((category, entity_id), DECIDERS[category].initial_state())


def run(history: Sequence[Order]) -> Warehouse:
    warehouse = Warehouse()
    for order in history:
        warehouse.carry_out(order)
    return warehouse


@given(st.lists(of_one_product, max_size=40))
def test_one_product_is_never_below_zero(history: list[StockCommand]) -> None:
    """Whatever is asked of one product's stock, neither what lies there nor what is available falls below zero."""
    stock = Stock()
    for command in history:
        try:
            events = STOCK.decide(command, stock)
        except DomainError:
            continue
        for event in events:
            stock = STOCK.evolve(stock, event)
        assert min(stock.on_hand, stock.reserved, stock.available) >= 0
        assert stock.available == stock.on_hand - stock.reserved


@given(orders)
def test_stock_keeps_exactly_what_reservations_keep(history: list[Order]) -> None:
    """After every command, each product has as many reserved as all reservations together keep of it."""
    warehouse = Warehouse()
    for order in history:
        warehouse.carry_out(order)
        assert {sku: stock.reserved for sku, stock in warehouse.stock().items() if stock.reserved} == dict(
            warehouse.kept()
        )
        assert all(min(stock.on_hand, stock.available) >= 0 for stock in warehouse.stock().values())


@given(orders)
def test_what_is_over_keeps_nothing(history: list[Order]) -> None:
    """A reservation that was released, has expired or was shipped holds no stock."""
    for reservation in run(history).reservations().values():
        assert not (reservation.status in OVER and reservation.kept)


@given(orders)
def test_nothing_is_reserved_for_ever(history: list[Order]) -> None:
    """When every reservation that nobody allocated has expired, only the allocated ones keep stock."""
    warehouse = run(history)

    for name in warehouse.reservations():
        warehouse.carry_out((name, ExpireReservation(at=AT + timedelta(days=1))))

    assert all(each.status is Status.ALLOCATED for each in warehouse.reservations().values() if each.kept)


@given(orders, on_reservation | receipts)
def test_doing_it_twice_does_it_once(history: list[Order], order: Order) -> None:
    """A command on a reservation or a receipt, repeated at once, has no effect of its own."""
    warehouse = run(history)
    warehouse.carry_out(order)

    assert not warehouse.carry_out(order)


@given(orders)
def test_replay_gives_the_same_states(history: list[Order]) -> None:
    """Folding the stored events gives the states that the commands led to; so does a snapshot."""
    warehouse = run(history)

    for (category, name), events in warehouse.events.items():
        decider, replayed = DECIDERS[category], DECIDERS[category].initial_state()
        for stored in decider.codec.encode(events):
            replayed = decider.evolve(replayed, decider.codec.decode(stored))
        assert replayed == warehouse.states[category, name]
        assert decider.load_state(decider.dump_state(replayed)) == replayed


@given(orders)
def test_both_sides_agree(history: list[Order]) -> None:
    """The read models show what the write side holds, to the piece."""
    warehouse = run(history)

    for sku, stock in warehouse.stock().items():
        view: AvailabilityView | None = None
        for event in warehouse.events["stock", sku]:
            view = project_availability(view, event)
        assert view is not None
        assert (view.on_hand, view.reserved, view.available) == (stock.on_hand, stock.reserved, stock.available)
    for name, reservation in warehouse.reservations().items():
        shown: ReservationView | None = None
        for event in warehouse.events["reservation", name]:
            shown = project_reservation(shown, event)
        assert shown is not None
        assert (shown.status, tuple(shown.shipments)) == (reservation.status, reservation.shipments)
