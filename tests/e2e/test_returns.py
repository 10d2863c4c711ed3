"""Goods that come back, over HTTP: a customer asks, staff approve and look at what arrived; only then money and goods
move.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.adapters.system import new_id
from shared.eventsourcing.ids import subject_id
from tests.e2e.embedded_shop import PRICE, SKU, STOCK, Shop, opened, reception
from tests.e2e.rig import held

pytestmark = pytest.mark.asyncio(loop_scope="module")
RETURNS = "/returns/v1/returns"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with held(opened(tmp_path_factory.mktemp("shop"))) as shop:
        yield shop


@pytest_asyncio.fixture(loop_scope="module")
async def stocked(shop: Shop) -> Shop:
    """With goods that nobody else has bought."""
    await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", {"quantity": STOCK, "reference": new_id()})
    await shop.platform.caught_up()
    return shop


async def delivered(shop: Shop, customer: str, quantity: int) -> str:
    """The id of an order that has arrived."""
    order = await shop.buy(customer, quantity)
    await shop.deliver(order)
    await shop.platform.caught_up()
    return order


async def refused(shop: Shop, order: str, customer: str, quantity: int = 1, **more: object) -> str:
    """Why a return comes to nothing."""
    asked = {"order_id": order, "lines": [{"sku": SKU, "quantity": quantity}], "reason": "damaged", **more}
    by = None if more else customer
    started = (await shop.ask("POST", RETURNS, asked, customer=by))["id"]
    seen = await shop.becomes(f"{RETURNS}/{started}", lambda body: body["status"] == "failed")
    return str(seen["reason"]["code"])


async def given_back(shop: Shop, order: str) -> int:
    await shop.platform.caught_up()
    return int((await shop.ask("GET", f"/orders/v1/orders/{order}"))["refunded"]["amount"])


async def test_asking_moves_neither_money_nor_goods(stocked: Shop) -> None:
    """Buy 2, delivered, asked to return: nothing is refunded, and nobody else can buy what is not back; approved it is
    the same, and only what arrived counts.
    """
    order = await delivered(stocked, "920", 2)
    before = await stocked.stock()

    asked = await stocked.asks_to_return(order, "920", 2)
    untouched = (await given_back(stocked, order), await stocked.stock())
    await stocked.ask("POST", f"{RETURNS}/{asked}/approve")
    await stocked.becomes(f"{RETURNS}/{asked}", lambda body: body["waits_for"] == "reception")
    approved = (await given_back(stocked, order), await stocked.stock())
    cart = (await stocked.ask("POST", "/cart/v1/carts", {"currency": "USD"}, customer="921"))["id"]
    line = {"sku": SKU, "quantity": before[1] + 1}
    filled = await stocked.ask("POST", f"/cart/v1/carts/{cart}/items", line, customer="921")
    checkout = await stocked.check_out(cart, filled["version"], customer="921")
    ended = await stocked.becomes(f"/checkout/v1/checkouts/{checkout}", lambda body: body["status"] == "failed")

    assert untouched == approved == (0, before)
    assert ended["reason"]["step"] == "reserve_items"


async def test_what_is_on_its_way_cannot_be_returned(stocked: Shop) -> None:
    """It can be asked again when it has arrived."""
    order = await stocked.buy("922", 1)
    early = await refused(stocked, order, "922")
    await stocked.deliver(order)

    assert early == "not-delivered"
    assert await stocked.asks_to_return(order, "922", 1)


async def test_what_arrived_is_refunded_and_what_is_sound_is_sold_again(stocked: Shop) -> None:
    """Of four one is damaged and one missing: three are refunded, two are on the shelf, and the fourth can be returned
    later. The customer was told where to send them.
    """
    order = await delivered(stocked, "923", 4)
    before = await stocked.stock()

    asked = await stocked.asks_to_return(order, "923", 4)
    ended = await stocked.receives(asked, sound=2, damaged=1, missing=1)
    after = (await given_back(stocked, order), await stocked.stock())
    await stocked.receives(await stocked.asks_to_return(order, "923", 1), sound=1)
    seen = await stocked.becomes(f"/orders/v1/orders/{order}", lambda body: body["status"] == "returned")

    assert ended["received"] == reception(2, 1, 1)["lines"]
    assert ended["refund"]["amount"] == 3 * PRICE
    assert after == (3 * PRICE, (before[0] + 2, before[1] + 2))
    assert seen["lines"][0]["returned"] == 4
    assert await given_back(stocked, order) == 4 * PRICE
    assert [mail for mail in await stocked.mails("Your return") if order in mail["subject"]]


async def test_a_reception_is_said_once(stocked: Shop) -> None:
    """The same again is nothing, something else is refused; and what does not add up is refused with what does."""
    order = await delivered(stocked, "924", 2)
    asked = await stocked.asks_to_return(order, "924", 2)
    path = f"{RETURNS}/{asked}/receive"

    early = await stocked.send("POST", path, reception(2))
    await stocked.ask("POST", f"{RETURNS}/{asked}/approve")
    wrong = [await stocked.send("POST", path, each) for each in (reception(3), reception(0, 0, 2))]
    first, again = [await stocked.send("POST", path, reception(1, 1)) for _ in range(2)]
    other = await stocked.send("POST", path, reception(2))
    late = await stocked.send("POST", f"{RETURNS}/{asked}/refuse", {"reason": "used"})
    await stocked.becomes(f"{RETURNS}/{asked}", lambda body: body["status"] == "completed")

    assert (early[0], early[1]["code"]) == (409, "not-awaited")
    assert [(status, body["code"]) for status, body in wrong] == [(409, "pieces-differ"), (409, "nothing-arrived")]
    assert (first[0], again[0]) == (202, 202)
    assert [(status, body["code"]) for status, body in (other, late)] == [
        (409, "decided-otherwise"),
        (409, "not-awaited"),
    ]
    assert await given_back(stocked, order) == 2 * PRICE


async def test_what_was_delivered_long_ago_stays(stocked: Shop) -> None:
    """Staff who say that it was asked for in time can take it back."""
    order = await stocked.buy("925", 1)
    shipment = f"/fulfillment/v1/shipments/{order}-1"
    await stocked.becomes(shipment, lambda body: body["id"])
    for step, body in {
        "pick": None,
        "pack": None,
        "dispatch": {"carrier": "UPS", "tracking": "T1", "at": "2020-01-01T12:00:00Z"},
        "deliver": {"at": "2020-01-02T12:00:00Z"},
    }.items():
        await stocked.ask("POST", f"{shipment}/{step}", body)
    await stocked.becomes(f"/orders/v1/orders/{order}", lambda body: body["status"] == "delivered")

    assert await refused(stocked, order, "925") == "too-late"
    assert await refused(stocked, order, "925", at="2020-02-02T12:00:00Z") == "too-late"
    assert await stocked.asks_to_return(order, None, 1, at="2020-01-31T12:00:00Z")


@pytest.mark.parametrize("approved", [False, True])
async def test_a_return_can_be_refused_until_it_is_here(stocked: Shop, *, approved: bool) -> None:
    """At once, or when nothing came: nothing moves, the customer is told, and the pieces can be returned by another."""
    customer = f"926{approved}"
    order = await delivered(stocked, customer, 1)
    before = await stocked.stock()
    asked = await stocked.asks_to_return(order, customer, 1)
    if approved:
        await stocked.ask("POST", f"{RETURNS}/{asked}/approve")

    body = {"reason": "nothing-arrived"}
    answers = [await stocked.send("POST", f"{RETURNS}/{asked}/refuse", body) for _ in range(2)]
    seen = await stocked.becomes(f"{RETURNS}/{asked}", lambda body: body["status"] == "refused")
    late = await stocked.send("POST", f"{RETURNS}/{asked}/receive", reception(1))
    again = await stocked.send("POST", f"{RETURNS}/{asked}/approve")
    after = (await given_back(stocked, order), await stocked.stock())

    assert [status for status, _ in answers] == [202, 202]
    assert (again[0], again[1]["code"]) == (409, "not-awaited")
    assert (seen["reason"]["code"], seen["reason"]["detail"]) == ("refused", "nothing-arrived")
    assert (late[0], late[1]["code"]) == (409, "not-awaited")
    assert after == (0, before)
    told = [mail for mail in await stocked.mails("was refused") if order in mail["subject"]]
    assert len(told) == 1
    await stocked.receives(await stocked.asks_to_return(order, customer, 1), sound=1)


async def test_customers_have_no_say_in_what_staff_decide(stocked: Shop) -> None:
    """They withdraw their own return, which staff do not; somebody else's is not there."""
    order = await delivered(stocked, "927", 1)
    asked = await stocked.asks_to_return(order, "927", 1)
    path = f"{RETURNS}/{asked}"
    bodies = {"approve": {}, "refuse": {"reason": "other"}, "receive": reception(1)}

    own = [(await stocked.send("POST", f"{path}/{each}", body, customer="927"))[0] for each, body in bodies.items()]
    others = [
        (await stocked.send("GET", path, customer="928"))[0],
        (await stocked.send("POST", f"{path}/withdraw", {}, customer="928"))[0],
    ]
    foreign = await refused(stocked, order, "928")
    staff = (await stocked.send("POST", f"{path}/withdraw", {}))[0]
    await stocked.ask("POST", f"{path}/withdraw", {}, customer="927")
    await stocked.becomes(path, lambda body: body["status"] == "withdrawn")

    assert own == [403, 403, 403]
    assert others == [404, 404]
    assert staff == 403
    assert foreign == "not-found"


async def test_a_piece_comes_back_once(stocked: Shop) -> None:
    """While a return of it is under way, however far, no other can be asked for, by whomever; who asked at once is not
    mailed of that, as they see the answer.
    """
    order = await delivered(stocked, "929", 1)
    before = await stocked.stock()

    first = await stocked.asks_to_return(order, "929", 1)
    early = await refused(stocked, order, "929")
    await stocked.ask("POST", f"{RETURNS}/{first}/approve")
    approved = await refused(stocked, order, "929", at="2026-01-01T12:00:00Z")
    await stocked.ask("POST", f"{RETURNS}/{first}/receive", reception(1))
    await stocked.becomes(f"{RETURNS}/{first}", lambda body: body["status"] == "completed")
    late = await refused(stocked, order, "929")

    assert [early, approved, late] == ["not-returnable"] * 3
    assert await given_back(stocked, order) == PRICE
    assert not [mail for mail in await stocked.mails("came to nothing") if order in mail["subject"]]
    assert await stocked.stock() == (before[0] + 1, before[1] + 1)


async def test_two_that_are_asked_for_at_once_are_one(stocked: Shop) -> None:
    """Of one piece: whoever is first."""
    order = await delivered(stocked, "931", 1)
    asked = {"order_id": order, "lines": [{"sku": SKU, "quantity": 1}], "reason": "damaged"}

    both = await asyncio.gather(*(stocked.ask("POST", RETURNS, asked, customer="931") for _ in range(2)))
    paths = [f"{RETURNS}/{each['id']}" for each in both]
    ends = [await stocked.becomes(path, lambda body: body["status"] != "running") for path in paths]

    assert sorted(each["status"] for each in ends) == ["failed", "waiting"]


async def test_who_is_leaving_begins_no_return(stocked: Shop) -> None:
    """From the request on, without any lag; staff may still start one."""
    order = await delivered(stocked, "930", 1)
    await stocked.ask("POST", f"/customers/v1/customers/{subject_id('930')}/erase", {}, customer="930")

    body = {"order_id": order, "lines": [{"sku": SKU, "quantity": 1}], "reason": "damaged"}
    status, answer = await stocked.send("POST", RETURNS, body, customer="930")

    assert (status, answer["code"]) == (409, "customer-is-leaving")
    assert await stocked.asks_to_return(order, None, 1)
