"""What other services may know of returns: pure maps from private events to published ones."""

from typing import ClassVar

from pydantic import AwareDatetime, ConfigDict
from pydantic.config import JsonDict

from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.events import WorkflowCompleted, WorkflowEvent, WorkflowFailed

EXAMPLE_COMPLETED: JsonDict = {
    "return_id": "9a1f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "order_id": "7d3f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "customer_id": "900",
    "refund": {"amount": 399, "currency": "USD"},
    "completed_at": "2017-03-20T12:05:00Z",
}
EXAMPLE_FAILED: JsonDict = {
    "return_id": "9a1f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "order_id": "7d3f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "customer_id": "900",
    "step": "open_return",
    "code": "not-returnable",
    "failed_at": "2017-03-20T12:05:00Z",
}


class ReturnCompleted(IntegrationEvent):
    """Goods came back: refunded, and in stock again."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_COMPLETED]})
    TYPE: ClassVar = "ReturnCompleted.v1"
    return_id: str
    order_id: str
    customer_id: str
    refund: Money
    completed_at: AwareDatetime


class ReturnFailed(IntegrationEvent):
    """A return came to nothing: `step` is where it turned back, `code` why. Nobody knows whose order it was if there
    is no such order.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_FAILED]})
    TYPE: ClassVar = "ReturnFailed.v1"
    return_id: str
    order_id: str
    customer_id: str | None
    step: str
    code: str
    failed_at: AwareDatetime


def to_integration(event: WorkflowEvent) -> ReturnCompleted | ReturnFailed | None:
    match event:
        case WorkflowCompleted(result=result):
            return ReturnCompleted(
                return_id=result["return_id"],
                order_id=result["order_id"],
                customer_id=result["customer_id"],
                refund=Money(**result["refund"]),
                completed_at=event.at,
            )
        case WorkflowFailed(result=result):
            return ReturnFailed(
                return_id=result["return_id"],
                order_id=result["order_id"],
                customer_id=result["customer_id"],
                step=event.step,
                code=event.code,
                failed_at=event.at,
            )
        case _:
            return None
