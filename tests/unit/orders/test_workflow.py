"""What a cancellation asks of whom, and what it learns."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.orders import workflow
from functions.orders.workflow import CANCELLATION_WORKFLOW
from shared.eventsourcing.workflow.declaration import check

REFUND = {"amount": 250, "currency": "USD"}
MILK = [{"sku": "milk", "quantity": 1}]
DATA: Mapping[str, Any] = {
    "cancellation_id": "o1-c1",
    "order_id": "o1",
    "customer_id": "900",
    "reservation_id": "r1",
    "payment_id": "p1",
    "ordered": [{"sku": "milk", "quantity": 2}],
    "lines": None,
    "reason": "fraud",
    "stopped": MILK,
    "order_version": 4,
    "refund": REFUND,
}


def test_it_can_be_carried_out() -> None:
    """Fulfillment's word is the pivot: nothing was changed before it, so nothing has to be taken back."""
    assert check(CANCELLATION_WORKFLOW) == []
    assert [step.name for step in CANCELLATION_WORKFLOW.steps if step.pivot] == ["stop_shipments"]
    assert CANCELLATION_WORKFLOW.steps[0].pivot


def test_fulfillment_hears_what_is_wanted_and_what_was_ordered() -> None:
    """The news of the order may be on its way yet."""
    asked = workflow.stop_shipments(DATA)

    assert (asked.service, asked.path) == ("fulfillment", "/orders/o1/stop")
    assert asked.body == {"cancellation_id": "o1-c1", "lines": None, "ordered": DATA["ordered"], "reason": "fraud"}


def test_all_that_follows_is_about_what_was_stopped() -> None:
    """Not about what was asked for, or what the order believes."""
    assert workflow.learn_stopped(DATA, {"lines": MILK}) == {"stopped": MILK}
    bodies = [workflow.cancel_lines(DATA).body, workflow.release_items(DATA).body]

    assert bodies == [
        {"cancellation_id": "o1-c1", "lines": MILK, "reason": "fraud"},
        {"release_id": "o1-c1", "lines": MILK},
    ]


def test_the_refund_is_what_the_order_says() -> None:
    """Of this cancellation, not of another one of the same order; read as its command left it."""
    other = {"cancellation_id": "o1-c0", "refund": {"amount": 1, "currency": "USD"}}
    body = {"cancellations": [other, {"cancellation_id": "o1-c1", "refund": REFUND}]}

    assert workflow.read_refund(DATA).path == "/orders/o1?min_version=4"
    assert workflow.learn_refund(DATA, body) == {"refund": REFUND}


def test_the_refund_is_given_under_the_id_of_the_cancellation() -> None:
    """Once, and no more than what is left of the payment."""
    asked = workflow.refund_payment(DATA)

    assert (asked.path, asked.body) == (
        "/payments/p1/refunds",
        {"refund_id": "o1-c1", "amount": REFUND, "up_to": True, "reason": "fraud"},
    )


@pytest.mark.parametrize("step", CANCELLATION_WORKFLOW.steps, ids=lambda step: step.name)
def test_the_same_data_asks_the_same(step: Any) -> None:
    """A request that is repeated is the same request."""
    assert step.call(DATA) == step.call(dict(DATA))
