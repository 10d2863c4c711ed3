"""What can have happened to a shipment: the storage contract. A shape never changes under the same version."""

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.message import Event
from shared.eventsourcing.personal import Sealed


class ShipmentLine(BaseModel):
    """So many units of one product."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int


class ShipmentOpened(Event):
    """There is something to send. `split_from` is the shipment that these lines were part of before, if any."""

    TYPE: ClassVar = "ShipmentOpened.v1"
    shipment_id: str
    order_id: str
    customer_id: str
    reservation_id: str
    shipping_address: Sealed
    lines: tuple[ShipmentLine, ...]
    split_from: str | None
    at: AwareDatetime


class ShipmentForestalled(Event):
    """The order was cancelled before its shipment was opened: it never will be."""

    TYPE: ClassVar = "ShipmentForestalled.v1"
    order_id: str
    reason: str
    at: AwareDatetime


class LinesStopped(Event):
    """A cancellation took `lines` out, also before the shipment was opened: then they are left out when it is."""

    TYPE: ClassVar = "LinesStopped.v1"
    cancellation_id: str
    order_id: str
    lines: tuple[ShipmentLine, ...]
    at: AwareDatetime


class LinesLeftOut(Event):
    """The shipment was opened without these `lines` of its order: cancellations had stopped them before."""

    TYPE: ClassVar = "LinesLeftOut.v1"
    lines: tuple[ShipmentLine, ...]
    at: AwareDatetime


class ShipmentSplit(Event):
    """`lines` were taken out; they go by the shipment `into`."""

    TYPE: ClassVar = "ShipmentSplit.v1"
    lines: tuple[ShipmentLine, ...]
    into: str
    at: AwareDatetime


class ShipmentPicked(Event):
    """Everything was taken from the shelves."""

    TYPE: ClassVar = "ShipmentPicked.v1"
    at: AwareDatetime


class ShipmentPacked(Event):
    TYPE: ClassVar = "ShipmentPacked.v1"
    at: AwareDatetime


class ShipmentHeld(Event):
    """The order's payment is disputed: nothing is handed to a carrier before that is over. It may be told of before
    the shipment is opened.
    """

    TYPE: ClassVar = "ShipmentHeld.v1"
    dispute_id: str
    at: AwareDatetime


class ShipmentReleased(Event):
    """The dispute was won. It may be told of before the dispute itself, which then holds nothing."""

    TYPE: ClassVar = "ShipmentReleased.v1"
    dispute_id: str
    at: AwareDatetime


class ShipmentDispatched(Event):
    """The carrier has it. Complete in itself, so that what is published from it needs no look at earlier events."""

    TYPE: ClassVar = "ShipmentDispatched.v1"
    shipment_id: str
    order_id: str
    customer_id: str
    reservation_id: str
    lines: tuple[ShipmentLine, ...]
    carrier: str
    tracking: str
    at: AwareDatetime


class ShipmentDelivered(Event):
    """Complete in itself, as above."""

    TYPE: ClassVar = "ShipmentDelivered.v1"
    shipment_id: str
    order_id: str
    customer_id: str
    lines: tuple[ShipmentLine, ...]
    at: AwareDatetime


class ShipmentLost(Event):
    """The carrier cannot find it. If it turns up, it may still be delivered. Complete in itself, as above."""

    TYPE: ClassVar = "ShipmentLost.v1"
    shipment_id: str
    order_id: str
    customer_id: str
    lines: tuple[ShipmentLine, ...]
    at: AwareDatetime


class ShipmentCancelled(Event):
    """It will not be sent: everything in it was stopped."""

    TYPE: ClassVar = "ShipmentCancelled.v1"
    shipment_id: str
    order_id: str
    reason: str
    at: AwareDatetime


ShipmentEvent = (
    ShipmentOpened
    | ShipmentForestalled
    | LinesStopped
    | LinesLeftOut
    | ShipmentSplit
    | ShipmentPicked
    | ShipmentPacked
    | ShipmentHeld
    | ShipmentReleased
    | ShipmentDispatched
    | ShipmentDelivered
    | ShipmentLost
    | ShipmentCancelled
)
