"""A return, top to bottom: what is asked of whom.

Nothing moves before the goods are here: the shop's people approve, the customer sends, the shop's people look at what
arrived. Only then the order, the payment and the stock are told, of what arrived and was sound.

That goods arrived is a fact that nobody takes back: from then on a return only goes on. The order, which is asked first
and until it answers, may still refuse it by a rule; behind that nothing is refused, only asked again.

The return at the order, the refund at the payment and the receipt at the stock have the id of their return.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.returns.manifest import APPROVAL, RECEPTION, RETURN
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.workflow.calls import Request
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.declaration import Data, Refuse, Step, Workflow

DEADLINE = timedelta(hours=1)
"""Until people are asked. What they take does not count, and no deadline turns back what has arrived."""
NOTHING_TAKEN = frozenset({"payment-not-found", "nothing-captured"})
"""Of an order that was made by hand."""
REFUND_FAILED = frozenset({"refund-failed"})
"""It was asked for, and is on the payments' list of what needs a person."""
Json = Mapping[str, Any]


# --- the order


def read_order(data: Data) -> Request:
    return Request(service="orders", method="GET", path=_order(data))


def learn_order(data: Data, body: Json) -> Json:
    """Of somebody else's order a customer does not learn that it exists: this is what orders say of none at all."""
    if data["customer_id"] is not None and body["customer_id"] != data["customer_id"]:
        raise Refuse("not-found", "there is no such document")
    for line in data["lines"]:
        _check_returnable(data, line, body)
    return {"customer_id": body["customer_id"], "payment_id": body["payment_id"]}


def _check_returnable(data: Data, line: Json, order: Json) -> None:
    """What was delivered, is not coming back already, and was delivered lately enough. What is back, or asked for by
    another return that is under way, counts against what was delivered lately: nobody can tell one piece from another.
    """
    sku, delivered, in_time = line["sku"], 0, 0
    for shipment in order["shipments"]:
        if shipment["delivered_at"] is not None:
            pieces = _pieces(shipment, sku)
            delivered += pieces
            in_time += pieces if _time(shipment["delivered_at"]) >= _time(data["delivered_since"]) else 0
    back = sum(_pieces(each, sku) for each in _others(data, order))
    if line["quantity"] > delivered:
        raise Refuse("not-delivered", f"{sku}: {delivered} were delivered so far")
    if line["quantity"] > delivered - back:
        raise Refuse("not-returnable", f"{sku}: {delivered - back} can be returned")
    if line["quantity"] > in_time - back:
        raise Refuse("too-late", f"{sku}: {max(in_time - back, 0)} were delivered lately enough and are not back")


def _others(data: Data, order: Json) -> list[Json]:
    """The other returns of the order: those that it knows, and those whose goods are not here yet."""
    known = {each["return_id"] for each in order["returns"]}
    standing = [each for each in order["returns"] if each["status"] != "cancelled"]
    return [*standing, *(each for each in data["under_way"] if each["return_id"] not in known and _counts(data, each))]


def _counts(data: Data, other: Json) -> bool:
    """Not what somebody asked for of an order that is not theirs, which is about to be refused."""
    return None in (data["customer_id"], other["customer_id"]) or data["customer_id"] == other["customer_id"]


def _pieces(moved: Json, sku: str) -> int:
    return sum(line["quantity"] for line in moved["lines"] if line["sku"] == sku)


_time = datetime.fromisoformat


def open_return(data: Data) -> Request:
    """Of what arrived. The order refuses what was returned by another return meanwhile."""
    body = {"return_id": data["return_id"], "lines": data["arrived"], "reason": data["return_reason"]}
    return Request(service="orders", method="POST", path=f"{_order(data)}/returns", body=body)


def learn_order_version(_: Data, body: Json) -> Json:
    return {"order_version": body["version"]}


def read_refund(data: Data) -> Request:
    path = f"{_order(data)}?min_version={data['order_version']}"
    return Request(service="orders", method="GET", path=path)


def learn_refund(data: Data, body: Json) -> Json:
    """What the order says that these pieces come to. What is given for them, the payment says."""
    (mine,) = [each for each in body["returns"] if each["return_id"] == data["return_id"]]
    return {"refund": mine["refund"]}


def complete_return(data: Data) -> Request:
    path = f"{_order(data)}/returns/{data['return_id']}/complete"
    return Request(service="orders", method="POST", path=path)


def _order(data: Data) -> str:
    return f"/orders/{data['order_id']}"


# --- the shop's people


def learn_reception(data: Data, decision: Json) -> Json:
    """What arrived is refunded, what is sound can be sold again."""
    asked = {line["sku"]: line["quantity"] for line in data["lines"]}
    found = {line["sku"]: line["sound"] + line["damaged"] + line["missing"] for line in decision["lines"]}
    if asked.keys() != found.keys():
        raise DomainError("lines-differ", f"the lines of the return are {', '.join(asked)}", field="lines")
    if wrong := [sku for sku in asked if asked[sku] != found[sku]]:
        raise DomainError("pieces-differ", f"{wrong[0]}: {asked[wrong[0]]} were to come back", field="lines")
    arrived = _counted(decision, "sound", "damaged")
    if not arrived:
        raise DomainError("nothing-arrived", "a return of which nothing arrived is refused", field="lines")
    return {"received": decision["lines"], "arrived": arrived, "sound": _counted(decision, "sound")}


def _counted(decision: Json, *states: str) -> list[Json]:
    """The lines of which there is something in these states."""
    counted = ((line["sku"], sum(line[state] for state in states)) for line in decision["lines"])
    return [{"sku": sku, "quantity": quantity} for sku, quantity in counted if quantity]


# --- the money and the goods


def refunds_nothing(data: Data) -> bool:
    """What coupons paid for costs nothing to take back."""
    return bool(data["refund"]["amount"] == 0)


def refund_payment(data: Data) -> Request:
    """No more than what is left of the payment. While the provider does not answer, this is asked again."""
    body = {"refund_id": data["return_id"], "amount": data["refund"], "up_to": True, "reason": data["return_reason"]}
    return Request(service="payments", method="POST", path=f"/payments/{data['payment_id']}/refunds", body=body)


def learn_refunded(data: Data, body: Json) -> Json:
    """Whether the payment could not give it: a person has to."""
    return {"refund_failed": body.get("refunds", {}).get(data["return_id"]) == "failed"}


def nothing_is_sound(data: Data) -> bool:
    return not data["sound"]


def restock(data: Data) -> Request:
    body = {"lines": data["sound"], "reason": f"return {data['return_id']}"}
    return Request(service="inventory", method="PUT", path=f"/receipts/{data['return_id']}", body=body)


def result(data: Data) -> Json:
    """What its end and its approval tell others."""
    names = ("return_id", "order_id", "customer_id", "lines", "refund")
    return {name: data.get(name) for name in names}


# --- the return

RETURN_WORKFLOW = Workflow(
    category=RETURN,
    deadline=DEADLINE,
    result=result,
    steps=(
        Step(name="read_order", call=read_order, learn=learn_order, effect_free=True),
        Step(name=APPROVAL, waits=True),
        Step(name=RECEPTION, waits=True, learn=learn_reception),
        Step(name="open_return", call=open_return, learn=learn_order_version, pivot=True),
        Step(name="read_refund", call=read_refund, learn=learn_refund, effect_free=True),
        Step(
            name="refund_payment",
            call=refund_payment,
            learn=learn_refunded,
            skip=refunds_nothing,
            settled=NOTHING_TAKEN | REFUND_FAILED,
        ),
        Step(name="restock", call=restock, skip=nothing_is_sound),
        Step(name="complete_return", call=complete_return),
    ),
)
RETURN_DECIDER = workflow_decider(RETURN_WORKFLOW)
