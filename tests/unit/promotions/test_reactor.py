"""What promotions do about orders that came to nothing."""

import pytest

from functions.orders.integration import EXAMPLE_CANCELLED, EXAMPLE_ORDER_LOST, OrderCancelled, OrderLost
from functions.promotions.reactor import REACTIONS
from shared.eventsourcing.message import IntegrationEvent
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.promotions.conftest import Promotions

V1 = "/promotions/v1"
DATES = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-04-01T00:00:00Z"}


def cancelled(*, placed: bool = True, checkout_id: str = "k1") -> OrderCancelled:
    return OrderCancelled.model_validate({**EXAMPLE_CANCELLED, "checkout_id": checkout_id, "placed": placed})


LOST = OrderLost.model_validate({**EXAMPLE_ORDER_LOST, "checkout_id": "k1"})


async def redeem(
    service: ApiSpec, redemption: str, customer: str = "900", *, code: str = "26.few", **stated: object
) -> Reply:
    total = {"amount": 398, "currency": "USD"}
    lines = [{"sku": "milk", "quantity": 2, "total": total}]
    body = {"customer_id": customer, "currency": "USD", "coupons": [{"code": code, **stated}], "lines": lines}
    return await service.send("PUT", f"{V1}/redemptions/{redemption}", json=body)


@pytest.fixture(autouse=True)
async def redeemed(operator: ApiSpec, service: ApiSpec) -> None:
    """The checkout k1 has redeemed the only one there is of a coupon."""
    await operator.send("PUT", f"{V1}/campaigns/26", json={"name": "Winter", "kind": "Type B", **DATES})
    discount = {"kind": "percent", "percent": 10}
    coupon = {"campaign_id": "26", "skus": ["milk"], **DATES, "discount": discount, "limit": 1}
    await operator.send("PUT", f"{V1}/coupons/26.few", json=coupon)
    await redeem(service, "k1")


def test_understands_what_orders_publish() -> None:
    """The producer's documented examples can be read, and are of the types that are waited for."""
    examples = {OrderCancelled.TYPE: EXAMPLE_CANCELLED, OrderLost.TYPE: EXAMPLE_ORDER_LOST}

    assert [each.type for each in REACTIONS] == list(examples)
    assert all(each.reads.model_validate(examples[each.type]) for each in REACTIONS)


@pytest.mark.parametrize("news", [cancelled(), LOST], ids=["cancelled", "lost"])
async def test_the_coupon_of_an_order_that_came_to_nothing_can_be_used_again(
    promotions: Promotions, service: ApiSpec, news: IntegrationEvent
) -> None:
    """By the same customer, also if there was only one of it."""
    assert await promotions.told(news) == "done"

    assert (await redeem(service, "k2")).status == 202


async def test_a_coupon_that_took_off_nothing_can_be_used_again_too(
    operator: ApiSpec, promotions: Promotions, service: ApiSpec
) -> None:
    """A till stated so. No order shows it: its redemption does."""
    coupon = {"campaign_id": "26", "skus": ["milk"], **DATES, "discount": {"kind": "stated"}}
    await operator.send("PUT", f"{V1}/coupons/26.till", json=coupon)
    nothing = {"stated": {"amount": 0, "currency": "USD"}}
    await redeem(service, "k5", "902", code="26.till", **nothing)

    await promotions.told(cancelled(checkout_id="k5"))

    assert (await redeem(service, "k6", "902", code="26.till", **nothing)).status == 202


async def test_a_coupon_is_freed_once(promotions: Promotions, service: ApiSpec) -> None:
    """News that come twice take nothing from those who redeemed since."""
    await promotions.told(cancelled())
    await redeem(service, "k2")

    outcomes = [await promotions.told(cancelled(), message) for message in ("order-o1@5.0", "order-o1@6.0")]

    assert outcomes == ["duplicate", "done"]
    assert (await redeem(service, "k3", "901")).json["code"] == "coupon-exhausted"


async def test_an_order_that_was_not_placed_is_its_checkouts_business(promotions: Promotions, service: ApiSpec) -> None:
    """Which releases its redemption itself."""
    assert await promotions.told(cancelled(placed=False)) == "nothing to do"

    assert (await redeem(service, "k2")).json["code"] == "coupon-exhausted"


async def test_of_an_order_without_coupons_nothing_is_kept(promotions: Promotions) -> None:
    """Its checkout is over: no redemption of it could come late."""
    assert await promotions.told(cancelled(checkout_id="k9")) == "done"

    assert await promotions.log("redemption-k9") == []
