"""What other services may know of customers: pure maps from private events to published ones."""

from typing import ClassVar, assert_never

from pydantic import AwareDatetime, ConfigDict
from pydantic.config import JsonDict

from functions.customers import events
from functions.customers.events import CustomerEvent
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.personal import Sealed

EXAMPLE_CONTACT: JsonDict = {
    "customer_id": "900",
    "name": "sealed:v1:OTAw:5m0Vx2rYkqD1cJ8nQeK7h3uZtLw9sBfAaXyGvTiO4Rk",
    "email": "sealed:v1:OTAw:Qe7Zk1uVx0aBfM3nYtLw9sRkhJ5cGvTiO4D8rXy2pKqS",
    "mail_preferences": {"order_placed": True, "shipment_dispatched": False},
}
EXAMPLE_ERASURE: JsonDict = {"customer_id": "900", "erased_at": "2017-04-05T12:05:00Z"}


class ContactChanged(IntegrationEvent):
    """How a customer is called and reached from now on, and which mails they want: by kind, wanted unless it is false.
    `name` and `email` are sealed: whoever needs them opens them when they are needed, and stores them sealed.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CONTACT]})
    TYPE: ClassVar = "ContactChanged.v1"
    customer_id: str
    name: Sealed
    email: Sealed
    mail_preferences: dict[str, bool]


class CustomerErased(IntegrationEvent):
    """A customer was erased: nothing that was sealed for them can be opened any more, nor anything new be sealed. Their
    id, and what carries nothing but the id, stays.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ERASURE]})
    TYPE: ClassVar = "CustomerErased.v1"
    customer_id: str
    erased_at: AwareDatetime


def to_integration(event: CustomerEvent) -> ContactChanged | CustomerErased | None:
    match event:
        case events.ContactChanged():
            return ContactChanged(
                customer_id=event.customer_id,
                name=event.name,
                email=event.email,
                mail_preferences=event.mail_preferences,
            )
        case events.CustomerErased():
            return CustomerErased(customer_id=event.customer_id, erased_at=event.at)
        case events.AddressesChanged() | events.ErasureRequested() | events.ErasureDeferred():
            return None
        case _:
            assert_never(event)
