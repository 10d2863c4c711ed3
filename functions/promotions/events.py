"""What can have happened to campaigns, coupons and redemptions: the storage contract. A shape never changes under the
same version.
"""

from hashlib import sha256
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Currency, Money

# --- what a coupon is worth


class PercentOff(BaseModel):
    """So many hundredths of the lines that the coupon is valid for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    kind: Literal["percent"]
    percent: int = Field(ge=1, le=100)


class AmountOff(BaseModel):
    """A fixed amount, once a redemption, spread over the lines that the coupon is valid for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    kind: Literal["amount"]
    amount: Money


class StatedOff(BaseModel):
    """Whatever a till states that it took off."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    kind: Literal["stated"]


Discount = Annotated[PercentOff | AmountOff | StatedOff, Field(discriminator="kind")]


# --- campaigns


class CampaignDefined(Event):
    """A campaign as it is from now on. It runs from `starts_at` up to, and not including, `ends_at`."""

    TYPE: ClassVar = "CampaignDefined.v1"
    campaign_id: str
    name: str
    kind: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    at: AwareDatetime


CampaignEvent = CampaignDefined


# --- coupons


class CouponDefined(Event):
    """A coupon as it is from now on, complete: valid for `skus`, from `starts_at` up to, and not including, `ends_at`.

    `limit` is how many customers can redeem it; None: all, and nobody counts them.
    """

    TYPE: ClassVar = "CouponDefined.v1"
    code: str
    campaign_id: str
    skus: tuple[str, ...]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    discount: Discount
    limit: int | None
    at: AwareDatetime


class CouponRedemptionCounted(Event):
    """One of a limited coupon's redemptions is taken."""

    TYPE: ClassVar = "CouponRedemptionCounted.v1"
    redemption_id: str
    at: AwareDatetime


class CouponRedemptionUncounted(Event):
    """A redemption was released: somebody else may have it."""

    TYPE: ClassVar = "CouponRedemptionUncounted.v1"
    redemption_id: str
    at: AwareDatetime


class CouponWithdrawn(Event):
    """Nobody can redeem the coupon any more, until it is defined anew; what was redeemed before stays redeemed."""

    TYPE: ClassVar = "CouponWithdrawn.v1"
    code: str
    at: AwareDatetime


CouponEvent = CouponDefined | CouponRedemptionCounted | CouponRedemptionUncounted | CouponWithdrawn


# --- uses: one stream for each coupon and customer


def use_id(code: str, customer_id: str) -> str:
    """The id of the stream of one coupon and one customer: of fixed length, and never that of another pair."""
    return sha256(f"{code}\n{customer_id}".encode()).hexdigest()[:32]


class CouponUsed(Event):
    """This customer used this coupon."""

    TYPE: ClassVar = "CouponUsed.v1"
    code: str
    customer_id: str
    redemption_id: str
    at: AwareDatetime


class CouponFreed(Event):
    """The redemption was released: the customer may use the coupon again."""

    TYPE: ClassVar = "CouponFreed.v1"
    code: str
    customer_id: str
    redemption_id: str
    at: AwareDatetime


CouponUseEvent = CouponUsed | CouponFreed


# --- redemptions


class BasketLine(BaseModel):
    """A product in the basket; `total` is what all of it costs before discounts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    total: Money


class AppliedCoupon(BaseModel):
    """A coupon with its terms as they were then; `stated` is what the till stated, None where it did not."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    campaign_id: str
    discount: Discount
    stated: Money | None


class AppliedDiscount(BaseModel):
    """What a coupon takes off a line, and why; `sku` is None where it takes off nothing at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    sku: str | None
    amount: Money
    reason: str


class CouponsRedeemed(Event):
    """All of these coupons were redeemed for this basket, in this order: the whole account of what came of it."""

    TYPE: ClassVar = "CouponsRedeemed.v1"
    redemption_id: str
    customer_id: str
    currency: Currency
    coupons: tuple[AppliedCoupon, ...]
    lines: tuple[BasketLine, ...]
    discounts: tuple[AppliedDiscount, ...]
    total_discount: Money
    at: AwareDatetime


class RedemptionReleased(Event):
    """The redemption came to nothing: its coupons can be used again."""

    TYPE: ClassVar = "RedemptionReleased.v1"
    redemption_id: str
    customer_id: str
    codes: tuple[str, ...]
    reason: str
    at: AwareDatetime


class RedemptionBarred(Event):
    """Released before it was redeemed: if the redemption comes late, it is refused."""

    TYPE: ClassVar = "RedemptionBarred.v1"
    redemption_id: str
    reason: str
    at: AwareDatetime


RedemptionEvent = CouponsRedeemed | RedemptionReleased | RedemptionBarred
