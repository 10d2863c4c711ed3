"""What a decision on a reservation or a receipt means for the stock of each product: commands for one commit."""

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never

from functions.inventory.commands import (
    BookReceipt,
    ReceiveStock,
    ReleaseStock,
    ReservationCommand,
    ReserveStock,
    ShipStock,
    StockCommand,
)
from functions.inventory.decider import decide_receipt, decide_reservation
from functions.inventory.events import (
    ItemsReleased,
    ItemsReserved,
    ItemsShipped,
    ReservationAllocated,
    ReservationEvent,
    ReservationExpired,
    ReservationReleased,
)
from functions.inventory.manifest import RECEIPT_CATEGORY, RESERVATION_CATEGORY, STOCK_CATEGORY
from functions.inventory.state import Receipt, Reservation
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.joint import Target

LONGEST_HOLD = timedelta(hours=1)
"""How far ahead a reservation may expire: the walk that gives back what has expired stays so far behind."""


def reservation_targets(reservation_id: str, command: ReservationCommand, reservation: Reservation) -> Sequence[Target]:
    """The command itself, and what it asks of the stock of each product; of none if it has nothing to do."""
    try:
        events = decide_reservation(command, reservation)
    except DomainError:  # the reservation refuses again when the plan is carried out, and everything with it
        events = ()
    stock = [_on_stock(each) for event in events for each in _stock_commands(event)]
    return [Target(RESERVATION_CATEGORY, reservation_id, command), *stock]


def receipt_targets(command: BookReceipt, receipt: Receipt) -> Sequence[Target]:
    """The receipt, and so many more of each product; nothing more if it was booked before."""
    try:
        events = decide_receipt(command, receipt)
    except DomainError:  # as above
        events = ()
    received = [
        ReceiveStock(sku=line.sku, quantity=line.quantity, reference=event.receipt_id, at=event.at)
        for event in events
        for line in event.lines
    ]
    return [Target(RECEIPT_CATEGORY, command.receipt_id, command), *(_on_stock(each) for each in received)]


def _on_stock(command: StockCommand) -> Target:
    return Target(STOCK_CATEGORY, command.sku, command)


def _stock_commands(event: ReservationEvent) -> Sequence[StockCommand]:
    match event:
        case ItemsReserved(reservation_id=owner, at=at):
            return [
                ReserveStock(sku=line.sku, reservation_id=owner, quantity=line.quantity, at=at) for line in event.lines
            ]
        case (
            ReservationReleased(reservation_id=owner, at=at)
            | ItemsReleased(reservation_id=owner, at=at)
            | ReservationExpired(reservation_id=owner, at=at)
        ):
            return [
                ReleaseStock(sku=line.sku, reservation_id=owner, quantity=line.quantity, at=at) for line in event.lines
            ]
        case ItemsShipped(reservation_id=owner, shipment_id=shipment, at=at):
            return [
                ShipStock(sku=line.sku, reservation_id=owner, shipment_id=shipment, quantity=line.quantity, at=at)
                for line in event.lines
            ]
        case ReservationAllocated():
            return []
        case _:
            assert_never(event)
