"""The states of stock, reservations and receipts: what their commands need to know."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Stock(BaseModel):
    """One product's stock. A product that nobody ever received has none."""

    model_config = ConfigDict(frozen=True)
    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        """What anybody may still reserve: never below zero."""
        return self.on_hand - self.reserved


class Status(StrEnum):
    ABSENT = "absent"
    RESERVED = "reserved"
    ALLOCATED = "allocated"
    RELEASED = "released"
    EXPIRED = "expired"
    SHIPPED = "shipped"


class Reservation(BaseModel):
    """A basket that is kept: `lines` as reserved, `kept` what of them was neither shipped nor given back."""

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    reservation_id: str = ""
    lines: dict[str, int] = {}
    kept: dict[str, int] = {}
    shipments: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    expires_at: AwareDatetime | None = None


class Receipt(BaseModel):
    """Whether it was booked, and with what: no line at all before."""

    model_config = ConfigDict(frozen=True)
    lines: dict[str, int] = {}
