"""The commands of customers over HTTP. Here personal data is sealed: nothing behind this module sees it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import to_json

from functions.customers.commands import ChangeProfile, RequestErasure, SealedProfile
from functions.customers.decider import Customer, CustomerErasedError
from functions.customers.manifest import CUSTOMER, NAME
from shared.adapters.mail_address import MAX_CHARS, mailable
from shared.eventsourcing.errors import NotFoundError
from shared.eventsourcing.personal import SubjectErasedError
from shared.http.auth import PEOPLE, Principal, Role
from shared.http.command_api import Call, CommandApi, CommandEndpoint, NoBody
from shared.http.postal_address import PostalAddress
from shared.http.requests import PRINTABLE, Body, Line


def _as_written(address: str) -> str:
    """Customers read it as they wrote it; how it is mailed is for the mail to know."""
    mailable(address)
    return address


MAX_ADDRESSES = 20
MAX_PREFERENCES = 30
Email = Annotated[str, Field(max_length=MAX_CHARS, json_schema_extra={"format": "email"}), AfterValidator(_as_written)]
MailKind = Literal[
    "order_placed",
    "shipment_dispatched",
    "shipment_lost",
    "order_cancelled",
    "lines_cancelled",
    "payment_refunded",
    "payment_refund_failed",
    "return_approved",
    "return_refused",
    "return_failed",
]
"""As notifications call the mails that they send."""


class AddressBody(PostalAddress):
    """`label` is what the customer calls it. `country` (ISO 3166) says which of `postal_code`, `city` and `region` (the
    state or province) are needed.
    """

    label: Annotated[str, Field(min_length=1, max_length=50), PRINTABLE]


class ProfileBody(Body):
    """The whole profile: what is left out is empty. A kind of mail is sent unless its preference is false."""

    name: Line
    email: Email
    addresses: tuple[AddressBody, ...] = Field((), max_length=MAX_ADDRESSES, strict=False)
    mail_preferences: dict[MailKind, bool] = Field({}, max_length=MAX_PREFERENCES)


async def _change(body: ProfileBody, call: Call) -> ChangeProfile:
    _check_own(call)
    return ChangeProfile(
        customer_id=call.entity_id,
        profile=await _sealed(body, call),
        mail_preferences=body.mail_preferences,
        at=call.now,
    )


async def _sealed(body: ProfileBody, call: Call) -> SealedProfile:
    addresses = to_json([address.model_dump() for address in body.addresses]).decode()
    try:
        texts = await call.personal.seal_all(call.entity_id, [body.name, body.email, addresses])
    except SubjectErasedError as error:
        raise CustomerErasedError from error
    return SealedProfile(name=texts[0], email=texts[1], addresses=texts[2])


def _erase(_: Body, call: Call) -> RequestErasure:
    _check_own(call)
    return RequestErasure(customer_id=call.entity_id, by=call.principal.actor, at=call.now)


def _check_own(call: Call) -> None:
    """By the path and not by the state, which need not exist yet; and before anything is sealed in another's name."""
    if call.entity_id != call.principal.subject and not call.principal.has(*PEOPLE):
        raise NotFoundError("customer-not-found", "there is no such customer")


def checked_by_path(_principal: Principal, _customer: Customer) -> None:
    """Nothing is left to check: whose profile it is says its path."""


OWNER_AND_PEOPLE = PEOPLE | {Role.CUSTOMER}
CUSTOMER_COMMANDS = CommandApi[Customer](
    service=NAME,
    category=CUSTOMER,
    entity="/customers/{customer_id}",
    guard=checked_by_path,
    endpoints=(
        CommandEndpoint(
            method="PUT",
            path="/customers/{customer_id}",
            body=ProfileBody,
            build=_change,
            roles=OWNER_AND_PEOPLE,
            summary="Write the whole profile of a customer.",
        ),
        CommandEndpoint(
            method="POST",
            path="/customers/{customer_id}/erase",
            body=NoBody,
            build=_erase,
            roles=OWNER_AND_PEOPLE,
            summary="Erase a customer's personal data, everywhere and for ever, once nothing of theirs is under way.",
        ),
    ),
)
