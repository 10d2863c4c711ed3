"""The queries of customers over HTTP. Here personal data is opened, for this answer only."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

from pydantic import ConfigDict, Field, TypeAdapter

from functions.customers.manifest import CUSTOMER, NAME
from functions.customers.read_models import (
    AddressView,
    CustomerDocument,
    CustomerListed,
    CustomerPage,
    CustomerView,
    ErasureView,
)
from shared.eventsourcing.errors import NotFoundError
from shared.eventsourcing.event_store import StateCursor, StateDocument
from shared.eventsourcing.message import entity_of
from shared.eventsourcing.projection import Scalar
from shared.http.auth import OPERATORS, PEOPLE, Role
from shared.http.cursor import cursor_of, parse_cursor
from shared.http.query_api import MAX_LIMIT, Asked, CustomQuery, QueryWiring, StateQueryApi
from shared.http.requests import BoundedMoment, Parameters

_TIME: TypeAdapter[Scalar] = TypeAdapter(datetime)
_ADDRESSES = TypeAdapter(list[AddressView], config=ConfigDict(hide_input_in_errors=True))
"""An error is logged, and must not quote what was opened."""


async def view(customer: CustomerDocument, wiring: QueryWiring) -> CustomerView | None:
    """One request for the key, whatever the number of fields. None for one who has no profile, and is leaving."""
    if customer.status == "erased":
        raise _erased()
    if not customer.name:
        return None
    name, email, addresses = await wiring.personal.open_all([customer.name, customer.email, customer.addresses])
    if name is None or email is None or addresses is None:  # erased since the state was read
        raise _erased()
    return CustomerView(
        id=customer.customer_id,
        name=name,
        email=email,
        addresses=_ADDRESSES.validate_json(addresses),
        mail_preferences=customer.mail_preferences,
        changed_at=customer.changed_at,
    )


def _erased() -> NotFoundError:
    return NotFoundError("customer-erased", "this customer was erased, for ever")


CUSTOMER_QUERIES = StateQueryApi(
    service=NAME,
    category=CUSTOMER,
    entity="/customers/{customer_id}",
    state=CustomerDocument,
    returns=CustomerView,
    view=view,
    owner="customer_id",
    roles=PEOPLE | {Role.CUSTOMER},
)


class CustomerParameters(Parameters):
    """A page: at most `limit` customers, fewer where some have another `status`, from where the last page's `next`
    says. Who changed last comes last; who changes meanwhile comes again at the end, and nobody is left out. They
    changed last not before `since`, and before `until`.
    """

    status: Literal["known", "leaving", "erased"] | None = None
    since: BoundedMoment | None = None
    until: BoundedMoment | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


def _customers(wiring: QueryWiring) -> Callable[[Asked], Awaitable[CustomerPage]]:
    """From the states as they lie, one page of them for one page of the answer: the status leaves some out of it."""

    async def answer(asked: Asked) -> CustomerPage:
        wanted: CustomerParameters = asked.parameters
        page = await wiring.states.changed(CUSTOMER, after=_start(wanted), limit=wanted.limit)
        until = wanted.until
        there = [each for each in page if until is None or each.recorded_at < until]
        items = [listed for listed in map(_listed, there) if wanted.status in (None, listed.status)]
        more = len(there) == wanted.limit
        last = there[-1] if more else None
        return CustomerPage(items=items, next=cursor_of(last.recorded_at, entity_of(last.stream)) if last else None)

    return answer


def _start(wanted: CustomerParameters) -> StateCursor | None:
    if wanted.cursor:
        at, customer_id = parse_cursor(wanted.cursor, _TIME)
        return StateCursor(at, f"{CUSTOMER}-{customer_id}") if isinstance(at, datetime) else None
    return StateCursor(wanted.since.astimezone(UTC)) if wanted.since else None


def _listed(document: StateDocument) -> CustomerListed:
    state = CustomerDocument.model_validate_json(document.body)
    status = "known" if state.status == "absent" else state.status
    return CustomerListed(id=entity_of(document.stream), status=status, changed_at=document.recorded_at)


CUSTOMER_LIST = CustomQuery(
    service=NAME,
    path="/customers",
    answer=_customers,
    parameters=CustomerParameters,
    returns=CustomerPage,
    summary="The customers that there are, by when they changed last; without what is personal.",
    roles=PEOPLE,
)


def _erasure(wiring: QueryWiring) -> Callable[[Asked], Awaitable[ErasureView]]:
    """Of everybody, known or not: checkout and returns ask about customers who have no profile, too."""

    async def answer(asked: Asked) -> ErasureView:
        customer_id = asked.path["customer_id"]
        if customer_id != asked.principal.subject and not asked.principal.has(*OPERATORS):
            raise NotFoundError("not-found", "there is no such document")
        document = await wiring.states.get(f"{CUSTOMER}-{customer_id}")
        if document is None:
            return ErasureView(status="none")
        state = CustomerDocument.model_validate_json(document.body)
        match state.status:
            case "leaving":
                return ErasureView(status="requested", requested_at=state.leaving_since, waits_for=state.waits_for)
            case "erased":
                return ErasureView(status="erased", erased_at=state.erased_at)
            case _:
                return ErasureView(status="none")

    return answer


ERASURE_QUERY = CustomQuery(
    service=NAME,
    path="/customers/{customer_id}/erasure",
    answer=_erasure,
    returns=ErasureView,
    summary="Whether a customer's erasure was requested, what it waits for, or when it was carried out.",
    roles=OPERATORS | {Role.CUSTOMER},
    own=True,
)
