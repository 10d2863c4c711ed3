"""The documents that the fulfillment service's queries return."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class ShipmentLineView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int


class ShipmentView(BaseModel):
    """A shipment. `split_into` are the shipments by which lines of this one go instead; `held_by` are disputes of its
    payment: it is not dispatched before they are won. `stopped` is what cancellations took out of it, also before it
    was opened.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    order_id: str
    customer_id: str
    reservation_id: str
    status: Literal["open", "picked", "packed", "dispatched", "delivered", "lost", "cancelled"]
    lines: list[ShipmentLineView]
    stopped: list[ShipmentLineView] = []
    split_from: str | None
    split_into: list[str] = []
    held_by: list[str] = []
    carrier: str | None = None
    tracking: str | None = None
    opened_at: AwareDatetime
    changed_at: AwareDatetime
    dispatched_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None


class LabelView(BaseModel):
    """What is printed on the parcel. `address` is what was sealed at the checkout, opened for this answer only."""

    model_config = ConfigDict(extra="forbid")
    shipment_id: str
    order_id: str
    address: str
    carrier: str | None
    tracking: str | None


class StopView(BaseModel):
    """What a cancellation kept from being sent: nothing, if there was no such cancellation."""

    model_config = ConfigDict(extra="forbid")
    order_id: str
    cancellation_id: str
    lines: list[ShipmentLineView]
