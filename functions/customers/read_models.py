"""The document that the queries return, and the stored one that it is made from."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.personal import Sealed


class UnderWayView(BaseModel):
    """One order, return or checkout that is not over."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["order", "return", "checkout"]
    id: str


class CustomerDocument(BaseModel):
    """A customer's stored state, as far as the queries read it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    status: Literal["absent", "known", "leaving", "erased"]
    customer_id: str
    name: Sealed
    email: Sealed
    addresses: Sealed
    mail_preferences: dict[str, bool]
    changed_at: AwareDatetime | None
    leaving_since: AwareDatetime | None = None
    waits_for: list[UnderWayView] = []
    erased_at: AwareDatetime | None = None


class ErasureView(BaseModel):
    """An erasure is carried out a while after it was requested, once nothing is under way any more. `waits_for` is what
    the last look found; before the first one it is empty.
    """

    model_config = ConfigDict(extra="forbid")
    status: Literal["none", "requested", "erased"]
    requested_at: AwareDatetime | None = None
    waits_for: list[UnderWayView] = []
    erased_at: AwareDatetime | None = None


class CustomerListed(BaseModel):
    """A customer as a list shows them: nothing that would have to be opened for it."""

    model_config = ConfigDict(extra="forbid")
    id: str
    status: Literal["known", "leaving", "erased"]
    changed_at: AwareDatetime


class CustomerPage(BaseModel):
    """`next` is the cursor of the page behind this one; null on the last page."""

    model_config = ConfigDict(extra="forbid")
    items: list[CustomerListed]
    next: str | None


class AddressView(BaseModel):
    """As its owner stated it; what was not stated is empty, and so is what came to be later than it was
    sealed. `country` is ISO 3166's two letters.
    """

    model_config = ConfigDict(extra="forbid")
    label: str
    lines: list[str]
    city: str
    region: str = ""
    postal_code: str
    country: str
    phone: str = ""


class CustomerView(BaseModel):
    """A profile, opened for its owner or an operator: never stored. A kind of mail is sent unless its preference is
    false.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    name: str
    email: str
    addresses: list[AddressView]
    mail_preferences: dict[str, bool]
    changed_at: AwareDatetime | None
