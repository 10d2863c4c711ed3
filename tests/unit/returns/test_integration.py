"""What returns publish, and what they keep to themselves."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from functions.returns.integration import (
    ReturnApproved,
    ReturnCompleted,
    ReturnFailed,
    ReturningLine,
    ReturnRefused,
    ReturnWithdrawn,
    to_integration,
)
from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.events import (
    DecisionMade,
    DeclineCarriedOut,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowFailed,
)

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RESULT: dict[str, Any] = {
    "return_id": "r1",
    "order_id": "o1",
    "customer_id": "900",
    "lines": [{"sku": "milk", "quantity": 1}],
    "refund": {"amount": 250, "currency": "USD"},
}
ENDS = (WorkflowCompleted, WorkflowFailed, DeclineCarriedOut)
MILK = (ReturningLine(sku="milk", quantity=1),)


def test_a_good_end_is_published() -> None:
    """Others learn of the goods that came back, and of the money."""
    assert to_integration(WorkflowCompleted(workflow_id="r1", result=RESULT, at=AT)) == ReturnCompleted(
        return_id="r1", order_id="o1", customer_id="900", refund=Money(amount=250, currency="USD"), completed_at=AT
    )


def decided(step: str) -> DecisionMade:
    return DecisionMade(step=step, decision={}, learned={}, result=RESULT, actor="operator:1", at=AT)


def test_an_approval_is_published() -> None:
    """The customer is told that the goods may be sent."""
    assert to_integration(decided("approval")) == ReturnApproved(
        return_id="r1", order_id="o1", customer_id="900", lines=MILK, approved_at=AT
    )


def test_what_arrived_is_no_news_yet() -> None:
    """The end of the return tells of it."""
    assert to_integration(decided("reception")) is None


def test_a_refusal_by_the_shop_is_published_with_its_reason() -> None:
    """Apart from returns that failed."""
    event = DeclineCarriedOut(workflow_id="r1", step="approval", code="refused", reason="used", result=RESULT, at=AT)

    assert to_integration(event) == ReturnRefused(
        return_id="r1", order_id="o1", customer_id="900", lines=MILK, reason="used", refused_at=AT
    )


def test_a_withdrawal_is_published() -> None:
    """Apart from returns that failed."""
    reason = "changed-mind"
    event = DeclineCarriedOut(workflow_id="r1", step="approval", code="withdrawn", reason=reason, result=RESULT, at=AT)

    assert to_integration(event) == ReturnWithdrawn(return_id="r1", order_id="o1", customer_id="900", withdrawn_at=AT)


@pytest.mark.parametrize("code", ["refused", "withdrawn"])
def test_a_service_that_refuses_is_nobody_of_the_shop(code: str) -> None:
    """A problem's code is not taken for what a person said."""
    event = WorkflowFailed(workflow_id="r1", step="open_return", code=code, detail="no", result=RESULT, at=AT)

    assert isinstance(to_integration(event), ReturnFailed)


@pytest.mark.parametrize("customer_id", ["900", None], ids=["known", "unknown"])
def test_a_failure_is_published_with_its_reason(customer_id: str | None) -> None:
    """Also where nobody knows whose order it was."""
    result = {**RESULT, "customer_id": customer_id, "refund": None}
    event = WorkflowFailed(workflow_id="r1", step="read_order", code="not-found", detail="no", result=result, at=AT)

    assert to_integration(event) == ReturnFailed(
        return_id="r1", order_id="o1", customer_id=customer_id, step="read_order", code="not-found", failed_at=AT
    )


@pytest.mark.parametrize("private", [cls for cls in get_args(WorkflowEvent) if cls not in (DecisionMade, *ENDS)])
def test_everything_else_stays_private(private: type[Event]) -> None:
    """How a return came to its end is nobody else's business."""
    assert to_integration(private.model_construct()) is None  # type: ignore[arg-type] # a member of the union, chosen at run time


@pytest.mark.parametrize("published", [ReturnApproved, ReturnRefused, ReturnWithdrawn, ReturnCompleted, ReturnFailed])
def test_examples_round_trip(published: type[ReturnCompleted]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
