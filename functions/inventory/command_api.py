"""The inventory's commands over HTTP."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from functions.inventory.commands import (
    AdjustStock,
    AllocateReservation,
    BookReceipt,
    ReceiveStock,
    ReleaseItems,
    ReleaseReservation,
    ReserveItems,
    ShipItems,
)
from functions.inventory.events import Line
from functions.inventory.manifest import NAME, RECEIPT_CATEGORY, RESERVATION_CATEGORY, STOCK_CATEGORY
from functions.inventory.plans import LONGEST_HOLD, receipt_targets, reservation_targets
from functions.inventory.state import Receipt, Reservation, Stock
from shared.eventsourcing.joint import Read, Target
from shared.http.auth import OPERATORS, PEOPLE
from shared.http.command_api import Call, CommandApi, CommandEndpoint, JointEndpoint, open_to_its_roles
from shared.http.problems import bad_field
from shared.http.requests import AnyReason, Body, Id, Moment, Note

MAX_QUANTITY = 10**9
"""Of one line. Bulk goods are counted in small fractions of a unit."""
MAX_LINES = 500
"""As many as a cart holds, and so an order, and so a return of all of it."""
_SKEW: Final = timedelta(minutes=5)
"""By how much two clocks may differ."""
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class LineBody(Body):
    sku: Id
    quantity: Quantity


class ReceiveBody(Body):
    """`reference` names the delivery note; `at` is when it came, if not now."""

    quantity: Quantity
    reference: str = Field(min_length=1, max_length=128)
    at: Moment | None = None


class AdjustBody(Body):
    """`delta` is what a count found too many (above zero) or missing (below)."""

    delta: int = Field(ge=-MAX_QUANTITY, le=MAX_QUANTITY)
    reason: Note


class ReceiptBody(Body):
    lines: list[LineBody] = Field(min_length=1, max_length=MAX_LINES)
    reason: Note


class ReserveBody(Body):
    """`expires_at` is at most an hour ahead: what is not allocated until then is given back."""

    lines: list[LineBody] = Field(min_length=1, max_length=MAX_LINES)
    expires_at: Moment


class ReleaseBody(Body):
    reason: AnyReason


class ReleaseItemsBody(Body):
    """What a cancellation gives back, of what the reservation still keeps; once for each `release_id`."""

    release_id: Id
    lines: list[LineBody] = Field(min_length=1, max_length=MAX_LINES)


class ShipBody(Body):
    """What leaves with one shipment, at most what the reservation still keeps."""

    shipment_id: Id
    lines: list[LineBody] = Field(min_length=1, max_length=MAX_LINES)


def _lines(bodies: Sequence[LineBody]) -> tuple[Line, ...]:
    return tuple(Line(sku=body.sku, quantity=body.quantity) for body in bodies)


def _receive(body: ReceiveBody, call: Call) -> ReceiveStock:
    return ReceiveStock(sku=call.path["sku"], quantity=body.quantity, reference=body.reference, at=call.at(body.at))


def _adjust(body: AdjustBody, call: Call) -> AdjustStock:
    return AdjustStock(sku=call.path["sku"], delta=body.delta, reason=body.reason, at=call.now)


def _allocate(_: Body, call: Call) -> AllocateReservation:
    return AllocateReservation(at=call.now)


async def _book_receipt(body: ReceiptBody, call: Call, read: Read) -> Sequence[Target]:
    command = BookReceipt(receipt_id=call.entity_id, lines=_lines(body.lines), reason=body.reason, at=call.now)
    receipt: Receipt = await read(RECEIPT_CATEGORY, call.entity_id)
    return receipt_targets(command, receipt)


async def _reserve_items(body: ReserveBody, call: Call, read: Read) -> Sequence[Target]:
    if body.expires_at > call.now + LONGEST_HOLD + _SKEW:
        raise bad_field("expires_at", f"a reservation is held for at most {LONGEST_HOLD}")
    command = ReserveItems(
        reservation_id=call.entity_id, lines=_lines(body.lines), expires_at=body.expires_at, at=call.now
    )
    return reservation_targets(call.entity_id, command, await _reservation(call, read))


async def _release_reservation(body: ReleaseBody, call: Call, read: Read) -> Sequence[Target]:
    command = ReleaseReservation(reservation_id=call.entity_id, reason=call.reason(body.reason), at=call.now)
    return reservation_targets(call.entity_id, command, await _reservation(call, read))


async def _release_items(body: ReleaseItemsBody, call: Call, read: Read) -> Sequence[Target]:
    command = ReleaseItems(release_id=body.release_id, lines=_lines(body.lines), at=call.now)
    return reservation_targets(call.entity_id, command, await _reservation(call, read))


async def _ship_items(body: ShipBody, call: Call, read: Read) -> Sequence[Target]:
    command = ShipItems(shipment_id=body.shipment_id, lines=_lines(body.lines), at=call.now)
    return reservation_targets(call.entity_id, command, await _reservation(call, read))


async def _reservation(call: Call, read: Read) -> Reservation:
    found: Reservation = await read(RESERVATION_CATEGORY, call.entity_id)
    return found


STOCK_COMMANDS = CommandApi[Stock](
    service=NAME,
    category=STOCK_CATEGORY,
    entity="/stock/{sku}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="POST",
            path="/stock/{sku}/receipts",
            body=ReceiveBody,
            build=_receive,
            roles=PEOPLE,
            summary="Receive more of a product.",
        ),
        CommandEndpoint(
            method="POST",
            path="/stock/{sku}/adjustments",
            body=AdjustBody,
            build=_adjust,
            roles=PEOPLE,
            summary="Correct what is on hand after a count.",
        ),
    ),
)
RECEIPT_COMMANDS = CommandApi[Receipt](
    service=NAME,
    category=RECEIPT_CATEGORY,
    entity="/receipts/{receipt_id}",
    guard=open_to_its_roles,
    endpoints=(
        JointEndpoint(
            method="PUT",
            path="/receipts/{receipt_id}",
            body=ReceiptBody,
            plan=_book_receipt,
            roles=OPERATORS,
            summary="Receive many products at once, all or none; the same receipt again does nothing.",
        ),
    ),
)
RESERVATION_COMMANDS = CommandApi[Reservation](
    service=NAME,
    category=RESERVATION_CATEGORY,
    entity="/reservations/{reservation_id}",
    guard=open_to_its_roles,
    endpoints=(
        JointEndpoint(
            method="PUT",
            path="/reservations/{reservation_id}",
            body=ReserveBody,
            plan=_reserve_items,
            roles=OPERATORS,
            summary="Keep every line for a basket, or none.",
        ),
        CommandEndpoint(
            method="POST",
            path="/reservations/{reservation_id}/allocate",
            build=_allocate,
            roles=OPERATORS,
            summary="The basket is sold: the reservation does not expire any more.",
        ),
        JointEndpoint(
            method="POST",
            path="/reservations/{reservation_id}/release",
            body=ReleaseBody,
            plan=_release_reservation,
            roles=OPERATORS,
            summary="Give back what is kept; a reservation that was not made yet can never be made.",
        ),
        JointEndpoint(
            method="POST",
            path="/reservations/{reservation_id}/release-items",
            body=ReleaseItemsBody,
            plan=_release_items,
            roles=OPERATORS,
            summary="Give back some of what is kept; the same release again does nothing.",
        ),
        JointEndpoint(
            method="POST",
            path="/reservations/{reservation_id}/ship",
            body=ShipBody,
            plan=_ship_items,
            roles=PEOPLE,
            summary="Take out what leaves with a shipment; the same shipment again does nothing.",
        ),
    ),
)
