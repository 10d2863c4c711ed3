"""What the read model of returns shows."""

from datetime import UTC, datetime

from functions.returns.projections import RETURNS_PROJECTION
from functions.returns.read_models import ReceivedLineView
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.events import DecisionMade, StepSucceeded, WorkflowStarted

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STARTED = WorkflowStarted(
    workflow_id="r1",
    data={"order_id": "o1", "customer_id": None, "lines": [{"sku": "milk", "quantity": 1}], "return_reason": "damaged"},
    deadline_at=AT,
    at=AT,
)


def test_a_return_shows_what_comes_back_of_which_order() -> None:
    """From its start; whose order it is may not be known yet."""
    view = RETURNS_PROJECTION.project(None, STARTED)

    assert view is not None
    assert (view.id, view.order_id, view.customer_id, view.refund) == ("r1", "o1", None, None)
    assert (view.return_reason, view.received) == ("damaged", None)
    assert [(line.sku, line.quantity) for line in view.lines] == [("milk", 1)]


def test_the_customer_and_the_refund_are_shown_when_they_are_known() -> None:
    """From the steps on that read them."""
    view = RETURNS_PROJECTION.project(None, STARTED)
    for learned in ({"customer_id": "900", "payment_id": "p1"}, {"refund": {"amount": 250, "currency": "USD"}}):
        view = RETURNS_PROJECTION.project(view, StepSucceeded(step="x", attempt=1, learned=learned, at=AT))

    assert view is not None
    assert (view.customer_id, view.refund) == ("900", Money(amount=250, currency="USD"))


def test_what_arrived_is_shown() -> None:
    """As staff found it; what the engine keeps beside it is not."""
    lines = [{"sku": "milk", "sound": 1, "damaged": 0, "missing": 0}]
    learned = {"received": lines, "arrived": [{"sku": "milk", "quantity": 1}], "sound": []}
    made = DecisionMade(
        step="reception", decision={"lines": lines}, learned=learned, result={}, actor="operator:1", at=AT
    )

    view = RETURNS_PROJECTION.project(RETURNS_PROJECTION.project(None, STARTED), made)

    assert view is not None
    assert view.received == [ReceivedLineView(sku="milk", sound=1, damaged=0, missing=0)]
