"""What can have happened to a customer: the storage contract. A shape never changes under the same version.

Personal fields are sealed texts. A fingerprint beside one is keyed like its text: it tells whether the text changed,
and nothing at all once the customer is erased.
"""

from typing import ClassVar

from pydantic import AwareDatetime

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


class CustomerErased(Event):
    """From now on nothing of this person is known but their id; `by` names who asked for it."""

    TYPE: ClassVar = "CustomerErased.v1"
    customer_id: str
    by: str
    at: AwareDatetime


CustomerEvent = ContactChanged | AddressesChanged | CustomerErased
