"""The state of a shipment: what its commands need to know."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.eventsourcing.ids import derived_id
from shared.eventsourcing.personal import Sealed

MAX_SHIPMENTS = 10
"""Of one order."""


class Status(StrEnum):
    ABSENT = "absent"
    FORESTALLED = "forestalled"
    OPEN = "open"
    PICKED = "picked"
    PACKED = "packed"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    LOST = "lost"
    CANCELLED = "cancelled"


HERE = frozenset({Status.OPEN, Status.PICKED, Status.PACKED})
GONE = frozenset({Status.DISPATCHED, Status.DELIVERED, Status.LOST})
"""The carrier has these, or had them."""


class Shipment(BaseModel):
    """A shipment as its commands need to know it: `lines` are quantities by product; `disputes` hold it (True), or were
    won (False). `stopped` are the quantities that each cancellation took out, also before the shipment was opened.
    """

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    shipment_id: str = ""
    order_id: str = ""
    customer_id: str = ""
    reservation_id: str = ""
    shipping_address: Sealed = ""
    lines: dict[str, int] = {}
    carrier: str = ""
    tracking: str = ""
    disputes: dict[str, bool] = {}
    stopped: dict[str, dict[str, int]] = {}

    @property
    def held_by(self) -> tuple[str, ...]:
        """Disputes of its payment that were not won."""
        return tuple(dispute_id for dispute_id, holds in self.disputes.items() if holds)

    def to_send(self, ordered: Mapping[str, int]) -> dict[str, int]:
        """What is still here, by product. Of a first shipment that is not open yet: what was `ordered` and not stopped
        already.
        """
        if self.status is Status.ABSENT:
            return less(ordered, *self.stopped.values())
        return self.lines if self.status in HERE else {}


def is_closed(shipment: Shipment) -> bool:
    """It has arrived, is lost, or will never leave."""
    return shipment.status in {Status.DELIVERED, Status.LOST, Status.CANCELLED, Status.FORESTALLED}


def shipment_id(order_id: str, number: int) -> str:
    """The `number`-th shipment of an order, from 1."""
    return derived_id(f"{order_id}-{number}")


def less(quantities: Mapping[str, int], *taken: Mapping[str, int]) -> dict[str, int]:
    """What is left by product, without those of which nothing is."""
    left = {sku: quantity - sum(each.get(sku, 0) for each in taken) for sku, quantity in quantities.items()}
    return {sku: quantity for sku, quantity in left.items() if quantity > 0}
