"""The documents that the inventory's queries return."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class AvailabilityView(BaseModel):
    """One product's stock: `available` is what lies on the shelf (`on_hand`) and is kept for nobody (`reserved`)."""

    model_config = ConfigDict(extra="forbid")
    id: str
    status: Literal["available", "sold-out"]
    on_hand: int
    reserved: int
    available: int
    changed_at: AwareDatetime


class ReservedLineView(BaseModel):
    """`quantity` as reserved; `shipped` of them have left, `released` went back to stock."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    shipped: int
    released: int = 0


class ReservationView(BaseModel):
    """A reservation. One that was released before it was made has no lines and never expires."""

    model_config = ConfigDict(extra="forbid")
    id: str
    status: Literal["reserved", "allocated", "released", "expired", "shipped"]
    lines: list[ReservedLineView]
    shipments: list[str]
    expires_at: AwareDatetime | None
    reason: str | None
    changed_at: AwareDatetime
