"""What every service that is a workflow offers over HTTP: its start is its own, the rest is the same for all."""

from collections.abc import Callable
from typing import TypeVar

from shared.eventsourcing.projection import Projection
from shared.eventsourcing.workflow.commands import ForceCompensate, Retry
from shared.eventsourcing.workflow.events import WorkflowEvent
from shared.eventsourcing.workflow.projection import WorkflowView
from shared.eventsourcing.workflow.state import Saga
from shared.http.auth import NOBODY, OPERATORS, PEOPLE, Principal, Role
from shared.http.command_api import Call, CommandApi, CommandEndpoint, Endpoint, open_to_its_roles
from shared.http.query_api import QueryApi
from shared.http.requests import Body, ShopReason

V = TypeVar("V", bound=WorkflowView)


class OperatorBody(Body):
    """What an operator does to a workflow is kept with their name, and why they did it."""

    reason: ShopReason


def _retry(body: OperatorBody, call: Call) -> Retry:
    return Retry(actor=call.principal.actor, reason=body.reason, at=call.now)


def _force(body: OperatorBody, call: Call) -> ForceCompensate:
    return ForceCompensate(actor=call.principal.actor, reason=body.reason, at=call.now)


def workflow_commands(
    service: str,
    category: str,
    entity: str,
    *endpoints: Endpoint,
    guard: Callable[[Principal, Saga], None] = open_to_its_roles,
) -> CommandApi[Saga]:
    """One of the `endpoints` builds or plans a `Start`, others what people decide; operators retry what is stuck and
    turn back what has not come to its pivot.
    """
    return CommandApi[Saga](
        service=service,
        category=category,
        entity=entity,
        guard=guard,
        endpoints=(
            *endpoints,
            CommandEndpoint(
                method="POST",
                path=f"{entity}/retry",
                body=OperatorBody,
                build=_retry,
                roles=PEOPLE,
                summary="Go on with what is stuck or waits, at once and with all its attempts.",
            ),
            CommandEndpoint(
                method="POST",
                path=f"{entity}/force-compensate",
                body=OperatorBody,
                build=_force,
                roles=PEOPLE,
                summary="Turn back: undo all that was done. Refused from the pivot on.",
            ),
        ),
    )


def workflow_queries(
    service: str, projection: Projection[WorkflowEvent, V], entity: str, *, begun_by: frozenset[Role] = NOBODY
) -> QueryApi[WorkflowEvent, V]:
    """One workflow with its timeline; a customer's own, of any status; for people of the shop those of a status
    (`?status=stuck`), of a customer, or both, in lists also for services; for the roles `begun_by` those that they
    started themselves.
    """
    return QueryApi[WorkflowEvent, V](
        service=service,
        projection=projection,
        entity=entity,
        collection=entity.rpartition("/")[0],
        seen_by=PEOPLE,
        listed_by=OPERATORS,
        begun_by=begun_by,
        owner="customer_id",
        filters=("customer_id", "status"),
        required_one_of=("customer_id", "status"),
        order_by="started_at",
    )
