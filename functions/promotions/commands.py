"""What can be asked of campaigns, coupons and redemptions."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.promotions.events import BasketLine, Discount
from shared.eventsourcing.message import Command
from shared.eventsourcing.money import Currency, Money


class Period(BaseModel):
    """From `starts_at` up to, and not including, `ends_at`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class DefineCampaign(Command):
    campaign_id: str
    name: str
    kind: str
    period: Period
    at: AwareDatetime


CampaignCommand = DefineCampaign


class DefineCoupon(Command):
    """`campaign` is when its campaign runs now, None if there is no such campaign. The coupon's own `period` must lie
    within it when it is defined.
    """

    code: str
    campaign_id: str
    campaign: Period | None
    skus: frozenset[str]
    period: Period
    discount: Discount
    limit: int | None
    at: AwareDatetime


class WithdrawCoupon(Command):
    code: str
    at: AwareDatetime


class RedeemCoupon(Command):
    """Allow one more redemption, while the coupon's campaign runs. Asked together with the redemption itself, which
    knows whether it happened before.
    """

    code: str
    campaign: Period | None
    redemption_id: str
    at: AwareDatetime


class ReleaseCoupon(Command):
    """Take back a redemption, together with the redemption itself."""

    redemption_id: str
    at: AwareDatetime


CouponCommand = DefineCoupon | WithdrawCoupon | RedeemCoupon | ReleaseCoupon


class UseCoupon(Command):
    code: str
    customer_id: str
    redemption_id: str
    at: AwareDatetime


class FreeCoupon(Command):
    """Let the customer use the coupon again, if this redemption is what they used it for."""

    code: str
    customer_id: str
    redemption_id: str
    at: AwareDatetime


CouponUseCommand = UseCoupon | FreeCoupon


class PresentedCoupon(BaseModel):
    """A coupon as a customer presents it; `stated` is what the till took off, where that is left to the till."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    stated: Money | None


class Terms(BaseModel):
    """What a presented coupon says; `skus` are those of the basket's products that it is valid for."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    campaign_id: str
    discount: Discount
    skus: frozenset[str]


class Redeem(Command):
    """Redeem all of these coupons for this basket, in this order. `terms` has those of every coupon that exists."""

    redemption_id: str
    customer_id: str
    currency: Currency
    coupons: tuple[PresentedCoupon, ...]
    lines: tuple[BasketLine, ...]
    terms: tuple[Terms, ...]
    at: AwareDatetime


class Release(Command):
    redemption_id: str
    reason: str
    at: AwareDatetime


RedemptionCommand = Redeem | Release
