"""A return, top to bottom: what is asked of whom, and how each step is undone.

The return at the order, the refund at the payment and the receipt at the stock have the id of their return.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.returns.manifest import RETURN
from shared.eventsourcing.workflow.calls import Request
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.declaration import Data, Refuse, Step, Undo, Workflow

DEADLINE = timedelta(minutes=15)
Json = Mapping[str, Any]


# --- the order


def read_order(data: Data) -> Request:
    return Request(service="orders", method="GET", path=_order(data))


def learn_order(data: Data, body: Json) -> Json:
    """Of somebody else's order a customer does not learn that it exists: this is what orders say of none at all."""
    if data["customer_id"] is not None and body["customer_id"] != data["customer_id"]:
        raise Refuse("not-found", "there is no such document")
    return {"customer_id": body["customer_id"], "payment_id": body["payment_id"]}


def open_return(data: Data) -> Request:
    body = {"return_id": data["return_id"], "lines": data["lines"], "reason": data["reason"]}
    return Request(service="orders", method="POST", path=f"{_order(data)}/returns", body=body)


def learn_order_version(_: Data, body: Json) -> Json:
    return {"order_version": body["version"]}


def read_refund(data: Data) -> Request:
    path = f"{_order(data)}?min_version={data['order_version']}"
    return Request(service="orders", method="GET", path=path)


def learn_refund(data: Data, body: Json) -> Json:
    """What the order says that these lines come to."""
    (mine,) = [each for each in body["returns"] if each["return_id"] == data["return_id"]]
    return {"refund": mine["refund"]}


def cancel_return(data: Data) -> Request:
    body = {"reason": "return-failed"}
    return Request(service="orders", method="POST", path=f"{_return(data)}/cancel", body=body)


def complete_return(data: Data) -> Request:
    return Request(service="orders", method="POST", path=f"{_return(data)}/complete")


def _order(data: Data) -> str:
    return f"/orders/{data['order_id']}"


def _return(data: Data) -> str:
    return f"{_order(data)}/returns/{data['return_id']}"


# --- the money and the goods


def refunds_nothing(data: Data) -> bool:
    """What coupons paid for costs nothing to take back."""
    return bool(data["refund"]["amount"] == 0)


def refund_payment(data: Data) -> Request:
    body = {"refund_id": data["return_id"], "amount": data["refund"], "up_to": True, "reason": data["reason"]}
    return Request(service="payments", method="POST", path=f"/payments/{data['payment_id']}/refunds", body=body)


def learn_refunded(data: Data, body: Json) -> Json:
    """The answer tells of all refunds of the payment: this one may have failed where another one was given."""
    if body.get("refunds", {}).get(data["return_id"]) == "failed":
        raise Refuse("refund-failed", "the payment provider did not give the money back")
    return {}


def restock(data: Data) -> Request:
    body = {"lines": data["lines"], "reason": f"return {data['return_id']}"}
    return Request(service="inventory", method="PUT", path=f"/receipts/{data['return_id']}", body=body)


# --- how it is undone

CANCEL_RETURN = Undo(
    call=cancel_return,
    idempotent="A cancelled return stays cancelled; one that was not opened yet never will be.",
    settled=frozenset({"order-not-found"}),
)


def result(data: Data) -> Json:
    """What its end tells others."""
    names = ("return_id", "order_id", "customer_id", "refund")
    return {name: data.get(name) for name in names}


# --- the return

RETURN_WORKFLOW = Workflow(
    category=RETURN,
    deadline=DEADLINE,
    result=result,
    steps=(
        Step(name="read_order", call=read_order, learn=learn_order, effect_free=True),
        Step(name="open_return", call=open_return, learn=learn_order_version, undo=CANCEL_RETURN),
        Step(name="read_refund", call=read_refund, learn=learn_refund, effect_free=True),
        Step(name="refund_payment", call=refund_payment, learn=learn_refunded, pivot=True, skip=refunds_nothing),
        Step(name="restock", call=restock),
        Step(name="complete_return", call=complete_return),
    ),
)
RETURN_DECIDER = workflow_decider(RETURN_WORKFLOW)
