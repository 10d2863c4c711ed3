"""What the checkout asks of whom, and what it learns."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.checkout import workflow
from functions.checkout.workflow import CHECKOUT_WORKFLOW
from shared.eventsourcing.workflow.declaration import Refuse, check

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
    "expected_total": {"amount": 830, "currency": "USD"},
    "currency": "USD",
    "channel": "web",
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


def cart(**changed: Any) -> dict[str, Any]:
    return {"customer_id": "900", "channel": "web", "currency": "USD", "lines": DATA["lines"], **changed}


def test_the_cart_is_bought_as_the_customer_saw_it() -> None:
    """It is read at that version, and taken at that version or not at all."""
    assert workflow.read_cart(DATA).path == "/carts/c1?version=7"
    assert workflow.check_out_cart(DATA).if_match == 7


def test_the_cart_is_asked_for_its_customer() -> None:
    """Whose cart it is, the cart knows: somebody else's is refused before anything is done."""
    asked = workflow.check_out_cart(DATA).body

    assert asked is not None
    assert (asked["checkout_id"], asked["customer_id"]) == (DATA["checkout_id"], DATA["customer_id"])


@pytest.mark.parametrize(
    ("found", "code"), [(cart(customer_id="901"), "cart-not-found"), (cart(lines=[]), "cart-is-empty")]
)
def test_what_cannot_be_bought_turns_back(found: Mapping[str, Any], code: str) -> None:
    """Of somebody else's cart nobody learns that it exists; an empty one holds nothing to sell."""
    with pytest.raises(Refuse) as refused:
        workflow.learn_lines(DATA, found)

    assert refused.value.code == code


def test_products_that_are_not_sold_are_named() -> None:
    """By what the catalog calls them."""
    unavailable = [{"sku": "milk", "name": "Fine milk"}, {"sku": "x", "name": "x"}]

    with pytest.raises(Refuse, match="Fine milk, x") as refused:
        workflow.learn_all_are_sold(DATA, {"unavailable": unavailable})

    assert refused.value.code == "product-not-sold"


@pytest.mark.parametrize(("channel", "skipped"), [("web", False), ("pos", True)])
def test_a_till_sells_what_it_has_in_its_hand(channel: str, *, skipped: bool) -> None:
    """The catalog is asked about what is bought on the web."""
    assert CHECKOUT_WORKFLOW.step("check_products").skip({**DATA, "channel": channel}) == skipped


PRICED = [{"sku": "tea", "quantity": 1, "total": usd(830)}]
QUOTE = {"lines": [{"sku": "milk", "unit_price": usd(250), "total": usd(500)}]}
DISCOUNTS = {"discounts": [{"code": "TEN", "sku": "milk", "amount": usd(50), "reason": "x"}]}
BEFORE = {name: value for name, value in DATA.items() if name not in ("quoted", "discounts", "order_id", "total")}
LAST_TO_KNOW = {
    "read_cart": ({**BEFORE, "coupons": []}, cart(lines=PRICED)),
    "quote": ({**BEFORE, "coupons": [], "expected_total": usd(880)}, QUOTE),
    "redeem_coupons": ({**BEFORE, "quoted": DATA["quoted"]}, DISCOUNTS),
}
"""The step that is the last to tell what the total is made of: what is known before it, and its answer."""


@pytest.mark.parametrize("step", LAST_TO_KNOW)
def test_another_total_turns_back_as_soon_as_it_is_known(step: str) -> None:
    """What the customer saw is what they pay; the refusal shows both."""
    data, answer = LAST_TO_KNOW[step]
    learn = CHECKOUT_WORKFLOW.step(step).learn

    learn(data, answer)
    with pytest.raises(Refuse, match=rf"it comes to {data['expected_total']['amount']} USD") as refused:
        learn({**data, "expected_total": usd(1)}, answer)

    assert refused.value.code == "total-differs"


@pytest.mark.parametrize(("step", "answer"), [("read_cart", cart()), ("quote", QUOTE)])
def test_a_total_is_not_judged_before_it_is_known(step: str, answer: Mapping[str, Any]) -> None:
    """As long as prices or coupons are still to come."""
    CHECKOUT_WORKFLOW.step(step).learn({**BEFORE, "expected_total": usd(1)}, answer)


def test_another_currency_is_another_total() -> None:
    """The same number of another money was not agreed on."""
    data, answer = LAST_TO_KNOW["redeem_coupons"]

    with pytest.raises(Refuse):
        CHECKOUT_WORKFLOW.step("redeem_coupons").learn(
            {**data, "expected_total": {"amount": 830, "currency": "EUR"}}, answer
        )


def test_only_lines_without_a_total_are_quoted() -> None:
    """What a till has charged stands."""
    assert body(workflow.get_quote) == {"items": [{"sku": "milk", "quantity": 2}], "currency": "USD"}


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
    workflow.get_quote,
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
