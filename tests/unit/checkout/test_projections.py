"""What the checkout's read model shows."""

from collections.abc import Sequence
from datetime import UTC, datetime

from functions.checkout.projections import CHECKOUTS_PROJECTION
from functions.checkout.read_models import CheckoutView
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.events import StepSucceeded, WorkflowEvent, WorkflowStarted

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STARTED = WorkflowStarted(
    workflow_id="k1",
    data={"cart_id": "c1", "customer_id": "900", "payment_token": "pm_card_visa", "shipping_address": "sealed:x"},
    deadline_at=AT,
    at=AT,
)


def shown(events: Sequence[WorkflowEvent]) -> CheckoutView:
    document: CheckoutView | None = None
    for event in events:
        document = CHECKOUTS_PROJECTION.project(document, event)
    assert document is not None
    return document


def test_a_checkout_shows_its_cart_and_customer() -> None:
    """What it pays with and where the goods go is not shown."""
    view = shown([STARTED])

    assert (view.id, view.cart_id, view.customer_id, view.order_id, view.total) == ("k1", "c1", "900", None, None)
    assert "pm_card_visa" not in view.model_dump_json()
    assert "sealed" not in view.model_dump_json()


def test_the_order_and_its_total_are_shown_when_they_are_known() -> None:
    """From the step on that creates the order."""
    learned = {"order_id": "k1", "total": {"amount": 830, "currency": "USD"}}
    created = StepSucceeded(step="create_order", attempt=1, learned=learned, at=AT)

    view = shown([STARTED, created])

    assert (view.order_id, view.total) == ("k1", Money(amount=830, currency="USD"))


def test_a_checkout_is_found_by_customer_and_status() -> None:
    """What lists filter and order by."""
    fields = CHECKOUTS_PROJECTION.fields(shown([STARTED]))

    assert fields == {"customer_id": "900", "status": "running", "started_at": AT}
