"""The query of customers over HTTP. Here personal data is opened, for this answer only."""

from pydantic import ConfigDict, TypeAdapter

from functions.customers.manifest import CUSTOMER, NAME
from functions.customers.read_models import AddressView, CustomerDocument, CustomerView
from shared.eventsourcing.errors import NotFoundError
from shared.http.auth import PEOPLE, Role
from shared.http.query_api import QueryWiring, StateQueryApi

_ADDRESSES = TypeAdapter(list[AddressView], config=ConfigDict(hide_input_in_errors=True))
"""An error is logged, and must not quote what was opened."""


async def view(customer: CustomerDocument, wiring: QueryWiring) -> CustomerView:
    """One request for the key, whatever the number of fields."""
    if customer.status == "erased":
        raise _erased()
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
