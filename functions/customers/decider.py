"""The rules of a customer's profile, whose state is kept whole."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.customers.commands import (
    ChangeProfile,
    CustomerCommand,
    DeferErasure,
    EraseCustomer,
    RequestErasure,
    SealedProfile,
)
from functions.customers.events import (
    AddressesChanged,
    ContactChanged,
    CustomerErased,
    CustomerEvent,
    ErasureDeferred,
    ErasureRequested,
    UnderWay,
)
from functions.customers.manifest import CUSTOMER
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.personal import Sealed

# --- state


class Status(StrEnum):
    ABSENT = "absent"
    KNOWN = "known"
    LEAVING = "leaving"
    ERASED = "erased"


class Customer(BaseModel):
    """A profile as it is stored: personal fields sealed. One who is leaving asked to be erased, and waits for what is
    under way. Of an erased customer only the id is left, and since when and by whose request.
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
    leaving_since: AwareDatetime | None = None
    waits_for: tuple[UnderWay, ...] = ()
    erased_at: AwareDatetime | None = None
    erased_by: str = ""


# --- decide


class CustomerErasedError(DomainError):
    """Nothing can be written about them any more."""

    def __init__(self) -> None:
        super().__init__("customer-erased", "this customer was erased, for ever")


class CustomerLeavingError(DomainError):
    """Their erasure was asked for: the profile stays as it is until then."""

    def __init__(self) -> None:
        super().__init__(
            "customer-is-leaving", "the erasure of this customer was asked for: nothing is changed any more"
        )


def decide(command: CustomerCommand, customer: Customer) -> Sequence[CustomerEvent]:
    match command:
        case ChangeProfile(profile=profile):
            _check_stays(customer)
            return [*_contact(command, profile, customer), *_addresses(command, profile, customer)]
        case RequestErasure():
            asked_before = customer.status in {Status.LEAVING, Status.ERASED}
            return [] if asked_before else [ErasureRequested(**command.model_dump())]
        case DeferErasure():
            return [ErasureDeferred(**command.model_dump())] if customer.status is Status.LEAVING else []
        case EraseCustomer(customer_id=customer_id, at=at):
            leaving = customer.status is Status.LEAVING
            return [CustomerErased(customer_id=customer_id, by=customer.erased_by, at=at)] if leaving else []
        case _:
            assert_never(command)


def _check_stays(customer: Customer) -> None:
    if customer.status is Status.ERASED:
        raise CustomerErasedError
    if customer.status is Status.LEAVING:
        raise CustomerLeavingError


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
        case ErasureRequested():
            asked = {"customer_id": event.customer_id, "leaving_since": event.at, "erased_by": event.by}
            return customer.model_copy(update={**asked, "status": Status.LEAVING})
        case ErasureDeferred():
            return customer.model_copy(update={"waits_for": event.waits_for})
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
