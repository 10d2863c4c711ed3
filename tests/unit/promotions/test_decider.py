"""The rules of campaigns, coupons, their uses and redemptions, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.promotions.amounts import redeemed
from functions.promotions.commands import (
    CampaignCommand,
    CouponCommand,
    CouponUseCommand,
    DefineCampaign,
    DefineCoupon,
    FreeCoupon,
    Period,
    PresentedCoupon,
    Redeem,
    RedeemCoupon,
    RedemptionCommand,
    Release,
    ReleaseCoupon,
    Terms,
    UseCoupon,
    WithdrawCoupon,
)
from functions.promotions.decider import (
    CAMPAIGN_DECIDER,
    COUPON_DECIDER,
    COUPON_USE_DECIDER,
    REDEMPTION_DECIDER,
)
from functions.promotions.events import (
    BasketLine,
    CampaignDefined,
    CampaignEvent,
    CouponDefined,
    CouponEvent,
    CouponFreed,
    CouponRedemptionCounted,
    CouponRedemptionUncounted,
    CouponUsed,
    CouponUseEvent,
    CouponWithdrawn,
    PercentOff,
    RedemptionBarred,
    RedemptionEvent,
    RedemptionReleased,
    use_id,
)
from functions.promotions.state import Campaign, Coupon, CouponUse, Redemption
from shared.eventsourcing.errors import NotFoundError
from shared.eventsourcing.money import Money
from shared.testing.decider_spec import DeciderSpec

START = datetime(2017, 1, 1, tzinfo=UTC)
AT = datetime(2017, 1, 15, 12, tzinfo=UTC)
END = datetime(2017, 2, 1, tzinfo=UTC)
MONTH = Period(starts_at=START, ends_at=END)
OTHER_MONTH = Period(starts_at=START, ends_at=END + timedelta(days=1))
TENTH = PercentOff(kind="percent", percent=10)

campaign = DeciderSpec[CampaignCommand, CampaignEvent, Campaign](CAMPAIGN_DECIDER)
coupon = DeciderSpec[CouponCommand, CouponEvent, Coupon](COUPON_DECIDER)
use = DeciderSpec[CouponUseCommand, CouponUseEvent, CouponUse](COUPON_USE_DECIDER)
redemption = DeciderSpec[RedemptionCommand, RedemptionEvent, Redemption](REDEMPTION_DECIDER)


class TestACampaign:
    command = DefineCampaign(campaign_id="26", name="Winter", kind="Type B", period=MONTH, at=AT)
    defined = CampaignDefined(campaign_id="26", name="Winter", kind="Type B", starts_at=START, ends_at=END, at=AT)

    def test_is_defined(self) -> None:
        """A campaign has a name, a kind and its time."""
        campaign.given().when(self.command).then(self.defined)

    def test_defined_the_same_again_is_no_change(self) -> None:
        """What is known changes nothing."""
        campaign.given(self.defined).when(self.command).then_nothing()

    def test_can_be_defined_anew(self) -> None:
        """What is said last holds."""
        anew = self.command.model_copy(update={"name": "Deep winter"})
        campaign.given(self.defined).when(anew).then(self.defined.model_copy(update={"name": "Deep winter"}))

    def test_ends_after_it_starts(self) -> None:
        """A time of no length is refused."""
        never = self.command.model_copy(update={"period": Period(starts_at=START, ends_at=START)})
        campaign.given().when(never).then_refused("period-is-empty", field="ends_at")


def define(
    *skus: str, limit: int | None = None, period: Period = MONTH, campaign: Period | None = MONTH
) -> DefineCoupon:
    return DefineCoupon(
        code="26.100",
        campaign_id="26",
        campaign=campaign,
        skus=frozenset(skus or ("milk", "tea")),
        period=period,
        discount=TENTH,
        limit=limit,
        at=AT,
    )


def defined(*skus: str, limit: int | None = None) -> CouponDefined:
    return CouponDefined(
        code="26.100",
        campaign_id="26",
        skus=skus or ("milk", "tea"),
        starts_at=START,
        ends_at=END,
        discount=TENTH,
        limit=limit,
        at=AT,
    )


def redeem_coupon(redemption_id: str = "r1", at: datetime = AT, campaign: Period = MONTH) -> RedeemCoupon:
    return RedeemCoupon(code="26.100", campaign=campaign, redemption_id=redemption_id, at=at)


COUNTED = CouponRedemptionCounted(redemption_id="r1", at=AT)
UNCOUNTED = CouponRedemptionUncounted(redemption_id="r1", at=AT)


class TestDefiningACoupon:
    def test_says_what_it_is_valid_for(self) -> None:
        """A coupon holds its products in one order, however they were listed."""
        coupon.given().when(define("tea", "milk")).then(defined("milk", "tea"))

    def test_the_same_again_is_no_change(self) -> None:
        """The same products in another order are the same coupon."""
        coupon.given(defined("milk", "tea")).when(define("tea", "milk")).then_nothing()

    def test_anew_replaces_it(self) -> None:
        """What is said last holds."""
        coupon.given(defined("milk", "tea")).when(define("rye")).then(defined("rye"))

    def test_needs_its_campaign(self) -> None:
        """A coupon belongs to a campaign that exists."""
        coupon.given().when(define(campaign=None)).then_refused("campaign-not-found", field="campaign_id")

    def test_beyond_its_campaign_is_refused(self) -> None:
        """A coupon's dates lie within those of its campaign, as it is when the coupon is defined."""
        coupon.given().when(define(period=OTHER_MONTH)).then_refused("outside-campaign", field="starts_at")

    def test_for_no_time_is_refused(self) -> None:
        """A time of no length is refused."""
        never = Period(starts_at=START, ends_at=START)
        coupon.given().when(define(period=never)).then_refused("period-is-empty", field="ends_at")

    def test_a_limit_cannot_be_set_later(self) -> None:
        """Nobody counted the redemptions of a coupon without limit."""
        coupon.given(defined()).when(define(limit=5)).then_refused("limit-too-late", field="limit")

    @pytest.mark.parametrize("limit", [1, 9, None])
    def test_a_limit_can_be_changed(self, limit: int | None) -> None:
        """A limit can be raised, lowered and lifted."""
        coupon.given(defined(limit=5)).when(define(limit=limit)).then(defined(limit=limit))


class TestRedeemingACoupon:
    def test_without_limit_writes_nothing(self) -> None:
        """A coupon without limit has no stream that all its customers write to."""
        coupon.given(defined()).when(redeem_coupon()).then_nothing()

    def test_with_a_limit_is_counted(self) -> None:
        """A limited coupon counts its redemptions, and nothing else."""
        coupon.given(defined(limit=1)).when(redeem_coupon()).then(COUNTED)

    def test_beyond_the_limit_is_refused(self) -> None:
        """The last redemption is the last."""
        coupon.given(defined(limit=1), COUNTED).when(redeem_coupon("r2")).then_refused(
            "coupon-exhausted", field="26.100"
        )

    def test_after_a_release_is_counted_again(self) -> None:
        """What was released can be had by somebody else."""
        again = CouponRedemptionCounted(redemption_id="r2", at=AT)
        coupon.given(defined(limit=1), COUNTED, UNCOUNTED).when(redeem_coupon("r2")).then(again)

    def test_that_does_not_exist_is_refused(self) -> None:
        """An unknown code is refused."""
        coupon.given().when(redeem_coupon()).then_refused("coupon-not-found", field="26.100")

    @pytest.mark.parametrize(
        ("at", "code"), [(START - timedelta(microseconds=1), "coupon-not-started"), (END, "coupon-expired")]
    )
    def test_outside_its_time_is_refused(self, at: datetime, code: str) -> None:
        """A coupon is valid from its start up to, and not including, its end."""
        coupon.given(defined()).when(redeem_coupon(at=at)).then_refused(code, field="26.100")

    @pytest.mark.parametrize("at", [START, END - timedelta(microseconds=1)])
    def test_in_its_time_is_possible(self, at: datetime) -> None:
        """The first and the last moment count."""
        coupon.given(defined()).when(redeem_coupon(at=at)).then_nothing()

    @pytest.mark.parametrize(
        ("campaign", "code"),
        [
            (Period(starts_at=START, ends_at=AT), "coupon-expired"),
            (Period(starts_at=AT + timedelta(microseconds=1), ends_at=END), "coupon-not-started"),
        ],
    )
    def test_outside_its_campaigns_time_is_refused(self, campaign: Period, code: str) -> None:
        """A campaign that is ended early ends its coupons, and one that is put off puts them off."""
        coupon.given(defined()).when(redeem_coupon(campaign=campaign)).then_refused(code, field="26.100")

    def test_of_a_longer_campaign_ends_all_the_same(self) -> None:
        """A campaign that goes on longer leaves its coupons their dates."""
        coupon.given(defined()).when(redeem_coupon(at=END, campaign=OTHER_MONTH)).then_refused(
            "coupon-expired", field="26.100"
        )

    def test_its_state_does_not_grow(self) -> None:
        """A coupon keeps a number, not the names of its customers."""
        many = [CouponRedemptionCounted(redemption_id=f"r{n}", at=AT) for n in range(1000)]
        before, after = (coupon.given(defined(limit=2000), *events).state() for events in ((), many))

        assert after.redeemed == 1000
        assert len(COUPON_DECIDER.dump_state(after)) - len(COUPON_DECIDER.dump_state(before)) == 3


WITHDRAW = WithdrawCoupon(code="26.100", at=AT)
WITHDRAWN = CouponWithdrawn(code="26.100", at=AT)


class TestWithdrawingACoupon:
    def test_is_written_down(self) -> None:
        """A coupon can be withdrawn."""
        coupon.given(defined()).when(WITHDRAW).then(WITHDRAWN)

    def test_twice_is_no_change(self) -> None:
        """What is withdrawn stays withdrawn, since the first time."""
        coupon.given(defined(), WITHDRAWN).when(WITHDRAW).then_nothing()

    def test_that_does_not_exist_is_refused(self) -> None:
        """A code that was mistyped is not taken for a coupon that was withdrawn."""
        with pytest.raises(NotFoundError, match="no such coupon"):
            coupon.given().when(WITHDRAW).then_nothing()

    def test_ends_it(self) -> None:
        """Nobody redeems it any more."""
        coupon.given(defined(), WITHDRAWN).when(redeem_coupon()).then_refused("coupon-withdrawn", field="26.100")

    def test_leaves_what_was_before(self) -> None:
        """A till may tell later of what it sold before."""
        before = redeem_coupon(at=AT - timedelta(microseconds=1))
        coupon.given(defined(limit=1), WITHDRAWN).when(before).then(COUNTED.model_copy(update={"at": before.at}))

    def test_is_taken_back_by_defining_it_again(self) -> None:
        """The same words again are a change then: it can be redeemed again, and counts on."""
        coupon.given(defined(), WITHDRAWN).when(define()).then(defined())
        coupon.given(defined(limit=1), COUNTED, WITHDRAWN, defined(limit=1)).when(redeem_coupon("r2")).then_refused(
            "coupon-exhausted", field="26.100"
        )

    def test_lets_redemptions_be_released(self) -> None:
        """What was redeemed can still come to nothing."""
        coupon.given(defined(limit=1), COUNTED, WITHDRAWN).when(ReleaseCoupon(redemption_id="r1", at=AT)).then(
            UNCOUNTED
        )


class TestReleasingACoupon:
    command = ReleaseCoupon(redemption_id="r1", at=AT)

    def test_with_a_limit_is_counted_back(self) -> None:
        """A released redemption does not count."""
        coupon.given(defined(limit=1), COUNTED).when(self.command).then(UNCOUNTED)

    @pytest.mark.parametrize("history", [(), (defined(),), (defined(limit=1),), (defined(limit=1), COUNTED, defined())])
    def test_that_was_not_counted_does_nothing(self, history: tuple[CouponEvent, ...]) -> None:
        """There is nothing to take back where nothing was counted, or is counted any more."""
        coupon.given(*history).when(self.command).then_nothing()


def use_coupon(redemption_id: str = "r1") -> UseCoupon:
    return UseCoupon(code="26.100", customer_id="900", redemption_id=redemption_id, at=AT)


def free_coupon(redemption_id: str = "r1") -> FreeCoupon:
    return FreeCoupon(code="26.100", customer_id="900", redemption_id=redemption_id, at=AT)


USED = CouponUsed(code="26.100", customer_id="900", redemption_id="r1", at=AT)
FREED = CouponFreed(code="26.100", customer_id="900", redemption_id="r1", at=AT)


class TestUsingACoupon:
    def test_once_is_possible(self) -> None:
        """A customer uses a coupon."""
        use.given().when(use_coupon()).then(USED)

    def test_twice_is_refused(self) -> None:
        """Once a customer, for ever."""
        use.given(USED).when(use_coupon("r2")).then_refused("coupon-used", field="26.100")

    def test_for_the_same_redemption_again_does_nothing(self) -> None:
        """The same use is one use."""
        use.given(USED).when(use_coupon()).then_nothing()

    def test_after_it_was_freed_is_possible(self) -> None:
        """A redemption that came to nothing used nothing."""
        use.given(USED, FREED).when(use_coupon("r2")).then(USED.model_copy(update={"redemption_id": "r2"}))

    def test_it_is_freed_by_its_own_redemption(self) -> None:
        """Who used it can give it back."""
        use.given(USED).when(free_coupon()).then(FREED)

    @pytest.mark.parametrize("history", [(), (USED, FREED), (USED.model_copy(update={"redemption_id": "r2"}),)])
    def test_it_is_freed_by_no_other(self, history: tuple[CouponUseEvent, ...]) -> None:
        """A late release frees nothing that is not its own."""
        use.given(*history).when(free_coupon()).then_nothing()

    def test_no_two_pairs_share_a_stream(self) -> None:
        """Code and customer are told apart, whatever they are made of."""
        assert use_id("a.b", "c") != use_id("a", "b.c")


def redeem(redemption_id: str = "r1", *, sku: str = "milk", at: datetime = AT) -> Redeem:
    return Redeem(
        redemption_id=redemption_id,
        customer_id="900",
        currency="USD",
        coupons=(PresentedCoupon(code="26.100", stated=None),),
        lines=(BasketLine(sku=sku, quantity=2, total=Money(amount=300, currency="USD")),),
        terms=(Terms(code="26.100", campaign_id="26", discount=TENTH, skus=frozenset({"milk"})),),
        at=at,
    )


RELEASE = Release(redemption_id="r1", reason="card declined", at=AT)
RELEASED = RedemptionReleased(redemption_id="r1", customer_id="900", codes=("26.100",), reason="card declined", at=AT)
BARRED = RedemptionBarred(redemption_id="r1", reason="card declined", at=AT)


class TestARedemption:
    def test_is_accounted_for(self) -> None:
        """What was redeemed is written down with its terms, its lines and its discounts."""
        redemption.given().when(redeem()).then(redeemed(redeem()))

    def test_asked_for_again_does_nothing(self) -> None:
        """The same redemption is redeemed once, also where its terms are not looked up again."""
        again = redeem(at=AT + timedelta(days=60)).model_copy(update={"terms": ()})
        redemption.given(redeemed(redeem())).when(again).then_nothing()

    def test_asked_for_differently_is_refused(self) -> None:
        """A redemption does not change."""
        redemption.given(redeemed(redeem())).when(redeem(sku="tea")).then_refused("redemption-exists")

    def test_that_cannot_be_applied_is_refused(self) -> None:
        """A coupon for other products is not redeemed."""
        redemption.given().when(redeem(sku="rye")).then_refused("coupon-not-applicable", field="26.100")

    def test_is_released(self) -> None:
        """A release names the coupons that can be used again."""
        redemption.given(redeemed(redeem())).when(RELEASE).then(RELEASED)

    @pytest.mark.parametrize("history", [(redeemed(redeem()), RELEASED), (BARRED,)])
    def test_is_released_once(self, history: tuple[RedemptionEvent, ...]) -> None:
        """What is released stays released."""
        redemption.given(*history).when(RELEASE).then_nothing()

    def test_released_before_it_was_asked_for_is_barred(self) -> None:
        """A release may overtake its redemption: it is remembered."""
        redemption.given().when(RELEASE).then(BARRED)

    @pytest.mark.parametrize("history", [(redeemed(redeem()), RELEASED), (BARRED,)])
    def test_that_comes_after_its_release_is_refused(self, history: tuple[RedemptionEvent, ...]) -> None:
        """A released redemption does not come back."""
        redemption.given(*history).when(redeem()).then_refused("redemption-released")
