"""What can have happened to a customer: the storage contract. A shape never changes under the same version.

Personal fields are sealed texts. A fingerprint beside one is keyed like its text: it tells whether the text changed,
and nothing at all once the customer is erased.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.message import Event
from shared.eventsourcing.personal import Sealed


class ContactChanged(Event):
    """How the customer is called and reached from now on, and which mails they want: by kind, wanted unless false.
    Complete, so that what is published from it needs no look at earlier events.
    """

    TYPE: ClassVar = "ContactChanged.v1"
    customer_id: str
    name: Sealed
    name_fingerprint: str
    email: Sealed
    email_fingerprint: str
    mail_preferences: dict[str, bool]
    at: AwareDatetime


class AddressesChanged(Event):
    """All addresses of the customer, sealed together: a JSON list, as `command_api` writes it."""

    TYPE: ClassVar = "AddressesChanged.v1"
    customer_id: str
    addresses: Sealed
    addresses_fingerprint: str
    at: AwareDatetime


class ErasureRequested(Event):
    """From now on the profile stays as it is, and the customer begins no checkout and no return. `by` names who asked
    for it.
    """

    TYPE: ClassVar = "ErasureRequested.v1"
    customer_id: str
    by: str
    at: AwareDatetime


class UnderWay(BaseModel):
    """One order, return or checkout that is not over."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["order", "return", "checkout"]
    id: str


class ErasureDeferred(Event):
    """The erasure was due, and waits for the end of what is under way. Each look that finds something is recorded: the
    walk over the feed comes by again because of this commit.
    """

    TYPE: ClassVar = "ErasureDeferred.v1"
    waits_for: tuple[UnderWay, ...]
    at: AwareDatetime


class CustomerErased(Event):
    """From now on nothing of this person is known but their id; `by` names who asked for it."""

    TYPE: ClassVar = "CustomerErased.v1"
    customer_id: str
    by: str
    at: AwareDatetime


CustomerEvent = ContactChanged | AddressesChanged | ErasureRequested | ErasureDeferred | CustomerErased
