"""What can have happened to stock, reservations and receipts: the storage contract. A shape never changes under the
same version.
"""

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.message import Event


class Line(BaseModel):
    """So many of one product."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int


# --- stock: one stream a product


class StockReceived(Event):
    """`quantity` more lie on the shelf; `reference` is the delivery note or the receipt they came with."""

    TYPE: ClassVar = "StockReceived.v1"
    sku: str
    quantity: int
    reference: str
    at: AwareDatetime


class StockAdjusted(Event):
    """Somebody counted: there are `delta` more (or fewer) than was believed."""

    TYPE: ClassVar = "StockAdjusted.v1"
    sku: str
    delta: int
    reason: str
    at: AwareDatetime


class StockReserved(Event):
    """`quantity` of what lies on the shelf are kept for one reservation."""

    TYPE: ClassVar = "StockReserved.v1"
    sku: str
    reservation_id: str
    quantity: int
    at: AwareDatetime


class StockReleased(Event):
    """`quantity` are kept no longer: anybody may have them."""

    TYPE: ClassVar = "StockReleased.v1"
    sku: str
    reservation_id: str
    quantity: int
    at: AwareDatetime


class StockShipped(Event):
    """`quantity` that were kept have left the shelf."""

    TYPE: ClassVar = "StockShipped.v1"
    sku: str
    reservation_id: str
    shipment_id: str
    quantity: int
    at: AwareDatetime


StockEvent = StockReceived | StockAdjusted | StockReserved | StockReleased | StockShipped


# --- reservation: a basket that is kept, whole


class ItemsReserved(Event):
    """Every line is kept, until `expires_at` unless the reservation is allocated before."""

    TYPE: ClassVar = "ItemsReserved.v1"
    reservation_id: str
    lines: tuple[Line, ...]
    expires_at: AwareDatetime
    at: AwareDatetime


class ReservationAllocated(Event):
    """The basket is sold: from now on the reservation does not expire."""

    TYPE: ClassVar = "ReservationAllocated.v1"
    at: AwareDatetime


class ReservationReleased(Event):
    """`lines` went back to stock. There are none if the reservation was never made: it cannot be made any more."""

    TYPE: ClassVar = "ReservationReleased.v1"
    reservation_id: str
    lines: tuple[Line, ...]
    reason: str
    at: AwareDatetime


class ItemsReleased(Event):
    """`lines` went back to stock, all of what was kept or a part: they are not going to be shipped."""

    TYPE: ClassVar = "ItemsReleased.v1"
    reservation_id: str
    release_id: str
    lines: tuple[Line, ...]
    at: AwareDatetime


class ReservationExpired(Event):
    """Nobody allocated the reservation in time: `lines` went back to stock."""

    TYPE: ClassVar = "ReservationExpired.v1"
    reservation_id: str
    lines: tuple[Line, ...]
    at: AwareDatetime


class ItemsShipped(Event):
    """One shipment left with `lines`, all of the reservation or a part."""

    TYPE: ClassVar = "ItemsShipped.v1"
    reservation_id: str
    shipment_id: str
    lines: tuple[Line, ...]
    at: AwareDatetime


ReservationEvent = (
    ItemsReserved | ReservationAllocated | ReservationReleased | ItemsReleased | ReservationExpired | ItemsShipped
)


# --- receipt: many products received at once


class ReceiptBooked(Event):
    """Every line was added to stock."""

    TYPE: ClassVar = "ReceiptBooked.v1"
    receipt_id: str
    lines: tuple[Line, ...]
    reason: str
    at: AwareDatetime


ReceiptEvent = ReceiptBooked
