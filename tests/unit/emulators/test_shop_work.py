"""What the staff of the shop does: set up, sell, ship, wait, ask."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from emulators.feed.client import NoAnswerError
from emulators.feed.tills import FeedError
from emulators.shop.answers import Answers, ask, awaited, settle
from emulators.shop.cancelling import cancel
from emulators.shop.choose import Back, Fate
from emulators.shop.returning import take_back
from emulators.shop.selling import CHECKOUTS, Selling, Sold, sell, taken
from emulators.shop.setting_up import set_up
from emulators.shop.warehouse import ship
from tests.unit.emulators.cart_in_miniature import silent
from tests.unit.emulators.shop_in_miniature import ShopInMiniature, staff_of
from tests.unit.emulators.shop_parts import AT, DECLINED, EMPTY, PLAN, SOLD

IN_STOCK = "/inventory/v1/stock?status=available&limit=1"
SHIPMENT = "/fulfillment/v1/shipments/o1-1"
ENDED: dict[str, Any] = {
    "id": "it",
    "status": "completed",
    "started_at": "2026-01-01T10:00:00Z",
    "ended_at": "2026-01-01T10:00:01.500Z",
}
PLACED = {
    "1": Sold("c1", "o1", 150, ENDED, seen=1.0, taken=1.0),
    "2": Sold("c2", "o2", 75, None, seen=None, taken=None),
}


async def opened(shop: ShopInMiniature) -> None:
    async with staff_of(shop) as staff:
        await set_up(staff.operator, PLAN, workers=2, progress=silent)


async def sold(shop: ShopInMiniature, *, patience: float = 5.0) -> Selling:
    async with staff_of(shop) as staff:
        return await sell(staff.till, [SOLD], workers=1, patience=patience, progress=silent)


async def test_everything_is_there_before_the_shop_opens() -> None:
    """Customers, products, prices, stock and campaigns; coupons last, for they need their campaigns. By an operator."""
    shop = ShopInMiniature()

    await opened(shop)

    assert {role for role, *_ in shop.taken} == {"operator"}
    assert shop.paths("POST") == ["/catalog/v1/imports"]
    assert set(shop.paths("PUT")) == {
        "/customers/v1/customers/900",
        "/catalog/v1/imports/it/chunks/1",
        "/pricing/v1/price-lists/test.1",
        "/inventory/v1/receipts/test.1",
        "/promotions/v1/campaigns/18",
        "/promotions/v1/coupons/18.777",
    }
    assert shop.paths("PUT")[-1] == "/promotions/v1/coupons/18.777"


async def test_what_is_withheld_is_not_received() -> None:
    """All else is, for the baskets that are turned back, too."""
    shop = ShopInMiniature()

    await opened(shop)

    (receipt,) = (body for *_, path, body in shop.taken if path.startswith("/inventory"))
    assert receipt["lines"] == [{"sku": "11", "quantity": 3}, {"sku": "14", "quantity": 3}]


async def test_a_campaign_lasts_until_the_end_of_its_last_day() -> None:
    """In the retailer's time, and so do its coupons, which are for all of their products."""
    shop = ShopInMiniature()

    await opened(shop)

    (campaign, coupon) = (body for *_, path, body in shop.taken if path.startswith("/promotions"))
    period = {"starts_at": "2017-10-30T04:00:00Z", "ends_at": "2017-12-25T05:00:00Z"}
    assert campaign == {"name": "Campaign 18", "kind": "Type A", **period}
    assert coupon == {
        "campaign_id": "18",
        "skus": ["11", "99"],
        **period,
        "discount": {"kind": "stated"},
        "limit": None,
    }


async def test_setting_up_again_sends_the_same_again() -> None:
    """Same keys, same bodies: the platform has nothing to do, even if there are goods by now."""
    shop = ShopInMiniature(documents={IN_STOCK: [{"items": []}, {"items": [{"id": "11"}]}]})

    await opened(shop)
    first = len(shop.taken)
    await opened(shop)

    assert sorted(map(str, shop.taken[:first])) == sorted(map(str, shop.taken[first:]))
    assert sorted(shop.keys[:first]) == sorted(shop.keys[first:])


async def test_another_run_s_goods_are_in_the_way() -> None:
    """They would fill the stock that is to be short."""
    with pytest.raises(FeedError, match="other goods in stock"):
        await opened(ShopInMiniature(documents={IN_STOCK: [{"items": [{"id": "99"}]}]}))


async def test_what_is_not_accepted_is_an_error() -> None:
    """With what was asked and what came back."""
    with pytest.raises(FeedError, match=r"POST /catalog/v1/imports: expected 202, got 409"):
        await opened(ShopInMiniature(status=409))


async def test_a_basket_is_filled_and_checked_out_by_the_till() -> None:
    """Lines are charged before the coupon, which is stated; refused lines are remembered."""
    shop = ShopInMiniature(documents={f"{CHECKOUTS}/it": [None, {**ENDED, "status": "running"}, ENDED]})

    async with staff_of(shop) as staff:
        await sell(staff.till, [SOLD], workers=1, patience=5.0, progress=silent)
        refused = [refused.line.sku for refused in staff.sent.refused_lines]

    assert {role for role, *_ in shop.taken} == {"pos"}
    assert refused == ["12"]
    *_, added, refusal, checkout = (body for *_, body in shop.taken)
    assert (added["charged"]["amount"], refusal["quantity"]) == (250, 0)
    assert checkout.pop("shipping_address")["country"] == "US"
    assert checkout == {
        "cart_id": "it",
        "cart_version": 1,
        "expected_total": {"amount": 150, "currency": "USD"},
        "payment_token": SOLD.card,
        "coupons": [{"code": "18.777", "stated": {"amount": 100, "currency": "USD"}}],
        "customer_id": "900",
        "at": SOLD.basket.at.isoformat().replace("+00:00", "Z"),
    }


async def test_a_checkout_is_followed_to_its_end() -> None:
    """Measured as the till sees it and by its own timeline."""
    shop = ShopInMiniature(documents={f"{CHECKOUTS}/it": [None, {**ENDED, "status": "running"}, ENDED]})

    result = await sold(shop)

    it = result.sold["1"]
    assert it.completed
    assert it.taken == 1500
    assert it.seen is not None
    assert result.seconds * 1000 > it.seen > 0


async def test_what_was_over_before_is_not_measured() -> None:
    """An answer to a repeated request says nothing about how long the first one took."""
    shop = ShopInMiniature(documents={f"{CHECKOUTS}/it": [ENDED]})
    await sold(shop)

    again = (await sold(shop)).sold["1"]

    assert again.completed
    assert (again.seen, again.taken) == (None, None)


async def test_a_checkout_that_does_not_end_is_left_as_it_is() -> None:
    """The books will tell."""
    it = (await sold(ShopInMiniature(), patience=0.0)).sold["1"]

    assert (it.completed, it.document, it.seen) == (False, None, None)


def test_a_checkout_that_is_stuck_has_no_duration() -> None:
    """It is not over."""
    assert taken({**ENDED, "status": "stuck", "ended_at": None}) is None


async def test_what_is_paid_is_picked_packed_dispatched_and_delivered() -> None:
    """As soon as its shipment is there; nothing else is touched."""
    shop = ShopInMiniature(documents={SHIPMENT: [None, {"id": "o1-1"}]})

    async with staff_of(shop) as staff:
        await ship(staff.operator, [SOLD, DECLINED], PLACED, workers=2, patience=5.0, progress=silent)

    assert {role for role, *_ in shop.taken} == {"operator"}
    assert shop.paths("POST") == [f"{SHIPMENT}/{step}" for step in ("pick", "pack", "dispatch", "deliver")]


async def test_a_shipment_that_does_not_appear_is_an_error() -> None:
    """It names the basket."""
    async with staff_of(ShopInMiniature()) as staff:
        with pytest.raises(FeedError, match="basket 1: no shipment o1-1 within 0 s"):
            await ship(staff.operator, [SOLD], PLACED, workers=1, patience=0.0, progress=silent)


async def test_what_is_cancelled_before_it_leaves_is_followed_to_its_end() -> None:
    """Its cancellation is remembered; nothing else is touched."""
    path = "/orders/v1/cancellations/it"
    shop = ShopInMiniature(documents={path: [None, {"status": "running"}, {"status": "completed"}]})
    given_up = replace(SOLD, fate=Fate.CANCELLED)

    async with staff_of(shop) as staff:
        found = await cancel(staff.operator, [given_up, DECLINED], PLACED, workers=2, patience=5.0, progress=silent)

    assert shop.paths("POST") == ["/orders/v1/orders/o1/cancel"]
    assert (found["1"].cancellation_id, found["2"].cancellation_id) == ("it", None)


@pytest.mark.parametrize(("status", "ends"), [("refused", True), ("completed", False)])
async def test_what_has_left_must_not_be_cancelled(status: str, ends: bool) -> None:
    """A cancellation that goes through then is an error."""
    documents = {SHIPMENT: [{"id": "o1-1"}], "/orders/v1/cancellations/it": [{"status": status}]}
    coming = replace(SOLD, back=Back("11", sound=1, damaged=1, missing=0))

    async with staff_of(ShopInMiniature(documents=dict(documents))) as staff:
        with nullcontext() if ends else pytest.raises(FeedError, match="it is completed, not refused"):
            await ship(staff.operator, [coming], PLACED, workers=1, patience=5.0, progress=silent)


async def test_what_comes_back_is_asked_for_approved_and_received() -> None:
    """When it is at the door; its return is remembered."""
    coming = replace(SOLD, back=Back("11", sound=1, damaged=1, missing=0))
    documents = {
        "/orders/v1/orders/o1": [None, {"status": "shipped"}, {"status": "delivered"}],
        "/returns/v1/returns/it": [None, {"status": "running"}, {"status": "waiting"}],
    }
    shop = ShopInMiniature(documents=dict(documents))

    async with staff_of(shop) as staff:
        found = await take_back(staff.operator, [coming, DECLINED], PLACED, workers=2, patience=5.0, progress=silent)

    assert shop.paths("POST") == [
        "/returns/v1/returns",
        "/returns/v1/returns/it/approve",
        "/returns/v1/returns/it/receive",
    ]
    assert (found["1"].return_id, found["2"].return_id) == ("it", None)


async def test_what_never_arrives_does_not_come_back() -> None:
    """It names the basket."""
    coming = replace(SOLD, back=Back("11", sound=1, damaged=1, missing=0))
    async with staff_of(ShopInMiniature()) as staff:
        with pytest.raises(FeedError, match="basket 1: nothing came back within 0 s"):
            await take_back(staff.operator, [coming], PLACED, workers=1, patience=0.0, progress=silent)


async def test_the_run_waits_for_what_must_come() -> None:
    """Each read model in its own time."""
    waited_for = {
        "/cart/v1/carts/c1": "checked-out",
        "/inventory/v1/reservations/o1": "shipped",
        "/notifications/v1/mails/order_placed.o1": "sent",
        "/notifications/v1/mails/shipment_dispatched.o1-1": "sent",
        "/orders/v1/orders/o1": "delivered",
    }
    shop = ShopInMiniature(documents={path: [None, {"status": status}] for path, status in waited_for.items()})

    async with staff_of(shop) as staff:
        found = await settle(staff.operator, [SOLD], PLACED, workers=1, patience=20.0, progress=silent)

    assert found.behind == []
    assert all(len(answers) == 1 for answers in shop.documents.values())


async def test_who_does_not_settle_is_named() -> None:
    """After all patience."""
    async with staff_of(ShopInMiniature()) as staff:
        found = await settle(staff.operator, [SOLD, DECLINED], PLACED, workers=1, patience=0.0, progress=silent)

    assert found.behind == ["1", "2"]


async def test_lists_are_read_to_their_end() -> None:
    """Page by page."""
    mails = "/notifications/v1/mails?"
    shop = ShopInMiniature(
        documents={
            f"{mails}&limit=200": [{"items": [{"id": "m1"}], "next": "more"}],
            f"{mails}&limit=200&cursor=more": [{"items": [{"id": "m2"}], "next": None}],
            "/orders/v1/orders/o1": [{"id": "o1"}],
        }
    )
    found = Answers()

    async with staff_of(shop) as staff:
        await ask(staff.operator, [SOLD], PLACED, found, workers=1, progress=silent)

    assert [each["id"] for each in found.mails] == ["m1", "m2"]
    assert (list(found.orders), found.payments, found.sink) == (["o1"], {}, None)


async def test_a_question_that_fails_is_an_error() -> None:
    """Nothing is concluded from a broken answer."""
    async with staff_of(ShopInMiniature(not_found=500)) as staff:
        with pytest.raises(NoAnswerError, match="GET /orders/v1/orders/o1: 500"):
            await staff.operator.find("/orders/v1/orders/o1")


def test_the_empty_basket_is_only_to_stay_as_it_is() -> None:
    """There is nothing to come."""
    assert EMPTY.quantities == {}
    assert EMPTY.basket.at > AT


@pytest.mark.parametrize(("presented", "waits"), [(SOLD.coupons, True), ((), False)], ids=["coupons", "none"])
def test_the_coupons_of_a_cancelled_order_are_waited_for(presented: Any, *, waits: bool) -> None:
    """They are given back by who hears of it, a moment later; an order without any has no redemption."""
    sale = replace(SOLD, fate=Fate.CANCELLED, coupons=presented)
    cancelled = replace(PLACED["1"], cancellation_id="o1-c1")

    assert ("/promotions/v1/redemptions/o1" in awaited(sale, cancelled)) is waits
