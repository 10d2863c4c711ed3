"""What a redemption asks of its coupons and of their uses."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.promotions.amounts import redeemed
from functions.promotions.commands import (
    FreeCoupon,
    Period,
    PresentedCoupon,
    Redeem,
    RedeemCoupon,
    Release,
    ReleaseCoupon,
    Terms,
    UseCoupon,
)
from functions.promotions.events import BasketLine, CampaignDefined, CouponDefined, PercentOff, use_id
from functions.promotions.plans import campaign_period, redemption_targets, release_targets
from functions.promotions.state import Campaign, Coupon, Redemption, Status
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, tzinfo=UTC)
LATER = AT + timedelta(days=7)
TEN_PERCENT = PercentOff(kind="percent", percent=10)
DEFINED = CouponDefined(
    code="c1",
    campaign_id="26",
    skus=("milk", "rye"),
    starts_at=AT,
    ends_at=LATER,
    discount=TEN_PERCENT,
    limit=None,
    at=AT,
)
SAID = CampaignDefined(campaign_id="26", name="Spring", kind="A", starts_at=AT, ends_at=LATER, at=AT)
WEEK = Period(starts_at=AT, ends_at=LATER)
REDEEM = Redeem(
    redemption_id="r1",
    customer_id="900",
    currency="USD",
    coupons=(PresentedCoupon(code="c1", stated=None),),
    lines=(
        BasketLine(sku="milk", quantity=1, total=Money(amount=250, currency="USD")),
        BasketLine(sku="tea", quantity=1, total=Money(amount=100, currency="USD")),
    ),
    terms=(),
    at=AT,
)
TERMS = Terms(code="c1", campaign_id="26", discount=TEN_PERCENT, skus=frozenset({"milk"}))
COMPLETE = REDEEM.model_copy(update={"terms": (TERMS,)})
RELEASE = Release(redemption_id="r1", reason="declined", at=LATER)
HELD = Redemption(status=Status.REDEEMED, account=redeemed(COMPLETE))


def knowing(**states: Any) -> Read:
    """States by category; everything else was never heard of."""
    absent: Mapping[str, Any] = {"campaign": Campaign(), "coupon": Coupon(), "redemption": Redemption()}

    async def read(category: str, _: str) -> Any:
        return states.get(category, absent[category])

    return read


def own(command: Redeem | Release) -> Target:
    return Target("redemption", "r1", command)


class TestACampaign:
    async def test_has_its_period(self) -> None:
        """As it was said last."""
        assert await campaign_period(knowing(campaign=Campaign(said=SAID)), "26") == WEEK

    async def test_that_is_not_there_has_none(self) -> None:
        """Whoever asks finds out by that."""
        assert await campaign_period(knowing(), "26") is None


class TestARedemption:
    async def test_takes_each_coupon_and_its_use(self) -> None:
        """The coupon counts while its campaign runs, and the customer has used it: in the redemption's own commit."""
        targets = await redemption_targets(knowing(coupon=Coupon(said=DEFINED), campaign=Campaign(said=SAID)), REDEEM)

        use = UseCoupon(code="c1", customer_id="900", redemption_id="r1", at=AT)
        assert targets == [
            Target("coupon", "c1", RedeemCoupon(code="c1", campaign=WEEK, redemption_id="r1", at=AT)),
            Target("coupon_use", use_id("c1", "900"), use),
            own(COMPLETE),
        ]

    async def test_knows_the_products_in_its_basket_only(self) -> None:
        """Of thousands of products that a coupon is valid for, those that are bought matter."""
        targets = await redemption_targets(knowing(coupon=Coupon(said=DEFINED)), REDEEM)

        assert targets[-1].command.terms[0].skus == {"milk"}

    async def test_with_an_unknown_coupon_has_no_terms_for_it(self) -> None:
        """The redemption refuses it then."""
        targets = await redemption_targets(knowing(), REDEEM)

        assert targets[-1] == own(REDEEM)

    @pytest.mark.parametrize("known", [HELD, Redemption(status=Status.RELEASED)])
    async def test_that_was_asked_for_before_decides_alone(self, known: Redemption) -> None:
        """Its coupons are taken, by itself."""
        targets = await redemption_targets(knowing(redemption=known, coupon=Coupon(said=DEFINED)), REDEEM)

        assert targets == [own(REDEEM)]


class TestARelease:
    async def test_frees_what_is_held(self) -> None:
        """The coupon counts one less, and the customer may use it again."""
        targets = await release_targets(knowing(redemption=HELD), RELEASE)

        use = FreeCoupon(code="c1", customer_id="900", redemption_id="r1", at=LATER)
        assert targets == [
            own(RELEASE),
            Target("coupon", "c1", ReleaseCoupon(redemption_id="r1", at=LATER)),
            Target("coupon_use", use_id("c1", "900"), use),
        ]

    @pytest.mark.parametrize("known", [Redemption(), HELD.model_copy(update={"status": Status.RELEASED})])
    async def test_of_what_is_not_held_frees_nothing(self, known: Redemption) -> None:
        """A redemption that never was, or was released before, holds no coupon."""
        assert await release_targets(knowing(redemption=known), RELEASE) == [own(RELEASE)]
