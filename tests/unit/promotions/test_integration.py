"""What promotions publish, and what they keep to themselves."""

from datetime import UTC, datetime

import pytest

from functions.promotions import integration
from functions.promotions.events import (
    AppliedCoupon,
    AppliedDiscount,
    BasketLine,
    CouponsRedeemed,
    CouponUsed,
    PercentOff,
    RedemptionBarred,
    RedemptionReleased,
)
from functions.promotions.integration import RedeemedDiscount, keep_private, redemption_to_integration
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Money

AT = datetime(2017, 1, 15, 12, tzinfo=UTC)
TENTH = PercentOff(kind="percent", percent=10)


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def test_a_redemption_is_published_with_what_it_took_off() -> None:
    """Others learn which coupons were redeemed and what each took off which line; the basket itself is not told."""
    event = CouponsRedeemed(
        redemption_id="r1",
        customer_id="900",
        currency="USD",
        coupons=tuple(
            AppliedCoupon(code=code, campaign_id="26", discount=TENTH, stated=None) for code in ("26.1", "26.2")
        ),
        lines=(BasketLine(sku="milk", quantity=1, total=usd(300)),),
        discounts=(AppliedDiscount(code="26.1", sku="milk", amount=usd(30), reason="10 % off"),),
        total_discount=usd(30),
        at=AT,
    )

    assert redemption_to_integration(event) == integration.CouponRedeemed(
        redemption_id="r1",
        customer_id="900",
        campaign_ids=("26",),
        codes=("26.1", "26.2"),
        discounts=(RedeemedDiscount(code="26.1", sku="milk", amount=usd(30), reason="10 % off"),),
        total_discount=usd(30),
        redeemed_at=AT,
    )


def test_a_release_is_published() -> None:
    """Others learn that a redemption came to nothing."""
    event = RedemptionReleased(redemption_id="r1", customer_id="900", codes=("26.1",), reason="declined", at=AT)

    assert redemption_to_integration(event) == integration.RedemptionReleased(
        redemption_id="r1", codes=("26.1",), reason="declined"
    )


def test_a_barred_redemption_stays_private() -> None:
    """What was never redeemed is no news to anybody."""
    assert redemption_to_integration(RedemptionBarred(redemption_id="r1", reason="declined", at=AT)) is None


def test_coupons_and_their_uses_stay_private() -> None:
    """A use is published with its redemption, not by itself."""
    used = CouponUsed(code="26.1", customer_id="900", redemption_id="r1", at=AT)

    assert keep_private(used) is None  # type: ignore[func-returns-value] # that it is nothing is the point


@pytest.mark.parametrize("published", [integration.CouponRedeemed, integration.RedemptionReleased])
def test_examples_round_trip(published: type[IntegrationEvent]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
