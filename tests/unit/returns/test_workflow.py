"""What a return asks of whom, and what it learns."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import pytest

from functions.returns import workflow
from functions.returns.workflow import RETURN_WORKFLOW
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.workflow.declaration import Refuse, check

REFUND = {"amount": 250, "currency": "USD"}
DATA: Mapping[str, Any] = {
    "return_id": "r1",
    "order_id": "o1",
    "customer_id": "900",
    "lines": [{"sku": "milk", "quantity": 1}],
    "return_reason": "damaged",
    "delivered_since": "2026-02-01T12:00:00+00:00",
    "under_way": [],
    "arrived": [{"sku": "milk", "quantity": 1}],
    "sound": [{"sku": "milk", "quantity": 1}],
    "payment_id": "p1",
    "order_version": 9,
    "refund": REFUND,
}


def sent(milk: int, delivered_at: str | None = "2026-02-20T12:00:00Z") -> Mapping[str, Any]:
    """A shipment of so many."""
    return {"lines": [{"sku": "milk", "quantity": milk}], "delivered_at": delivered_at}


def delivered_order(*shipments: Mapping[str, Any], back: int = 0, status: str = "completed") -> Mapping[str, Any]:
    """`back` pieces are in another return of this status."""
    other = {"return_id": "r0", "status": status, "lines": [{"sku": "milk", "quantity": back}]}
    return {"customer_id": "900", "payment_id": "p1", "shipments": shipments, "returns": [other]}


LATELY, LONG_AGO = sent(1), sent(1, "2026-01-31T12:00:00Z")


def test_it_can_be_taken_back_safely() -> None:
    """Every step before the pivot only reads or waits."""
    assert check(RETURN_WORKFLOW) == []


@pytest.mark.parametrize("customer_id", ["900", None], ids=["the customer", "staff"])
def test_learns_whose_order_it_is_and_how_it_was_paid(customer_id: str | None) -> None:
    """Customers return of their own orders, staff of any."""
    order = delivered_order(sent(1))

    learned = workflow.learn_order({**DATA, "customer_id": customer_id}, order)

    assert learned == {"customer_id": "900", "payment_id": "p1"}


def test_somebody_elses_order_is_none() -> None:
    """A customer does not learn that there is such an order."""
    with pytest.raises(Refuse) as refusal:
        workflow.learn_order(DATA, {**delivered_order(), "customer_id": "901"})

    assert (refusal.value.code, refusal.value.detail) == ("not-found", "there is no such document")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (delivered_order(), "not-delivered"),
        (delivered_order(sent(1, None)), "not-delivered"),
        (delivered_order(LATELY, back=1), "not-returnable"),
        (delivered_order(LATELY, back=1, status="open"), "not-returnable"),
        (delivered_order(LONG_AGO), "too-late"),
        (delivered_order(LONG_AGO, LATELY, back=1), "too-late"),
        (delivered_order(LONG_AGO, LATELY, back=1, status="open"), "too-late"),
    ],
)
def test_only_what_was_delivered_lately_can_be_returned(order: Mapping[str, Any], code: str) -> None:
    """Neither what is on its way, nor what is back already, nor what the customer has had for long; and nobody passes
    that by asking piece by piece.
    """
    with pytest.raises(Refuse) as refusal:
        workflow.learn_order(DATA, order)

    assert (refusal.value.code, refusal.value.detail.partition(":")[0]) == (code, "milk")


def asked_before(return_id: str, theirs: str | None = "900", mine: str | None = "900") -> Mapping[str, Any]:
    """What is asked for, where one piece is in a return that was under way."""
    other = {"return_id": return_id, "customer_id": theirs, "lines": [{"sku": "milk", "quantity": 1}]}
    return {**DATA, "customer_id": mine, "under_way": [other]}


def test_what_was_asked_for_already_is_not_asked_for_twice() -> None:
    """Though it is not here yet, and the order knows nothing of it."""
    with pytest.raises(Refuse) as refusal:
        workflow.learn_order(asked_before("r9"), delivered_order(LATELY))

    assert refusal.value.code == "not-returnable"
    assert workflow.learn_order(asked_before("r9"), delivered_order(LATELY, LATELY))


@pytest.mark.parametrize(
    ("theirs", "mine", "counts"),
    [("901", "900", False), (None, "900", True), ("900", None, True), ("901", None, True)],
    ids=["a stranger's", "one by staff", "staff asks", "staff asks after a stranger"],
)
def test_a_stranger_keeps_nobody_from_returning(theirs: str | None, mine: str | None, *, counts: bool) -> None:
    """What somebody asks of an order that is not theirs is refused a moment later."""
    with pytest.raises(Refuse) if counts else nullcontext():
        workflow.learn_order(asked_before("r9", theirs, mine), delivered_order(LATELY))


def test_what_has_come_meanwhile_counts_once() -> None:
    """The order knows it then, with what really arrived."""
    assert workflow.learn_order(asked_before("r0"), delivered_order(LATELY, LATELY, back=1, status="open"))
    assert workflow.learn_order(asked_before("r0"), delivered_order(LATELY, back=0))


@pytest.mark.parametrize(
    "order",
    [
        delivered_order(sent(1, "2026-02-01T12:00:00Z")),
        delivered_order(LONG_AGO, LATELY),
        delivered_order(LONG_AGO, LATELY, LATELY, back=1),
    ],
)
def test_what_can_be_returned_is_not_refused(order: Mapping[str, Any]) -> None:
    """To the last moment, piece by piece."""
    assert workflow.learn_order(DATA, order) == {"customer_id": "900", "payment_id": "p1"}


def line(sku: str, sound: int = 0, damaged: int = 0, missing: int = 0) -> Mapping[str, Any]:
    return {"sku": sku, "sound": sound, "damaged": damaged, "missing": missing}


BOTH = {"lines": [{"sku": "milk", "quantity": 4}, {"sku": "tea", "quantity": 1}]}


def test_what_arrived_is_refunded_and_what_is_sound_can_be_sold() -> None:
    """Missing pieces are neither; of a line of which nothing is left there is no line."""
    lines = [line("milk", 1, 2, 1), line("tea", damaged=1)]

    assert workflow.learn_reception(BOTH, {"lines": lines}) == {
        "received": lines,
        "arrived": [{"sku": "milk", "quantity": 3}, {"sku": "tea", "quantity": 1}],
        "sound": [{"sku": "milk", "quantity": 1}],
    }


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([line("milk", 4)], "lines-differ"),
        ([line("milk", 4), line("tea", 1), line("rye", 1)], "lines-differ"),
        ([line("milk", 3), line("tea", 1)], "pieces-differ"),
        ([line("milk", 4), line("tea", 1, 1)], "pieces-differ"),
        ([line("milk", missing=4), line("tea", missing=1)], "nothing-arrived"),
    ],
)
def test_a_reception_tells_of_every_piece(lines: list[Mapping[str, Any]], code: str) -> None:
    """Every line once, every piece of it; and of some it says that they arrived."""
    with pytest.raises(DomainError) as refusal:
        workflow.learn_reception(BOTH, {"lines": lines})

    assert (refusal.value.code, refusal.value.field) == (code, "lines")


def test_what_arrived_is_opened_at_the_order() -> None:
    """Not what was asked for: the order says what is refunded for it."""
    asked = workflow.open_return({**DATA, "lines": BOTH["lines"]})

    assert asked.body == {"return_id": "r1", "lines": DATA["arrived"], "reason": "damaged"}


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


@pytest.mark.parametrize(
    ("answer", "failed"),
    [({}, False), ({"refunds": {"r1": "completed", "r0": "failed"}}, False), ({"refunds": {"r1": "failed"}}, True)],
)
def test_a_refund_that_fails_is_learned(answer: Mapping[str, Any], failed: bool) -> None:
    """Of this return: the payment's answer says so."""
    assert workflow.learn_refunded(DATA, answer) == {"refund_failed": failed}


def test_the_goods_go_back_to_the_shelf_under_the_id_of_the_return() -> None:
    """A return is received once."""
    asked = workflow.restock(DATA)

    assert asked.path == "/receipts/r1"
    assert asked.body is not None
    assert asked.body["lines"] == DATA["sound"]


@pytest.mark.parametrize("step", RETURN_WORKFLOW.steps, ids=lambda step: step.name)
def test_the_same_data_asks_the_same(step: Any) -> None:
    """A request that is repeated is the same request."""
    assert step.waits or step.call(DATA) == step.call(dict(DATA))
