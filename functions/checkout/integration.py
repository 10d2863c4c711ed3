"""What other services may know of checkouts: pure maps from private events to published ones."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import AwareDatetime, ConfigDict, TypeAdapter
from pydantic.config import JsonDict

from functions.checkout.events import AttemptEvent
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.events import WorkflowCompleted, WorkflowEvent, WorkflowFailed

EXAMPLE_COMPLETED: JsonDict = {
    "checkout_id": "7d3f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "order_id": "7d3f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "customer_id": "900",
    "total": {"amount": 1299, "currency": "USD"},
    "completed_at": "2017-03-06T12:05:00Z",
}
EXAMPLE_FAILED: JsonDict = {
    "checkout_id": "7d3f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "customer_id": "900",
    "step": "authorize_payment",
    "code": "card-declined",
    "failed_at": "2017-03-06T12:05:00Z",
}
_MOMENT = TypeAdapter(datetime)


class CheckoutCompleted(IntegrationEvent):
    """A cart became an order: paid, its goods allocated."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_COMPLETED]})
    TYPE: ClassVar = "CheckoutCompleted.v1"
    checkout_id: str
    order_id: str
    customer_id: str
    total: Money
    completed_at: AwareDatetime


class CheckoutFailed(IntegrationEvent):
    """A checkout came to nothing, and nothing is left of it: `step` is where it turned back, `code` why."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_FAILED]})
    TYPE: ClassVar = "CheckoutFailed.v1"
    checkout_id: str
    customer_id: str
    step: str
    code: str
    failed_at: AwareDatetime


def to_integration(event: WorkflowEvent) -> CheckoutCompleted | CheckoutFailed | None:
    match event:
        case WorkflowCompleted(result=result):
            return CheckoutCompleted(
                checkout_id=result["checkout_id"],
                order_id=result["order_id"],
                customer_id=result["customer_id"],
                total=Money(**result["total"]),
                completed_at=_business_time(result, event.at),
            )
        case WorkflowFailed(result=result):
            return CheckoutFailed(
                checkout_id=result["checkout_id"],
                customer_id=result["customer_id"],
                step=event.step,
                code=event.code,
                failed_at=_business_time(result, event.at),
            )
        case _:
            return None


def keep_private(_: AttemptEvent) -> None:
    """How often somebody tried is nobody else's business."""


def _business_time(result: dict[str, Any], at: datetime) -> datetime:
    """As a till stated it; else the time at which it ended."""
    return _MOMENT.validate_python(result["at"]) if result["at"] else at
