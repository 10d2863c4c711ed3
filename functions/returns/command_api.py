"""The commands of returns over HTTP."""

from datetime import timedelta
from typing import Any

from pydantic import Field

from functions.returns.effect import check_stays
from functions.returns.manifest import APPROVAL, DAYS, NAME, RECEPTION, RETURN
from shared.config import variable
from shared.eventsourcing.errors import NotFoundError
from shared.eventsourcing.workflow.commands import Decide, Decline, Start
from shared.eventsourcing.workflow.state import Saga, Status
from shared.http.auth import PEOPLE, Principal, Role
from shared.http.command_api import Call, CommandEndpoint
from shared.http.problems import bad_field
from shared.http.requests import Body, Id, Moment, RefusalReason, ReturnReason
from shared.http.workflow_api import workflow_commands

MAX_LINES = 500
"""As many as an order has."""
MAX_QUANTITY = 100_000
CUSTOMERS = frozenset({Role.CUSTOMER})


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


async def _start(body: ReturnBody, call: Call) -> Start:
    """Staff return also for a customer who is leaving."""
    call.reserve(*PEOPLE, at=body.at)
    if not call.principal.has(*PEOPLE):
        await check_stays(call.services, call.principal.subject)
    delivered_since = call.at(body.at) - timedelta(days=int(variable(DAYS, "30")))
    data = {
        "return_id": call.entity_id,
        "order_id": body.order_id,
        "customer_id": None if call.principal.has(*PEOPLE) else call.principal.subject,
        "lines": _lines(body.lines),
        "return_reason": body.reason,
        "delivered_since": delivered_since.isoformat(),
    }
    return Start(workflow_id=call.entity_id, data=data, at=call.now)


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
        roles=PEOPLE | CUSTOMERS,
        summary="Ask to give goods of an order back. Neither money nor goods move before they are here.",
    ),
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
