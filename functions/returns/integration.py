"""What other services may know of returns: pure maps from private events to published ones."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.config import JsonDict

from functions.returns.manifest import APPROVAL
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.events import (
    DecisionMade,
    DeclineCarriedOut,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowFailed,
)

_RETURN: JsonDict = {
    "return_id": "9a1f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "order_id": "7d3f0a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "customer_id": "900",
}
_LINES: JsonDict = {"lines": [{"sku": "1095275", "quantity": 1}]}
EXAMPLE_APPROVED: JsonDict = {**_RETURN, **_LINES, "approved_at": "2017-03-14T09:00:00Z"}
EXAMPLE_REFUSED: JsonDict = {**_RETURN, **_LINES, "reason": "used", "refused_at": "2017-03-14T09:00:00Z"}
EXAMPLE_WITHDRAWN: JsonDict = {**_RETURN, "withdrawn_at": "2017-03-14T09:00:00Z"}
EXAMPLE_COMPLETED: JsonDict = {
    **_RETURN,
    "refund": {"amount": 399, "currency": "USD"},
    "completed_at": "2017-03-20T12:05:00Z",
}
EXAMPLE_FAILED: JsonDict = {
    **_RETURN,
    "step": "open_return",
    "code": "not-returnable",
    "failed_at": "2017-03-20T12:05:00Z",
}


class ReturningLine(BaseModel):
    """So many of one product."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int


class ReturnApproved(IntegrationEvent):
    """The customer may send these goods."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_APPROVED]})
    TYPE: ClassVar = "ReturnApproved.v1"
    return_id: str
    order_id: str
    customer_id: str
    lines: tuple[ReturningLine, ...]
    approved_at: AwareDatetime


class ReturnRefused(IntegrationEvent):
    """The shop does not take these goods back, or they never came. `reason` is a word of a closed list."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_REFUSED]})
    TYPE: ClassVar = "ReturnRefused.v1"
    return_id: str
    order_id: str
    customer_id: str
    lines: tuple[ReturningLine, ...]
    reason: str
    refused_at: AwareDatetime


class ReturnWithdrawn(IntegrationEvent):
    """The customer keeps the goods."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_WITHDRAWN]})
    TYPE: ClassVar = "ReturnWithdrawn.v1"
    return_id: str
    order_id: str
    customer_id: str
    withdrawn_at: AwareDatetime


class ReturnCompleted(IntegrationEvent):
    """Goods came back, and what is sound is in stock again. `refund` is what they come to: the payment was asked to
    give it, and tells what it gave.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_COMPLETED]})
    TYPE: ClassVar = "ReturnCompleted.v1"
    return_id: str
    order_id: str
    customer_id: str
    refund: Money
    completed_at: AwareDatetime


class ReturnFailed(IntegrationEvent):
    """A return came to nothing, and nobody decided so: `step` is where it turned back, `code` why. Nobody knows whose
    order it was if there is no such order.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_FAILED]})
    TYPE: ClassVar = "ReturnFailed.v1"
    return_id: str
    order_id: str
    customer_id: str | None
    step: str
    code: str
    failed_at: AwareDatetime


Published = ReturnApproved | ReturnRefused | ReturnWithdrawn | ReturnCompleted | ReturnFailed


def to_integration(event: WorkflowEvent) -> Published | None:
    match event:
        case DecisionMade(step=step, result=result) if step == APPROVAL:
            return ReturnApproved(**_named(result), lines=_lines(result), approved_at=event.at)
        case DeclineCarriedOut(code="refused", result=result):
            return ReturnRefused(**_named(result), lines=_lines(result), reason=event.reason, refused_at=event.at)
        case DeclineCarriedOut(result=result):
            return ReturnWithdrawn(**_named(result), withdrawn_at=event.at)
        case WorkflowCompleted(result=result):
            return ReturnCompleted(
                **_named(result),
                refund=Money(**result["refund"]),
                completed_at=event.at,
            )
        case WorkflowFailed(result=result):
            return ReturnFailed(
                **_named(result),
                step=event.step,
                code=event.code,
                failed_at=event.at,
            )
        case _:
            return None


def _named(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: result[name] for name in _RETURN}


def _lines(result: Mapping[str, Any]) -> tuple[ReturningLine, ...]:
    return tuple(ReturningLine(**line) for line in result["lines"])
