"""The rules of a customer's profile, whose state is kept whole."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.customers.commands import ChangeProfile, CustomerCommand, EraseCustomer, SealedProfile
from functions.customers.events import AddressesChanged, ContactChanged, CustomerErased, CustomerEvent
from functions.customers.manifest import CUSTOMER
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.personal import Sealed

# --- state


class Status(StrEnum):
    ABSENT = "absent"
    KNOWN = "known"
    ERASED = "erased"


class Customer(BaseModel):
    """A profile as it is stored: personal fields sealed. Of an erased customer only the id is left, and since when and
    by whose request.
    """

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    customer_id: str = ""
    name: Sealed = ""
    name_fingerprint: str = ""
    email: Sealed = ""
    email_fingerprint: str = ""
    addresses: Sealed = ""
    addresses_fingerprint: str = ""
    mail_preferences: dict[str, bool] = {}
    changed_at: AwareDatetime | None = None
    erased_at: AwareDatetime | None = None
    erased_by: str = ""


# --- decide


class CustomerErasedError(DomainError):
    """Nothing can be written about them any more."""

    def __init__(self) -> None:
        super().__init__("customer-erased", "this customer was erased, for ever")


def decide(command: CustomerCommand, customer: Customer) -> Sequence[CustomerEvent]:
    match command:
        case ChangeProfile(profile=profile):
            if customer.status is Status.ERASED:
                raise CustomerErasedError
            return [*_contact(command, profile, customer), *_addresses(command, profile, customer)]
        case EraseCustomer():
            return [] if customer.status is Status.ERASED else [CustomerErased(**command.model_dump())]
        case _:
            assert_never(command)


def _contact(command: ChangeProfile, profile: SealedProfile, customer: Customer) -> Sequence[ContactChanged]:
    """Sealed texts differ each time, also those of the same text: what tells is their fingerprints."""
    known = (customer.name_fingerprint, customer.email_fingerprint, customer.mail_preferences)
    if (profile.name.fingerprint, profile.email.fingerprint, command.mail_preferences) == known:
        return []
    return [
        ContactChanged(
            customer_id=command.customer_id,
            name=profile.name.sealed,
            name_fingerprint=profile.name.fingerprint,
            email=profile.email.sealed,
            email_fingerprint=profile.email.fingerprint,
            mail_preferences=command.mail_preferences,
            at=command.at,
        )
    ]


def _addresses(command: ChangeProfile, profile: SealedProfile, customer: Customer) -> Sequence[AddressesChanged]:
    if profile.addresses.fingerprint == customer.addresses_fingerprint:
        return []
    return [
        AddressesChanged(
            customer_id=command.customer_id,
            addresses=profile.addresses.sealed,
            addresses_fingerprint=profile.addresses.fingerprint,
            at=command.at,
        )
    ]


# --- evolve


def evolve(customer: Customer, event: CustomerEvent) -> Customer:
    match event:
        case ContactChanged() | AddressesChanged():
            changed = {**event.model_dump(exclude={"at"}), "status": Status.KNOWN, "changed_at": event.at}
            return customer.model_copy(update=changed)
        case CustomerErased():
            return Customer(status=Status.ERASED, customer_id=event.customer_id, erased_at=event.at, erased_by=event.by)
        case _:
            assert_never(event)


CUSTOMERS = Decider[CustomerCommand, CustomerEvent, Customer](
    category=CUSTOMER,
    decide=decide,
    evolve=evolve,
    initial_state=Customer,
    state_type=Customer,
    codec=Codec[CustomerEvent](CustomerEvent),
    keeps_state=True,
)
