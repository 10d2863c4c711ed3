"""The rules of stock, reservations and receipts.

A product's stock knows how many lie on the shelf and how many of them are kept, not for whom: a reservation knows its
lines, a receipt its own. What either decides is carried out on the stock of each product in the same commit (`plans`):
a thing done twice is seen there, and never reaches the stock.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from functions.inventory.commands import (
    AdjustStock,
    AllocateReservation,
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
from functions.inventory.manifest import RECEIPT_CATEGORY, RESERVATION_CATEGORY, STOCK_CATEGORY
from functions.inventory.state import Receipt, Reservation, Status, Stock
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError

MAX_ON_HAND = 10**12
"""Of one product."""


# --- stock


def decide_stock(command: StockCommand, stock: Stock) -> Sequence[StockEvent]:
    match command:
        case ReceiveStock():
            _check_quantity(command.quantity)
            _check_on_hand(stock.on_hand + command.quantity, "quantity")
            return [StockReceived(**command.model_dump())]
        case AdjustStock():
            if stock.available + command.delta < 0:
                told = f"{stock.on_hand} are on hand, {stock.reserved} of them reserved"
                raise DomainError("below-reserved", told, field="delta")
            _check_on_hand(stock.on_hand + command.delta, "delta")
            return [StockAdjusted(**command.model_dump())] if command.delta else []
        case ReserveStock():
            _check_quantity(command.quantity)
            if command.quantity > stock.available:
                raise DomainError("out-of-stock", f"{command.sku}: {stock.available} available", field=command.sku)
            return [StockReserved(**command.model_dump())]
        case ReleaseStock():
            _check_reserved(command, stock)
            return [StockReleased(**command.model_dump())]
        case ShipStock():
            _check_reserved(command, stock)
            return [StockShipped(**command.model_dump())]
        case _:
            assert_never(command)


def _check_quantity(quantity: int) -> None:
    if quantity < 1:
        raise DomainError("quantity-too-small", "the quantity must be at least 1", field="quantity")


def _check_on_hand(on_hand: int, field: str) -> None:
    if on_hand > MAX_ON_HAND:
        raise DomainError("stock-too-large", f"of one product at most {MAX_ON_HAND} can be on hand", field=field)


def _check_reserved(command: ReleaseStock | ShipStock, stock: Stock) -> None:
    _check_quantity(command.quantity)
    if command.quantity > stock.reserved:
        raise DomainError("more-than-reserved", f"{command.sku}: {stock.reserved} reserved", field=command.sku)


def evolve_stock(stock: Stock, event: StockEvent) -> Stock:
    on_hand, reserved = stock.on_hand, stock.reserved
    match event:
        case StockReceived(quantity=quantity):
            on_hand += quantity
        case StockAdjusted(delta=delta):
            on_hand += delta
        case StockReserved(quantity=quantity):
            reserved += quantity
        case StockReleased(quantity=quantity):
            reserved -= quantity
        case StockShipped(quantity=quantity):
            on_hand, reserved = on_hand - quantity, reserved - quantity
        case _:
            assert_never(event)
    return Stock(on_hand=on_hand, reserved=reserved)


# --- reservation


def decide_reservation(command: ReservationCommand, reservation: Reservation) -> Sequence[ReservationEvent]:
    if isinstance(command, ReserveItems):
        return _reserve(command, reservation)
    if isinstance(command, ReleaseReservation):
        return _release(command, reservation)
    if reservation.status is Status.ABSENT:
        raise NotFoundError("reservation-not-found", "there is no such reservation")
    match command:
        case AllocateReservation(at=at):
            return [ReservationAllocated(at=at)] if _standing(reservation).status is Status.RESERVED else []
        case ReleaseItems():
            return _release_items(command, reservation)
        case ExpireReservation():
            return _expire(command, reservation)
        case ShipItems():
            return _ship(command, reservation)
        case _:
            assert_never(command)


def _reserve(command: ReserveItems, reservation: Reservation) -> Sequence[ReservationEvent]:
    if reservation.status is Status.ABSENT:
        _quantities(command.lines)
        if command.expires_at <= command.at:
            raise DomainError("reservation-expired", "it would expire before it begins", field="expires_at")
        return [ItemsReserved(**command.model_dump())]
    if _standing(reservation).lines == _quantities(command.lines):
        return []
    raise DomainError("reservation-exists", "a reservation with this id holds other lines", field="lines")


def _standing(reservation: Reservation) -> Reservation:
    if reservation.status in {Status.RELEASED, Status.EXPIRED}:
        raise DomainError(f"reservation-{reservation.status}", f"the reservation is {reservation.status}")
    return reservation


def _quantities(lines: Sequence[Line]) -> dict[str, int]:
    """By product; each may be named once."""
    if not lines:
        raise DomainError("no-lines", "at least one line is needed", field="lines")
    quantities = {line.sku: line.quantity for line in lines}
    if len(quantities) < len(lines):
        raise DomainError("duplicate-sku", "each product can have one line", field="lines")
    _check_quantity(min(quantities.values()))
    return quantities


def _release(command: ReleaseReservation, reservation: Reservation) -> Sequence[ReservationEvent]:
    """Of a reservation that was never made a tombstone remains: a late reserve finds it and is refused."""
    if reservation.status in {Status.RELEASED, Status.EXPIRED, Status.SHIPPED}:
        return []
    return [ReservationReleased(lines=_kept(reservation), **command.model_dump())]


def _release_items(command: ReleaseItems, reservation: Reservation) -> Sequence[ReservationEvent]:
    """What is not kept any more, because somebody gave it back by hand, does not go back twice."""
    if command.release_id in reservation.releases:
        return []
    wanted = _quantities(command.lines)
    back = {sku: min(quantity, reservation.kept.get(sku, 0)) for sku, quantity in wanted.items()}
    lines = tuple(Line(sku=sku, quantity=quantity) for sku, quantity in back.items() if quantity)
    named = {"reservation_id": reservation.reservation_id, "release_id": command.release_id}
    return [ItemsReleased(**named, lines=lines, at=command.at)] if lines else []


def _kept(reservation: Reservation) -> tuple[Line, ...]:
    return tuple(Line(sku=sku, quantity=quantity) for sku, quantity in reservation.kept.items())


def _expire(command: ExpireReservation, reservation: Reservation) -> Sequence[ReservationEvent]:
    """Asked of every reservation that may be abandoned: nothing to do is the usual answer, not an error."""
    if reservation.status is not Status.RESERVED or not reservation.expires_at or command.at < reservation.expires_at:
        return []
    return [ReservationExpired(reservation_id=reservation.reservation_id, lines=_kept(reservation), at=command.at)]


def _ship(command: ShipItems, reservation: Reservation) -> Sequence[ReservationEvent]:
    if command.shipment_id in reservation.shipments:
        return []
    kept = _standing(reservation).kept
    for sku, quantity in _quantities(command.lines).items():
        if quantity > kept.get(sku, 0):
            raise DomainError("more-than-reserved", f"{sku}: {kept.get(sku, 0)} reserved", field=sku)
    return [ItemsShipped(reservation_id=reservation.reservation_id, **command.model_dump())]


def evolve_reservation(reservation: Reservation, event: ReservationEvent) -> Reservation:
    match event:
        case ItemsReserved():
            lines = {line.sku: line.quantity for line in event.lines}
            named = {"reservation_id": event.reservation_id, "expires_at": event.expires_at}
            changed: dict[str, object] = {**named, "status": Status.RESERVED, "lines": lines, "kept": lines}
        case ReservationAllocated():
            changed = {"status": Status.ALLOCATED}
        case ReservationReleased():
            changed = {"reservation_id": event.reservation_id, "status": Status.RELEASED, "kept": {}}
        case ReservationExpired():
            changed = {"status": Status.EXPIRED, "kept": {}}
        case ItemsReleased():
            kept = _without(reservation.kept, event.lines)
            over = Status.SHIPPED if reservation.shipments else Status.RELEASED
            status = reservation.status if kept else over
            changed = {"kept": kept, "status": status, "releases": (*reservation.releases, event.release_id)}
        case ItemsShipped():  # what is partly shipped is sold: it does not expire any more
            kept = _without(reservation.kept, event.lines)
            status = Status.ALLOCATED if kept else Status.SHIPPED
            changed = {"kept": kept, "status": status, "shipments": (*reservation.shipments, event.shipment_id)}
        case _:
            assert_never(event)
    return reservation.model_copy(update=changed)


def _without(kept: Mapping[str, int], lines: Iterable[Line]) -> dict[str, int]:
    taken = {line.sku: line.quantity for line in lines}
    left = {sku: quantity - taken.get(sku, 0) for sku, quantity in kept.items()}
    return {sku: quantity for sku, quantity in left.items() if quantity}


# --- receipt


def decide_receipt(command: ReceiptCommand, receipt: Receipt) -> Sequence[ReceiptEvent]:
    lines = _quantities(command.lines)
    if not receipt.lines:
        return [ReceiptBooked(**command.model_dump())]
    if receipt.lines == lines:
        return []
    raise DomainError("receipt-exists", "a receipt with this id was booked with other lines", field="lines")


def evolve_receipt(_: Receipt, event: ReceiptEvent) -> Receipt:
    return Receipt(lines={line.sku: line.quantity for line in event.lines})


STOCK = Decider[StockCommand, StockEvent, Stock](
    category=STOCK_CATEGORY,
    decide=decide_stock,
    evolve=evolve_stock,
    initial_state=Stock,
    state_type=Stock,
    codec=Codec[StockEvent](StockEvent),
    snapshot_every=50,
)
RESERVATION = Decider[ReservationCommand, ReservationEvent, Reservation](
    category=RESERVATION_CATEGORY,
    decide=decide_reservation,
    evolve=evolve_reservation,
    initial_state=Reservation,
    state_type=Reservation,
    codec=Codec[ReservationEvent](ReservationEvent),
)
RECEIPT = Decider[ReceiptCommand, ReceiptEvent, Receipt](
    category=RECEIPT_CATEGORY,
    decide=decide_receipt,
    evolve=evolve_receipt,
    initial_state=Receipt,
    state_type=Receipt,
    codec=Codec[ReceiptEvent](ReceiptEvent),
)
