"""Whether a customer is leaving: asked of the customers service while who calls a command waits."""

from urllib.parse import quote

from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.workflow.calls import Caller, Request, answer_of


async def check_stays(services: Caller, customer_id: str) -> None:
    """DomainError if the customer's erasure was requested: it waits for what was begun before, and for nothing else."""
    path = f"/customers/{quote(customer_id, safe='')}/erasure"
    request = Request(service="customers", method="GET", path=path)
    if answer_of(request, await services.call(request))["status"] != "none":
        raise DomainError("customer-is-leaving", "the erasure of this customer was requested: nothing new is begun")
