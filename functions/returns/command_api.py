"""The commands of returns over HTTP."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import Field

from functions.returns.manifest import APPROVAL, DAYS, NAME, RECEPTION, RETURN
from functions.returns.plans import Asked, return_targets
from shared.config import variable
from shared.eventsourcing.errors import NotFoundError
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.workflow.commands import Decide, Decline
from shared.eventsourcing.workflow.state import Saga, Status
from shared.http.auth import PEOPLE, Principal, Role
from shared.http.command_api import Call, CommandApi, CommandEndpoint, JointEndpoint, open_to_its_roles
from shared.http.leaving import check_stays
from shared.http.problems import bad_field
from shared.http.requests import Body, Id, Moment, RefusalReason, ReturnReason
from shared.http.workflow_api import workflow_commands

MAX_LINES = 500
"""As many as an order has."""
MAX_QUANTITY = 100_000
CUSTOMERS = frozenset({Role.CUSTOMER})
ENTITY = "/returns/{return_id}"


class LineBody(Body):
    sku: Id
    quantity: int = Field(ge=1, le=MAX_QUANTITY)


class ReturnBody(Body):
    """What of an order is to come back. Customers return of their own orders, the shop's people of any. `at` is the
    business time, for the shop's people.
    """

    order_id: Id
    lines: tuple[LineBody, ...] = Field(min_length=1, max_length=MAX_LINES)
    reason: ReturnReason
    at: Moment | None = None


class RefusalBody(Body):
    reason: RefusalReason


class ReceivedLineBody(Body):
    """How the pieces of one line arrived: as sold, damaged, or not at all."""

    sku: Id
    sound: int = Field(ge=0, le=MAX_QUANTITY)
    damaged: int = Field(ge=0, le=MAX_QUANTITY)
    missing: int = Field(ge=0, le=MAX_QUANTITY)


class ReceptionBody(Body):
    """Every line of the return once, and every piece of it."""

    lines: tuple[ReceivedLineBody, ...] = Field(min_length=1, max_length=MAX_LINES)


async def _start_return(body: ReturnBody, call: Call, read: Read) -> Sequence[Target]:
    """Staff return also for a customer who is leaving."""
    call.reserve(*PEOPLE, at=body.at)
    if not call.principal.has(*PEOPLE):
        await check_stays(call.services, call.principal.subject)
    delivered_since = call.at(body.at) - timedelta(days=int(variable(DAYS, "30")))
    asked = Asked(
        order_id=body.order_id,
        customer_id=None if call.principal.has(*PEOPLE) else call.principal.subject,
        data={
            "lines": _lines(body.lines),
            "return_reason": body.reason,
            "delivered_since": delivered_since.isoformat(),
        },
        at=call.now,
    )
    return await return_targets(asked, read)


def _lines(lines: tuple[LineBody, ...] | tuple[ReceivedLineBody, ...]) -> list[dict[str, Any]]:
    """In one order, so that the same said in another one is the same."""
    if len({line.sku for line in lines}) < len(lines):
        raise bad_field("lines", "each product can have one line")
    return sorted((line.model_dump() for line in lines), key=lambda line: str(line["sku"]))


def _approve(_: Body, call: Call) -> Decide:
    return Decide(step=APPROVAL, decision={}, actor=call.principal.actor, at=call.now)


def _receive(body: ReceptionBody, call: Call) -> Decide:
    decision = {"lines": _lines(body.lines)}
    return Decide(step=RECEPTION, decision=decision, actor=call.principal.actor, at=call.now)


def _refuse(body: RefusalBody, call: Call) -> Decline:
    return Decline(code="refused", actor=call.principal.actor, reason=body.reason, at=call.now)


def _withdraw(_: Body, call: Call) -> Decline:
    return Decline(code="withdrawn", actor=call.principal.actor, reason="changed-mind", at=call.now)


def may_touch(principal: Principal, saga: Saga) -> None:
    """Customers touch their own returns; of others they do not learn that they exist."""
    if principal.has(*PEOPLE) or saga.status is Status.ABSENT:
        return
    if saga.data["customer_id"] != principal.subject:
        raise NotFoundError("return-not-found", "there is no such return")


RETURN_STARTS = CommandApi[Saga](
    service=NAME,
    category=RETURN,
    entity=ENTITY,
    guard=open_to_its_roles,
    endpoints=(
        JointEndpoint(
            method="POST",
            path="/returns",
            body=ReturnBody,
            plan=_start_return,
            creates=True,
            roles=PEOPLE | CUSTOMERS,
            summary="Ask to give goods of an order back. Neither money nor goods move before they are here.",
        ),
    ),
)
"""By themselves: whose order it is, the workflow finds out."""
RETURN_COMMANDS = workflow_commands(
    NAME,
    RETURN,
    ENTITY,
    CommandEndpoint(
        method="POST",
        path="/returns/{return_id}/approve",
        build=_approve,
        roles=PEOPLE,
        summary="The customer may send the goods.",
    ),
    CommandEndpoint(
        method="POST",
        path="/returns/{return_id}/refuse",
        body=RefusalBody,
        build=_refuse,
        roles=PEOPLE,
        summary="The goods are not taken back, or they never came: until they are received.",
    ),
    CommandEndpoint(
        method="POST",
        path="/returns/{return_id}/receive",
        body=ReceptionBody,
        build=_receive,
        roles=PEOPLE,
        summary="The goods are here: what arrived is refunded, what is sound goes to the stock.",
    ),
    CommandEndpoint(
        method="POST",
        path="/returns/{return_id}/withdraw",
        build=_withdraw,
        roles=CUSTOMERS,
        summary="The customer keeps the goods: until they are received.",
    ),
    guard=may_touch,
)
