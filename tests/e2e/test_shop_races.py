"""Many want the same: the last goods, a coupon, one cart. On Google's emulators, what is fought over served by two
processes that know nothing of each other.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.rig import held
from tests.e2e.shop_books import Books, differing_money, differing_read_models, ledger, read_books, shelves_shown
from tests.e2e.shop_contradictions import contradictions
from tests.e2e.shop_rig import CHECKOUTS, Shop, checkout_body, opened, services, together, until, usd

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

BUYERS, UNITS, CENTS = 200, 20, 250
CONTENDED = ("cart", "promotions", "inventory", "checkout", "fulfillment")
OTHERS = ("catalog", "pricing", "customers", "orders", "payments")
CANCELLED = 8


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """What a checkout needs, and no more."""
    folder = tmp_path_factory.mktemp("races")
    async with held(opened(folder, services(*CONTENDED, *OTHERS), twins=CONTENDED)) as shop:
        yield shop


# --- the last goods


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rush(shop: Shop) -> dict[str, dict[str, Any]]:
    """Two hundred customers check out the same product at once; their checkouts, as the query shows them."""
    await shop.offer({"rare": UNITS}, cents=CENTS)
    buyers = [f"buyer-{number}" for number in range(BUYERS)]

    async def buy(buyer: str) -> str:
        cart = await shop.fill_cart(buyer, {"rare": 1}, name=buyer)
        return await shop.check_out(buyer, cart, name=buyer)

    checkouts = await together(16, (buy(buyer) for buyer in buyers))
    return await shop.all_ended(checkouts)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def books(shop: Shop, rush: dict[str, dict[str, Any]]) -> Books:
    """Of this rush: what else is sold here is none of its business."""
    return (await read_books(shop)).of(rush)


async def test_twenty_units_make_twenty_orders(rush: dict[str, dict[str, Any]], books: Books) -> None:
    """The log has as many placed orders as there were units, and the queries show as many completed checkouts."""
    assert len(books.placed) == UNITS
    assert {c for c, body in rush.items() if body["status"] == "completed"} == books.placed.keys()


async def test_all_others_hear_that_it_is_out_of_stock(rush: dict[str, dict[str, Any]], books: Books) -> None:
    """Every failure has this one reason, in the log and for the customer."""
    assert books.failed == Counter({"out-of-stock": BUYERS - UNITS})
    reasons = Counter(body["reason"]["code"] for body in rush.values() if body["status"] == "failed")
    assert reasons == books.failed


async def test_each_order_is_paid_once(shop: Shop, books: Books) -> None:
    """Twenty captures of the price, one for each order; and Stripe saw no other payment than these."""
    assert books.captured == books.agreed_by_the_customers == {order: [CENTS] for order in books.placed}
    assert await differing_money(shop, books) == {}
    assert sum((await ledger(shop)).values()) == 0
    intents = [intent for intent in await shop.intents() if intent["metadata"]["payment_id"] in books.ends]
    assert Counter(intent["metadata"]["payment_id"] for intent in intents) == Counter(books.placed.keys())
    assert {intent["status"] for intent in intents} == {"succeeded"}


async def test_no_unit_is_sold_twice_or_kept_in_vain(shop: Shop, books: Books) -> None:
    """All units are kept for the orders that were placed, and there was never less than nothing."""
    shelf = books.shelves["rare"]
    assert {order for order, quantity in shelf.kept.items() if quantity} == books.placed.keys()
    assert (shelf.shown, shelf.lowest) == ((UNITS, UNITS, 0), 0)
    assert await shelves_shown(shop, "rare") == {"rare": shelf.shown}


async def test_who_came_too_late_has_the_cart_back(shop: Shop, rush: dict[str, dict[str, Any]]) -> None:
    """Open, with what was in it."""
    losers = [body["cart_id"] for body in rush.values() if body["status"] == "failed"]
    carts = await together(8, (shop.get(f"/cart/v1/carts/{cart}") for cart in losers))
    found = {(cart["status"], *((line["sku"], line["quantity"]) for line in cart["lines"])) for cart in carts}
    assert found == {("open", ("rare", 1))}


# --- a coupon


async def redeem(shop: Shop, code: str, customers: list[str]) -> Counter[str]:
    """All at once, a redemption of their own each: how many were answered with what."""

    async def one(number: int, customer: str) -> str:
        line = {"sku": f"sku-{number % 7}", "quantity": 1 + number, "total": usd(100 * (1 + number))}
        body = {"customer_id": customer, "currency": "USD", "coupons": [{"code": code}], "lines": [line]}
        answer = await shop.insist("PUT", f"/promotions/v1/redemptions/{code}-{number}", body)
        return str(answer.body["code"]) if answer.status == 409 else str(answer.status)

    return Counter(await asyncio.gather(*(one(number, customer) for number, customer in enumerate(customers))))


async def test_a_coupon_for_one_is_redeemed_by_one(shop: Shop) -> None:
    """Fifty customers redeem it at once."""
    await shop.offer_coupon("for-one", [f"sku-{n}" for n in range(7)], percent=10, limit=1)
    customers = [f"redeemer-{number}" for number in range(50)]

    assert await redeem(shop, "for-one", customers) == {"202": 1, "coupon-exhausted": 49}


async def test_a_customer_redeems_a_coupon_once(shop: Shop) -> None:
    """Fifty baskets of theirs present it at once."""
    await shop.offer_coupon("for-each", [f"sku-{n}" for n in range(7)], percent=10)

    assert await redeem(shop, "for-each", ["greedy"] * 50) == {"202": 1, "coupon-used": 49}


# --- one cart


async def test_a_checkout_that_is_posted_a_hundred_times_is_one(shop: Shop) -> None:
    """With one key: one answer, one order, one payment at Stripe."""
    await shop.offer({"plenty": 1000}, cents=CENTS)
    cart = await shop.fill_cart("impatient", {"plenty": 3}, name="impatient")
    post = ("POST", CHECKOUTS, checkout_body(cart, await shop.preview("impatient", cart)))

    answers = await asyncio.gather(*(shop.insist(*post, by="impatient", key="again and again") for _ in range(100)))
    checkout = answers[0].body["id"]
    ended = await shop.ended(checkout)

    assert {answer.identity for answer in answers} == {answers[0].identity}
    assert (answers[0].status, ended["status"], ended["total"]) == (202, "completed", usd(3 * CENTS))
    orders = await shop.listed("/orders/v1/orders?customer_id=impatient")
    assert [order["id"] for order in orders] == [checkout]
    assert await paid(shop, checkout) == [("succeeded", 3 * CENTS)]


async def test_twenty_checkouts_of_one_cart_make_one_order(shop: Shop) -> None:
    """One takes the cart. The others find another version of it, or have to wait, and have cost nothing."""
    await shop.offer({"plenty": 1000}, cents=CENTS)
    cart = await shop.fill_cart("undecided", {"plenty": 2}, name="undecided")

    body = checkout_body(cart, await shop.preview("undecided", cart))
    answers = await asyncio.gather(
        *(shop.insist("POST", CHECKOUTS, body, by="undecided", key=f"undecided-{number}") for number in range(20))
    )
    checkouts = [answer.body["id"] for answer in answers if answer.status == 202]
    ended = await shop.all_ended(checkouts)

    outcomes = Counter(body["reason"]["code"] if body["reason"] else body["status"] for body in ended.values())
    outcomes.update(answer.body["code"] for answer in answers if answer.status != 202)
    assert (outcomes["completed"], outcomes.total()) == (1, 20)
    assert outcomes.keys() == {"completed", "version-mismatch", "too-many-attempts"}
    (completed,) = [checkout for checkout, body in ended.items() if body["status"] == "completed"]
    orders = await shop.listed("/orders/v1/orders?customer_id=undecided")
    assert [(order["id"], order["status"]) for order in orders] == [(completed, "placed")]
    assert await paid(shop, *checkouts) == [("succeeded", 2 * CENTS)]


async def paid(shop: Shop, *payments: str) -> list[tuple[str, int]]:
    """Status and amount of every payment at Stripe that belongs to one of these."""
    intents = await shop.intents()
    return [(each["status"], each["amount"]) for each in intents if each["metadata"]["payment_id"] in payments]


# --- a parcel


async def ready(shop: Shop, buyer: str) -> str:
    """The id of an order whose shipment is packed."""
    cart = await shop.fill_cart(buyer, {"parcel": 1}, name=buyer)
    order = await shop.check_out(buyer, cart, name=buyer)
    assert (await shop.ended(order))["status"] == "completed"
    shipment = f"/fulfillment/v1/shipments/{order}-1"
    await until(lambda: is_there(shop, shipment))
    for step in ("pick", "pack"):
        await shop.must("POST", f"{shipment}/{step}", key=f"{order}/{step}")
    return order


async def is_there(shop: Shop, path: str) -> bool:
    return (await shop.send("GET", path)).status == 200


async def cancelled(shop: Shop, order: str) -> str:
    """How a cancellation ends."""
    begun = await shop.must("POST", f"/orders/v1/orders/{order}/cancel", {"reason": "fraud"}, key=f"{order}/cancel")
    path, seen = f"/orders/v1/cancellations/{begun.body['id']}", {"status": "running"}

    async def over() -> bool:
        answer = await shop.send("GET", path)
        seen.update(answer.body if answer.status == 200 else {})
        return seen["status"] != "running"

    await until(over)
    return seen["status"]


async def race(shop: Shop, order: str) -> tuple[int, str]:
    """It is dispatched and cancelled at the same time."""
    dispatch = {"carrier": "UPS", "tracking": "T1"}
    path = f"/fulfillment/v1/shipments/{order}-1/dispatch"
    sent, end = await asyncio.gather(
        shop.insist("POST", path, dispatch, key=f"{order}/dispatch"), cancelled(shop, order)
    )
    return sent.status, end


async def test_a_parcel_is_dispatched_or_cancelled_and_never_both(shop: Shop) -> None:
    """Goods, money and stock agree on which."""
    await shop.offer({"parcel": CANCELLED}, cents=CENTS)
    orders = await together(4, (ready(shop, f"parcel-{number}") for number in range(CANCELLED)))

    ends = await asyncio.gather(*(race(shop, order) for order in orders))

    assert set(ends) <= {(202, "refused"), (409, "completed")}
    assert await contradictions(shop) == []


async def test_read_models_are_the_fold_of_the_log(shop: Shop, rush: dict[str, dict[str, Any]]) -> None:
    """After all of this, over all services, document by document."""
    assert await differing_read_models(shop) == {}
