"""What promotions do about cancelled orders."""

import pytest

from functions.orders.integration import EXAMPLE_CANCELLED, OrderCancelled
from functions.promotions.reactor import REACTIONS
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.promotions.conftest import Promotions

V1 = "/promotions/v1"
DATES = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-04-01T00:00:00Z"}
(REACTION,) = REACTIONS


def cancelled(*, placed: bool = True, checkout_id: str = "k1") -> OrderCancelled:
    return OrderCancelled.model_validate({**EXAMPLE_CANCELLED, "checkout_id": checkout_id, "placed": placed})


async def redeem(service: ApiSpec, redemption: str, customer: str = "900") -> Reply:
    total = {"amount": 398, "currency": "USD"}
    lines = [{"sku": "milk", "quantity": 2, "total": total}]
    body = {"customer_id": customer, "currency": "USD", "coupons": [{"code": "26.few"}], "lines": lines}
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
    """The producer's documented example can be read, and is of the type that is waited for."""
    assert REACTION.type == OrderCancelled.TYPE
    assert REACTION.reads.model_validate(EXAMPLE_CANCELLED)


async def test_the_coupon_of_a_cancelled_order_can_be_used_again(promotions: Promotions, service: ApiSpec) -> None:
    """By the same customer, also if there was only one of it."""
    assert await promotions.told(cancelled()) == "done"

    assert (await redeem(service, "k2")).status == 202


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
