"""The cancellation of a placed order, top to bottom: what is asked of whom.

Fulfillment is asked first, for it alone knows what has left the house: it stops the pieces, or refuses, and then
nothing has changed. What it has stopped cannot leave any more, so nothing that follows can be refused: the order, the
stock and the money. An order that was made by hand may have no reservation and no payment: then there is nothing to
give back. The stock's release and the refund have the id of the cancellation. Coupons are given back when the order
says that it came to nothing, however it came to that: see `_with_end` in the decider.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.orders.manifest import CANCELLATION
from shared.eventsourcing.workflow.calls import Request
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.declaration import Data, Step, Workflow

DEADLINE = timedelta(minutes=15)
NOTHING_KEPT = frozenset({"reservation-not-found"})
NOTHING_TAKEN = frozenset({"payment-not-found", "nothing-captured"})
REFUND_FAILED = frozenset({"refund-failed"})
"""It was asked for, and is on the payments' list of what needs a person."""
Json = Mapping[str, Any]


# --- fulfillment


def stop_shipments(data: Data) -> Request:
    named = ("cancellation_id", "lines", "ordered", "reason")
    path = f"/orders/{data['order_id']}/stop"
    return Request(service="fulfillment", method="POST", path=path, body={name: data[name] for name in named})


def read_stopped(data: Data) -> Request:
    path = f"/orders/{data['order_id']}/stops/{data['cancellation_id']}"
    return Request(service="fulfillment", method="GET", path=path)


def learn_stopped(_: Data, body: Json) -> Json:
    return {"stopped": body["lines"]}


# --- the order


def cancel_lines(data: Data) -> Request:
    body = {"cancellation_id": data["cancellation_id"], "lines": data["stopped"], "reason": data["reason"]}
    return Request(service="orders", method="POST", path=f"/orders/{data['order_id']}/cancellations", body=body)


def learn_order_version(_: Data, body: Json) -> Json:
    return {"order_version": body["version"]}


def read_refund(data: Data) -> Request:
    path = f"/orders/{data['order_id']}?min_version={data['order_version']}"
    return Request(service="orders", method="GET", path=path)


def learn_refund(data: Data, body: Json) -> Json:
    """What the order says that these pieces come to."""
    (mine,) = [each for each in body["cancellations"] if each["cancellation_id"] == data["cancellation_id"]]
    return {"refund": mine["refund"]}


# --- the goods and the money


def release_items(data: Data) -> Request:
    body = {"release_id": data["cancellation_id"], "lines": data["stopped"]}
    path = f"/reservations/{data['reservation_id']}/release-items"
    return Request(service="inventory", method="POST", path=path, body=body)


def refunds_nothing(data: Data) -> bool:
    """What coupons paid for costs nothing to give up."""
    return bool(data["refund"]["amount"] == 0)


def refund_payment(data: Data) -> Request:
    """No more than what is left of the payment. While the provider does not answer, this is asked again."""
    refund_id, amount = data["cancellation_id"], data["refund"]
    body = {"refund_id": refund_id, "amount": amount, "up_to": True, "reason": data["reason"]}
    return Request(service="payments", method="POST", path=f"/payments/{data['payment_id']}/refunds", body=body)


def result(data: Data) -> Json:
    """What its end says."""
    names = ("cancellation_id", "order_id", "customer_id", "stopped", "refund")
    return {name: data.get(name) for name in names}


# --- the cancellation

CANCELLATION_WORKFLOW = Workflow(
    category=CANCELLATION,
    deadline=DEADLINE,
    result=result,
    steps=(
        Step(name="stop_shipments", call=stop_shipments, pivot=True),
        Step(name="read_stopped", call=read_stopped, learn=learn_stopped, effect_free=True),
        Step(name="cancel_lines", call=cancel_lines, learn=learn_order_version),
        Step(name="read_refund", call=read_refund, learn=learn_refund, effect_free=True),
        Step(name="release_items", call=release_items, settled=NOTHING_KEPT),
        Step(name="refund_payment", call=refund_payment, skip=refunds_nothing, settled=NOTHING_TAKEN | REFUND_FAILED),
    ),
)
CANCELLATION_DECIDER = workflow_decider(CANCELLATION_WORKFLOW)
