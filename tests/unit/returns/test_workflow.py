"""What a return asks of whom, and what it learns."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.returns import workflow
from functions.returns.workflow import RETURN_WORKFLOW
from shared.eventsourcing.workflow.declaration import Refuse, check

REFUND = {"amount": 250, "currency": "USD"}
DATA: Mapping[str, Any] = {
    "return_id": "r1",
    "order_id": "o1",
    "customer_id": "900",
    "lines": [{"sku": "milk", "quantity": 1}],
    "reason": "damaged",
    "payment_id": "p1",
    "order_version": 9,
    "refund": REFUND,
}


def test_it_can_be_taken_back_safely() -> None:
    """Every step before the pivot only reads, or is undone by something that may be repeated and may come first."""
    assert check(RETURN_WORKFLOW) == []


@pytest.mark.parametrize("customer_id", ["900", None], ids=["the customer", "staff"])
def test_learns_whose_order_it_is_and_how_it_was_paid(customer_id: str | None) -> None:
    """Customers return of their own orders, staff of any."""
    order = {"customer_id": "900", "payment_id": "p1", "status": "shipped"}

    learned = workflow.learn_order({**DATA, "customer_id": customer_id}, order)

    assert learned == {"customer_id": "900", "payment_id": "p1"}


def test_somebody_elses_order_is_none() -> None:
    """A customer does not learn that there is such an order."""
    with pytest.raises(Refuse) as refusal:
        workflow.learn_order(DATA, {"customer_id": "901", "payment_id": "p1"})

    assert (refusal.value.code, refusal.value.detail) == ("not-found", "there is no such document")


def test_the_refund_is_what_the_order_says() -> None:
    """Of this return, not of another one of the same order; read as the opening left it."""
    other = {"return_id": "r0", "refund": {"amount": 1, "currency": "USD"}}
    returns = [other, {"return_id": "r1", "refund": REFUND}]

    assert workflow.read_refund(DATA).path == "/orders/o1?min_version=9"
    assert workflow.learn_refund(DATA, {"returns": returns}) == {"refund": REFUND}


def test_the_refund_is_given_under_the_id_of_the_return() -> None:
    """A return is refunded once."""
    asked = workflow.refund_payment(DATA)

    assert (asked.path, asked.body) == (
        "/payments/p1/refunds",
        {"refund_id": "r1", "amount": REFUND, "up_to": True, "reason": "damaged"},
    )


def test_a_refund_that_failed_turns_the_return_back() -> None:
    """Whatever became of the other refunds of the payment."""
    assert workflow.learn_refunded(DATA, {"refunds": {"r0": "failed", "r1": "completed"}}) == {}
    with pytest.raises(Refuse) as refusal:
        workflow.learn_refunded(DATA, {"refunds": {"r0": "completed", "r1": "failed"}})

    assert refusal.value.code == "refund-failed"


def test_the_goods_go_back_to_the_shelf_under_the_id_of_the_return() -> None:
    """A return is received once."""
    asked = workflow.restock(DATA)

    assert asked.path == "/receipts/r1"
    assert asked.body is not None
    assert asked.body["lines"] == DATA["lines"]


@pytest.mark.parametrize("step", RETURN_WORKFLOW.steps, ids=lambda step: step.name)
def test_the_same_data_asks_the_same(step: Any) -> None:
    """A request that is repeated is the same request, and so is its undo."""
    calls = [step.call, *([step.undo.call] if step.undo else [])]

    assert all(call(DATA) == call(dict(DATA)) for call in calls)
