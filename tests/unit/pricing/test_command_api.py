"""The commands of pricing as their callers see them."""

import pytest

from shared.testing.api_spec import ApiSpec
from tests.unit.pricing.conftest import Pricing

PRICES = "/pricing/v1/prices"
LISTS = "/pricing/v1/price-lists"
PRICE = {"price": {"amount": 199, "currency": "USD"}}
DATED = {**PRICE, "valid_from": "2026-01-01T00:00:00Z"}


async def test_a_price_is_set_and_published(pricing: Pricing, operator: ApiSpec) -> None:
    """A price is one commit, and others are told."""
    reply = await operator.send("PUT", f"{PRICES}/milk", json=PRICE)

    (message,) = pricing.topics.on("pricing-events")
    assert (reply.status, reply.headers["location"], reply.headers["etag"]) == (202, f"{PRICES}/milk", '"1"')
    assert (message.attributes["ce-type"], message.attributes["ce-subject"]) == (
        "commerce.pricing.PriceChanged.v1",
        "milk",
    )


async def test_a_list_is_one_commit_for_each_product(pricing: Pricing, operator: ApiSpec) -> None:
    """A product may stand in a list several times, for different times."""
    later = {**PRICE, "valid_from": "2026-04-01T00:00:00Z"}
    prices = [{"sku": "milk", **DATED}, {"sku": "tea", **DATED}, {"sku": "milk", **later}]

    reply = await operator.send("PUT", f"{LISTS}/week-10", json={"prices": prices})

    assert (reply.status, await pricing.versions("milk", "tea")) == (202, [1, 1])
    assert len(pricing.topics.on("pricing-events")) == 3


async def test_a_list_sent_again_changes_nothing(pricing: Pricing, operator: ApiSpec) -> None:
    """A list is safe to repeat, with or without a key."""
    prices = [{"sku": "milk", **DATED}, {"sku": "tea", **DATED}]

    replies = [await operator.send("PUT", f"{LISTS}/week-10", json={"prices": prices}) for _ in range(2)]

    assert ([reply.status for reply in replies], await pricing.versions("milk", "tea")) == ([202, 202], [1, 1])


async def test_a_list_is_taken_whole_or_not_at_all(pricing: Pricing, operator: ApiSpec) -> None:
    """One price that contradicts another refuses the whole list."""
    other = {"price": {"amount": 5, "currency": "USD"}, "valid_from": DATED["valid_from"]}
    prices = [{"sku": "milk", **DATED}, {"sku": "tea", **DATED}, {"sku": "tea", **other}]

    reply = await operator.send("PUT", f"{LISTS}/week-10", json={"prices": prices})

    assert (reply.status, reply.json["code"]) == (409, "price-ambiguous")
    assert await pricing.versions("milk", "tea") == [0, 0]


@pytest.mark.parametrize("since", ["1969-12-31T23:59:59Z", "2200-01-01T00:00:01Z", "9999-12-31T23:59:59-05:00"])
async def test_a_price_begins_in_times_that_can_be_stored(operator: ApiSpec, since: str) -> None:
    """A time before 1970 or after 2199 is refused where it is stated."""
    reply = await operator.send("PUT", f"{PRICES}/milk", json={**PRICE, "valid_from": since})

    assert (reply.status, reply.fields_at_fault) == (400, ["valid_from"])


async def test_a_customer_sets_no_price(pricing: Pricing) -> None:
    """Prices are for operators and services to set."""
    reply = await pricing.caller("900", "customer").send("PUT", f"{PRICES}/milk", json=PRICE)

    assert reply.status == 403
