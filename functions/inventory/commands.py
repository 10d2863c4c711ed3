"""What can be asked of stock, reservations and receipts."""

from pydantic import AwareDatetime

from functions.inventory.events import Line
from shared.eventsourcing.message import Command

# --- stock


class ReceiveStock(Command):
    sku: str
    quantity: int
    reference: str
    at: AwareDatetime


class AdjustStock(Command):
    """Correct what lies on the shelf by `delta`, up or down."""

    sku: str
    delta: int
    reason: str
    at: AwareDatetime


class ReserveStock(Command):
    sku: str
    reservation_id: str
    quantity: int
    at: AwareDatetime


class ReleaseStock(Command):
    sku: str
    reservation_id: str
    quantity: int
    at: AwareDatetime


class ShipStock(Command):
    sku: str
    reservation_id: str
    shipment_id: str
    quantity: int
    at: AwareDatetime


StockCommand = ReceiveStock | AdjustStock | ReserveStock | ReleaseStock | ShipStock


# --- reservation


class ReserveItems(Command):
    """Keep every line until `expires_at`, or none."""

    reservation_id: str
    lines: tuple[Line, ...]
    expires_at: AwareDatetime
    at: AwareDatetime


class AllocateReservation(Command):
    """The basket is sold: keep it for as long as it takes to ship it."""

    at: AwareDatetime


class ReleaseReservation(Command):
    """Give back whatever is still kept; a reservation that was not made yet is never to be made."""

    reservation_id: str
    reason: str
    at: AwareDatetime


class ReleaseItems(Command):
    """A cancellation gives `lines` back, of what is still kept."""

    release_id: str
    lines: tuple[Line, ...]
    at: AwareDatetime


class ExpireReservation(Command):
    at: AwareDatetime


class ShipItems(Command):
    """One shipment takes `lines` of what is kept."""

    shipment_id: str
    lines: tuple[Line, ...]
    at: AwareDatetime


ReservationCommand = (
    ReserveItems | AllocateReservation | ReleaseReservation | ReleaseItems | ExpireReservation | ShipItems
)


# --- receipt


class BookReceipt(Command):
    """Add every line to stock, once."""

    receipt_id: str
    lines: tuple[Line, ...]
    reason: str
    at: AwareDatetime


ReceiptCommand = BookReceipt
