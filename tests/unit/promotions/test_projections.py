"""What the read models of promotions show, event by event."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.promotions.events import (
    AppliedCoupon,
    AppliedDiscount,
    BasketLine,
    CampaignDefined,
    CouponDefined,
    CouponEvent,
    CouponFreed,
    CouponRedemptionCounted,
    CouponRedemptionUncounted,
    CouponsRedeemed,
    CouponUsed,
    PercentOff,
    RedemptionBarred,
    RedemptionReleased,
    use_id,
)
from functions.promotions.projections import project_campaign, project_coupon, project_redemption, project_use
from functions.promotions.read_models import CouponView
from shared.eventsourcing.money import Money

AT = datetime(2017, 1, 15, 12, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
TENTH = PercentOff(kind="percent", percent=10)
COUNTED = CouponRedemptionCounted(redemption_id="r1", at=LATER)
UNCOUNTED = CouponRedemptionUncounted(redemption_id="r1", at=LATER)


def defined(limit: int | None) -> CouponDefined:
    return CouponDefined(
        code="26.1",
        campaign_id="26",
        skus=("milk", "tea"),
        starts_at=AT,
        ends_at=LATER,
        discount=TENTH,
        limit=limit,
        at=AT,
    )


def shown(*events: CouponEvent) -> CouponView:
    document: CouponView | None = None
    for event in events:
        document = project_coupon(document, event)
    assert document is not None
    return document


def redeemed() -> CouponsRedeemed:
    thirty = Money(amount=30, currency="USD")
    return CouponsRedeemed(
        redemption_id="r1",
        customer_id="900",
        currency="USD",
        coupons=(AppliedCoupon(code="26.1", campaign_id="26", discount=TENTH, stated=None),),
        lines=(BasketLine(sku="milk", quantity=1, total=Money(amount=300, currency="USD")),),
        discounts=(AppliedDiscount(code="26.1", sku="milk", amount=thirty, reason="10 % off"),),
        total_discount=thirty,
        at=AT,
    )


def test_a_campaign_is_shown_as_it_was_said_last() -> None:
    """A campaign that is defined anew is shown anew."""
    first = CampaignDefined(campaign_id="26", name="Winter", kind="Type B", starts_at=AT, ends_at=LATER, at=AT)
    anew = first.model_copy(update={"name": "Deep winter", "at": LATER})

    view = project_campaign(project_campaign(None, first), anew)

    assert view is not None
    assert (view.id, view.name, view.changed_at) == ("26", "Deep winter", LATER)


class TestACoupon:
    def test_shows_for_how_many_products_it_is_valid(self) -> None:
        """Thousands of products are a number here; the history has them."""
        assert shown(defined(None)).products == 2

    def test_counts_its_redemptions(self) -> None:
        """A limited coupon shows how often it was redeemed."""
        counts = [shown(defined(5), *events).redeemed for events in ((), (COUNTED,), (COUNTED, COUNTED, UNCOUNTED))]

        assert counts == [0, 1, 1]

    def test_without_limit_counts_nothing(self) -> None:
        """Nobody knows how often an unlimited coupon was redeemed; its uses can be listed."""
        assert shown(defined(None)).redeemed is None

    def test_defined_anew_keeps_its_count(self) -> None:
        """Another limit starts no new count."""
        assert shown(defined(5), COUNTED, defined(9)).redeemed == 1

    def test_has_no_count_before_its_definition(self) -> None:
        """A projection does not guess."""
        with pytest.raises(ValueError, match="before CouponDefined"):
            project_coupon(None, COUNTED)


def test_a_use_is_shown_until_it_is_freed() -> None:
    """A customer's coupon is used, and free again after a release."""
    used = CouponUsed(code="26.1", customer_id="900", redemption_id="r1", at=AT)
    freed = CouponFreed(code="26.1", customer_id="900", redemption_id="r1", at=LATER)

    first = project_use(None, used)
    second = project_use(first, freed)

    assert first is not None
    assert second is not None
    assert (first.id, first.status, second.status) == (use_id("26.1", "900"), "used", "free")


class TestARedemption:
    def test_shows_what_was_taken_off_and_why(self) -> None:
        """The whole account is in the document."""
        view = project_redemption(None, redeemed())

        assert view is not None
        assert view.model_dump(mode="json") == {
            "id": "r1",
            "customer_id": "900",
            "status": "redeemed",
            "currency": "USD",
            "coupons": [
                {
                    "code": "26.1",
                    "campaign_id": "26",
                    "discount": {"kind": "percent", "percent": 10},
                    "stated": None,
                }
            ],
            "lines": [{"sku": "milk", "quantity": 1, "total": {"amount": 300, "currency": "USD"}}],
            "discounts": [
                {"code": "26.1", "sku": "milk", "amount": {"amount": 30, "currency": "USD"}, "reason": "10 % off"}
            ],
            "total_discount": {"amount": 30, "currency": "USD"},
            "redeemed_at": "2017-01-15T12:00:00Z",
            "released_at": None,
            "release_reason": None,
        }

    def test_shows_its_release(self) -> None:
        """A released redemption says when and why, and what it would have been."""
        released = RedemptionReleased(
            redemption_id="r1", customer_id="900", codes=("26.1",), reason="declined", at=LATER
        )

        view = project_redemption(project_redemption(None, redeemed()), released)

        assert view is not None
        assert (view.status, view.released_at, view.release_reason) == ("released", LATER, "declined")
        assert view.total_discount.amount == 30

    def test_that_was_barred_is_not_shown(self) -> None:
        """Where nothing was redeemed there is nothing to show."""
        assert project_redemption(None, RedemptionBarred(redemption_id="r1", reason="declined", at=AT)) is None

    def test_has_no_release_before_it(self) -> None:
        """A projection does not guess."""
        released = RedemptionReleased(redemption_id="r1", customer_id="900", codes=(), reason="declined", at=AT)
        with pytest.raises(ValueError, match="before CouponsRedeemed"):
            project_redemption(None, released)
