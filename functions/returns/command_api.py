"""The commands of returns over HTTP."""

from pydantic import Field

from functions.returns.manifest import NAME, RETURN
from shared.eventsourcing.workflow.commands import Start
from shared.http.auth import PEOPLE, Role
from shared.http.command_api import Call, CommandEndpoint
from shared.http.problems import bad_field
from shared.http.requests import Body, Id, ReturnReason
from shared.http.workflow_api import workflow_commands

MAX_LINES = 500
"""As many as an order has."""
MAX_QUANTITY = 100_000


class LineBody(Body):
    sku: Id
    quantity: int = Field(ge=1, le=MAX_QUANTITY)


class ReturnBody(Body):
    """What of an order comes back. Customers return of their own orders, the shop's people of any."""

    order_id: Id
    lines: tuple[LineBody, ...] = Field(min_length=1, max_length=MAX_LINES)
    reason: ReturnReason


def _start(body: ReturnBody, call: Call) -> Start:
    if len({line.sku for line in body.lines}) < len(body.lines):
        raise bad_field("lines", "each product can have one line")
    data = {
        "return_id": call.entity_id,
        "order_id": body.order_id,
        "customer_id": None if call.principal.has(*PEOPLE) else call.principal.subject,
        "lines": [line.model_dump() for line in body.lines],
        "reason": body.reason,
    }
    return Start(workflow_id=call.entity_id, data=data, at=call.now)


RETURN_COMMANDS = workflow_commands(
    NAME,
    RETURN,
    "/returns/{return_id}",
    CommandEndpoint(
        method="POST",
        path="/returns",
        body=ReturnBody,
        build=_start,
        creates=True,
        roles=PEOPLE | {Role.CUSTOMER},
        summary="Take goods of an order back.",
    ),
)
