"""The checkout, top to bottom: what is asked of whom, and how each step is undone.

It is about the version of the cart that its customer saw, at the total that they saw. Another version or another total
turns it back before the card is asked; what only reads comes first, so most of that happens before anything is held.

Order, reservation, redemption and payment have the id of their checkout: so does a later cancellation find them. Behind
the pivot nothing could still be refused: the goods are allocated before the money is taken.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.checkout.amounts import amounts, difference, discounts, priced_lines, unpriced
from functions.checkout.manifest import NAME
from shared.eventsourcing.workflow.calls import Request
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.declaration import Data, Refuse, Step, Undo, Workflow

DEADLINE = timedelta(minutes=15)
HELD_FOR = timedelta(hours=1)
"""How long the goods are kept at most for a checkout that came to nothing: well behind its deadline."""
WHY = {"reason": "checkout-failed"}
MAX_NAMED = 10
"""Products that a refusal names."""
Json = Mapping[str, Any]
Learn = Callable[[Data, Json], Json]


def at(data: Data) -> dict[str, str]:
    """The business time, for those who ask for it: as a till stated it; nothing means now."""
    return {"at": data["at"]} if data["at"] else {}


# --- the cart


def read_cart(data: Data) -> Request:
    path = f"/carts/{data['cart_id']}?version={data['cart_version']}"
    return Request(service="cart", method="GET", path=path)


def learn_lines(data: Data, body: Json) -> Json:
    """Of somebody else's cart nobody learns that it exists: this is what carts say of none at all."""
    if body["customer_id"] != data["customer_id"]:
        raise Refuse("cart-not-found", "there is no such cart")
    if not body["lines"]:
        raise Refuse("cart-is-empty", "an empty cart cannot be checked out")
    return basket(body)


def basket(body: Json) -> Json:
    lines = [{name: line[name] for name in ("sku", "quantity", "total")} for line in body["lines"]]
    return {"currency": body["currency"], "channel": body["channel"], "lines": lines}


def check_out_cart(data: Data) -> Request:
    """As it was read, or not at all."""
    body = {"checkout_id": data["checkout_id"], "customer_id": data["customer_id"], **at(data)}
    path = f"/carts/{data['cart_id']}/checkout"
    return Request(service="cart", method="POST", path=path, body=body, if_match=data["cart_version"])


def restore_cart(data: Data) -> Request:
    body = {"checkout_id": data["checkout_id"], **WHY}
    return Request(service="cart", method="POST", path=f"/carts/{data['cart_id']}/restore", body=body)


# --- what is sold, prices and coupons


def is_in_hand(data: Data) -> bool:
    """What a till rings up lies on the counter, whatever the catalog says."""
    return bool(data["channel"] == "pos")


def check_products(data: Data) -> Request:
    skus = [line["sku"] for line in data["lines"]]
    return Request(service="catalog", method="POST", path="/availability", body={"skus": skus})


def learn_all_are_sold(_: Data, body: Json) -> Json:
    if names := [product["name"] for product in body["unavailable"]]:
        raise Refuse("product-not-sold", f"not sold any more: {', '.join(names[:MAX_NAMED])}")
    return {}


def get_quote(data: Data) -> Request:
    items = [{"sku": line["sku"], "quantity": line["quantity"]} for line in unpriced(data)]
    body = {"items": items, "currency": data["currency"], **at(data)}
    return Request(service="pricing", method="POST", path="/quotes", body=body)


def learn_prices(_: Data, body: Json) -> Json:
    prices = {x["sku"]: {"unit_price": x["unit_price"], "total": x["total"]} for x in body["lines"]}
    return {"quoted": prices}


def coupons_and_basket(data: Data) -> Json:
    lines = [{name: line[name] for name in ("sku", "quantity", "total")} for line in priced_lines(data)]
    return {
        "customer_id": data["customer_id"],
        "currency": data["currency"],
        "coupons": data["coupons"],
        "lines": lines,
        **at(data),
    }


def redeem_coupons(data: Data) -> Request:
    path = f"/redemptions/{data['checkout_id']}"
    return Request(service="promotions", method="PUT", path=path, body=coupons_and_basket(data))


def learn_discounts(_: Data, body: Json) -> Json:
    names = ("code", "sku", "amount")
    return {"discounts": [{name: each[name] for name in names} for each in body["discounts"]]}


def release_coupons(data: Data) -> Request:
    path = f"/redemptions/{data['checkout_id']}/release"
    return Request(service="promotions", method="POST", path=path, body=WHY)


def agreed(learn: Learn) -> Learn:
    """`learn`; and as soon as all that the total is made of is known, it must be what the customer saw."""

    def learned(data: Data, body: Json) -> Json:
        found = learn(data, body)
        if why := difference({**data, **found}):
            raise Refuse("total-differs", why)
        return found

    return learned


# --- the order


def create_order(data: Data) -> Request:
    sums = amounts(data)
    body = {
        "customer_id": data["customer_id"],
        "checkout_id": data["checkout_id"],
        "currency": data["currency"],
        "lines": priced_lines(data),
        "discounts": discounts(data),
        "shipping": sums["shipping"],
        "tax": sums["tax"],
        "total": sums["total"],
        "shipping_address": data["shipping_address"],
        "reservation_id": data["checkout_id"],
        "payment_id": data["checkout_id"],
        **at(data),
    }
    return Request(service="orders", method="PUT", path=_order(data), body=body)


def learn_total(data: Data, _: Json) -> Json:
    return {"order_id": data["checkout_id"], "total": amounts(data)["total"]}


def cancel_order(data: Data) -> Request:
    return Request(service="orders", method="POST", path=f"{_order(data)}/abandon", body=WHY)


def confirm_order(data: Data) -> Request:
    return Request(service="orders", method="POST", path=f"{_order(data)}/confirm", body=at(data))


def place_order(data: Data) -> Request:
    body = {"payment_id": data["checkout_id"], "captured": data["total"], **at(data)}
    return Request(service="orders", method="POST", path=f"{_order(data)}/place", body=body)


def _order(data: Data) -> str:
    return f"/orders/{data['checkout_id']}"


# --- the goods


def reserve_items(data: Data) -> Request:
    lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in data["lines"]]
    expires_at = datetime.fromisoformat(data["started_at"]) + HELD_FOR
    body = {"lines": lines, "expires_at": expires_at.isoformat()}
    return Request(service="inventory", method="PUT", path=_reservation(data), body=body)


def release_items(data: Data) -> Request:
    return Request(service="inventory", method="POST", path=f"{_reservation(data)}/release", body=WHY)


def allocate_items(data: Data) -> Request:
    return Request(service="inventory", method="POST", path=f"{_reservation(data)}/allocate")


def _reservation(data: Data) -> str:
    return f"/reservations/{data['checkout_id']}"


# --- the money


def costs_nothing(data: Data) -> bool:
    """Coupons may pay for all of it: then no card is asked, and the order is placed with nothing captured."""
    return bool(data["total"]["amount"] == 0)


def authorize_payment(data: Data) -> Request:
    body = {
        "order_id": data["checkout_id"],
        "customer_id": data["customer_id"],
        "amount": data["total"],
        "payment_token": data["payment_token"],
        **at(data),
    }
    return Request(service="payments", method="PUT", path=_payment(data), body=body)


def void_payment(data: Data) -> Request:
    return Request(service="payments", method="POST", path=f"{_payment(data)}/void", body=WHY)


def capture_payment(data: Data) -> Request:
    return Request(service="payments", method="POST", path=f"{_payment(data)}/capture")


def _payment(data: Data) -> str:
    return f"/payments/{data['checkout_id']}"


# --- how each step is undone

RESTORE_CART = Undo(
    call=restore_cart,
    idempotent="Only the checkout that holds it restores it; a late request asks for a version that it moved on from.",
    settled=frozenset({"cart-not-found", "cart-is-expired"}),
)
RELEASE_COUPONS = Undo(
    call=release_coupons,
    idempotent="What is released holds nothing; a redemption that comes later is refused.",
)
CANCEL_ORDER = Undo(
    call=cancel_order,
    idempotent="A cancelled order stays cancelled; one that was not created yet never will be.",
)
RELEASE_ITEMS = Undo(
    call=release_items,
    idempotent="What is released keeps nothing, allocated or not; a reservation that comes later is refused.",
)
VOID_PAYMENT = Undo(
    call=void_payment,
    idempotent="What is voided or was declined holds nothing; what comes later, capture included, is refused.",
)


def result(data: Data) -> Json:
    """What its end tells others. `at` is the business time, if it was stated."""
    names = ("checkout_id", "customer_id", "order_id", "total", "at")
    return {name: data.get(name) for name in names}


# --- the checkout

CHECKOUT_WORKFLOW = Workflow(
    category=NAME,
    deadline=DEADLINE,
    result=result,
    steps=(
        Step(name="read_cart", call=read_cart, learn=agreed(learn_lines), effect_free=True),
        Step(name="check_products", call=check_products, learn=learn_all_are_sold, effect_free=True, skip=is_in_hand),
        Step(
            name="quote",
            call=get_quote,
            learn=agreed(learn_prices),
            effect_free=True,
            skip=lambda data: not unpriced(data),
        ),
        Step(name="check_out_cart", call=check_out_cart, undo=RESTORE_CART),
        Step(
            name="redeem_coupons",
            call=redeem_coupons,
            learn=agreed(learn_discounts),
            undo=RELEASE_COUPONS,
            skip=lambda data: not data["coupons"],
        ),
        Step(name="create_order", call=create_order, learn=learn_total, undo=CANCEL_ORDER),
        Step(name="reserve_items", call=reserve_items, undo=RELEASE_ITEMS),
        Step(name="authorize_payment", call=authorize_payment, undo=VOID_PAYMENT, skip=costs_nothing),
        Step(name="confirm_order", call=confirm_order, undone_by="create_order"),
        Step(name="allocate_items", call=allocate_items, undone_by="reserve_items"),
        Step(name="capture_payment", call=capture_payment, pivot=True, skip=costs_nothing),
        Step(name="place_order", call=place_order),
    ),
)
CHECKOUT = workflow_decider(CHECKOUT_WORKFLOW)
