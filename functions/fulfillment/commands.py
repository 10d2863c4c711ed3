"""What can be asked of a shipment."""

from pydantic import AwareDatetime

from functions.fulfillment.events import ShipmentLine
from shared.eventsourcing.message import Command
from shared.eventsourcing.personal import Sealed


class OpenShipment(Command):
    """`split_from` is None for the first shipment of an order."""

    shipment_id: str
    order_id: str
    customer_id: str
    reservation_id: str
    shipping_address: Sealed
    lines: tuple[ShipmentLine, ...]
    split_from: str | None
    at: AwareDatetime


class SplitShipment(Command):
    """Take `lines` out, for the shipment `into`."""

    lines: tuple[ShipmentLine, ...]
    into: str
    at: AwareDatetime


class PickShipment(Command):
    at: AwareDatetime


class PackShipment(Command):
    at: AwareDatetime


class DispatchShipment(Command):
    carrier: str
    tracking: str
    at: AwareDatetime


class DeliverShipment(Command):
    at: AwareDatetime


class LoseShipment(Command):
    """The carrier cannot find it any more."""

    at: AwareDatetime


class StopLines(Command):
    """Take `lines` out: they are not to be sent. `ordered` is everything that the order holds, for a first shipment
    that is not open yet.
    """

    cancellation_id: str
    order_id: str
    lines: tuple[ShipmentLine, ...]
    ordered: tuple[ShipmentLine, ...]
    reason: str
    at: AwareDatetime


class HoldShipment(Command):
    """The order's payment is disputed."""

    dispute_id: str
    at: AwareDatetime


class ReleaseShipment(Command):
    """The dispute was won."""

    dispute_id: str
    at: AwareDatetime


ShipmentCommand = (
    OpenShipment
    | SplitShipment
    | PickShipment
    | PackShipment
    | DispatchShipment
    | DeliverShipment
    | LoseShipment
    | StopLines
    | HoldShipment
    | ReleaseShipment
)
