"""What the checkout asks of whom, and what it learns."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.checkout import workflow
from functions.checkout.workflow import CHECKOUT_WORKFLOW
from shared.eventsourcing.workflow.declaration import check

DATA: Mapping[str, Any] = {
    "checkout_id": "k1",
    "cart_id": "c1",
    "customer_id": "900",
    "payment_token": "pm_card_visa",
    "shipping_address": "sealed:x",
    "country": "US",
    "coupons": [{"code": "TEN"}],
    "at": None,
    "started_at": "2026-03-01T12:00:00+00:00",
    "cart_version": 7,
    "currency": "USD",
    "lines": [
        {"sku": "milk", "quantity": 2, "total": None},
        {"sku": "tea", "quantity": 1, "total": {"amount": 380, "currency": "USD"}},
    ],
    "quoted": {
        "milk": {
            "unit_price": {"amount": 250, "currency": "USD"},
            "total": {"amount": 500, "currency": "USD"},
        }
    },
    "discounts": [{"code": "TEN", "sku": "milk", "amount": {"amount": 50, "currency": "USD"}}],
    "order_id": "k1",
    "total": {"amount": 830, "currency": "USD"},
}


def usd(cents: int) -> dict[str, object]:
    return {"amount": cents, "currency": "USD"}


def body(asked: Any) -> Any:
    return asked(DATA).body


def test_it_can_be_taken_back_safely() -> None:
    """Every step before the pivot only reads, or is undone by something that may be repeated and may come first."""
    assert check(CHECKOUT_WORKFLOW) == []


def test_nothing_that_may_be_refused_lies_behind_the_pivot() -> None:
    """When the money is taken the goods are allocated: only the order is told."""
    names = [step.name for step in CHECKOUT_WORKFLOW.steps]

    assert names[names.index("capture_payment") + 1 :] == ["place_order"]


def test_goods_are_kept_longer_than_a_checkout_may_take() -> None:
    """A reservation does not expire under a checkout that is still on its way to the pivot."""
    assert workflow.HELD_FOR >= 2 * workflow.DEADLINE


def test_the_cart_is_read_as_it_was_checked_out() -> None:
    """The version of the checkout's own answer, or a later one, never an earlier one."""
    learned = workflow.learn_cart_version(DATA, {"id": "c1", "version": 9})

    assert workflow.read_cart({**DATA, **learned}).path == "/carts/c1?min_version=9"


def test_the_cart_is_asked_for_its_customer() -> None:
    """Whose cart it is, the cart knows: somebody else's is refused before anything is done."""
    body = workflow.check_out_cart(DATA).body

    assert body is not None
    assert (body["checkout_id"], body["customer_id"]) == (DATA["checkout_id"], DATA["customer_id"])


def test_only_lines_without_a_total_are_quoted() -> None:
    """What a till has charged stands."""
    assert workflow.get_quote(DATA).path == "/quotes?items=milk%3A2&currency=USD"


def test_prices_are_those_of_the_stated_time() -> None:
    """A till that sends its baskets later gets the prices of then."""
    at = "2017-03-06T12:00:00+00:00"

    assert workflow.get_quote({**DATA, "at": at}).path.endswith("&at=2017-03-06T12%3A00%3A00%2B00%3A00")


def test_coupons_are_redeemed_for_priced_lines() -> None:
    """Promotions sees what every line costs, and nothing it does not need."""
    asked = body(workflow.redeem_coupons)

    assert asked["lines"] == [
        {"sku": "milk", "quantity": 2, "total": usd(500)},
        {"sku": "tea", "quantity": 1, "total": usd(380)},
    ]
    assert asked["coupons"] == [{"code": "TEN"}]


def test_the_order_has_all_that_was_agreed_on() -> None:
    """Lines with their prices, discounts by coupon, the sealed address, and the ids of what belongs to it."""
    asked = body(workflow.create_order)

    assert asked["lines"] == [
        {"sku": "milk", "quantity": 2, "unit_price": usd(250), "total": usd(500)},
        {"sku": "tea", "quantity": 1, "unit_price": None, "total": usd(380)},
    ]
    assert (asked["discounts"], asked["shipping"], asked["tax"]) == (DATA["discounts"], usd(0), usd(0))
    assert asked["total"] == workflow.learn_total(DATA, {})["total"]
    assert (asked["shipping_address"], asked["reservation_id"], asked["payment_id"]) == ("sealed:x", "k1", "k1")


def test_the_card_is_asked_for_the_total() -> None:
    """What is authorized is what the order comes to, and what it is placed with."""
    total = workflow.learn_total(DATA, {})["total"]

    assert total == usd(830)
    assert body(workflow.authorize_payment)["amount"] == body(workflow.place_order)["captured"] == total


@pytest.mark.parametrize(
    ("step", "data", "skipped"),
    [
        ("quote", DATA, False),
        ("quote", {**DATA, "lines": DATA["lines"][1:]}, True),
        ("redeem_coupons", DATA, False),
        ("redeem_coupons", {**DATA, "coupons": []}, True),
        ("authorize_payment", DATA, False),
        ("authorize_payment", {**DATA, "total": usd(0)}, True),
        ("capture_payment", {**DATA, "total": usd(0)}, True),
    ],
)
def test_what_there_is_nothing_to_do_for_is_skipped(step: str, data: Mapping[str, Any], *, skipped: bool) -> None:
    """No quote without an unpriced line, no redemption without a coupon, no card for nothing."""
    assert CHECKOUT_WORKFLOW.step(step).skip(data) == skipped


BODIES: list[Callable[[Mapping[str, Any]], Any]] = [
    workflow.check_out_cart,
    workflow.redeem_coupons,
    workflow.create_order,
    workflow.confirm_order,
    workflow.authorize_payment,
    workflow.place_order,
]


@pytest.mark.parametrize("asked", BODIES, ids=lambda asked: asked.__name__)
def test_the_business_time_goes_along_where_it_was_stated(asked: Callable[[Mapping[str, Any]], Any]) -> None:
    """Everybody books a till's basket at the time of the till, and any other at their own."""
    at = "2017-03-06T12:00:00+00:00"

    assert "at" not in asked(DATA).body
    assert asked({**DATA, "at": at}).body["at"] == at


@pytest.mark.parametrize("step", CHECKOUT_WORKFLOW.steps, ids=lambda step: step.name)
def test_the_same_data_asks_the_same(step: Any) -> None:
    """A request that is repeated is the same request, and so is its undo."""
    calls = [step.call, *([step.undo.call] if step.undo else [])]

    assert all(call(DATA) == call(dict(DATA)) for call in calls)
