"""What the checkout publishes, and what it keeps to itself."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from functions.checkout.integration import CheckoutCompleted, CheckoutFailed, to_integration
from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.events import WorkflowCompleted, WorkflowEvent, WorkflowFailed

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
THEN = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
RESULT: dict[str, Any] = {
    "checkout_id": "k1",
    "customer_id": "900",
    "order_id": "k1",
    "total": {"amount": 830, "currency": "USD"},
    "at": None,
}


@pytest.mark.parametrize(("stated", "completed_at"), [(None, AT), (THEN.isoformat(), THEN)])
def test_a_good_end_is_published(stated: str | None, completed_at: datetime) -> None:
    """Others learn of the order and what it came to, at the business time."""
    event = WorkflowCompleted(workflow_id="k1", result={**RESULT, "at": stated}, at=AT)

    assert to_integration(event) == CheckoutCompleted(
        checkout_id="k1",
        order_id="k1",
        customer_id="900",
        total=Money(amount=830, currency="USD"),
        completed_at=completed_at,
    )


def test_a_failure_is_published_with_its_reason() -> None:
    """Also where it failed before there was an order."""
    result = {**RESULT, "order_id": None, "total": None}
    event = WorkflowFailed(
        workflow_id="k1", step="authorize_payment", code="card-declined", detail="no", result=result, at=AT
    )

    assert to_integration(event) == CheckoutFailed(
        checkout_id="k1", customer_id="900", step="authorize_payment", code="card-declined", failed_at=AT
    )


@pytest.mark.parametrize(
    "private", [cls for cls in get_args(WorkflowEvent) if cls not in (WorkflowCompleted, WorkflowFailed)]
)
def test_everything_else_stays_private(private: type[Event]) -> None:
    """How a checkout came to its end is nobody else's business."""
    assert to_integration(private.model_construct()) is None  # type: ignore[arg-type] # a member of the union, chosen at run time


@pytest.mark.parametrize("published", [CheckoutCompleted, CheckoutFailed])
def test_examples_round_trip(published: type[CheckoutCompleted]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
