"""The documents that the promotions queries return."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.promotions.events import Discount
from shared.eventsourcing.money import Currency, Money


class CampaignView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    name: str
    kind: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    changed_at: AwareDatetime


class CouponView(BaseModel):
    """A coupon; `products` is for how many it is valid, `redeemed` how often it was redeemed: null without a limit.
    `withdrawn_at` is null while it can be redeemed: between its dates, and while its campaign runs.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    campaign_id: str
    products: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    discount: Discount
    limit: int | None
    redeemed: int | None
    withdrawn_at: AwareDatetime | None = None
    changed_at: AwareDatetime


class CouponUseView(BaseModel):
    """Whether a customer used a coupon; `redemption_id` is the last redemption that they used it for."""

    model_config = ConfigDict(extra="forbid")
    id: str
    code: str
    customer_id: str
    status: Literal["used", "free"]
    redemption_id: str
    changed_at: AwareDatetime


class LineView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    total: Money


class AppliedCouponView(BaseModel):
    """A coupon with its terms as they were then."""

    model_config = ConfigDict(extra="forbid")
    code: str
    campaign_id: str
    discount: Discount
    stated: Money | None


class DiscountView(BaseModel):
    """What a coupon took off a line, and why; `sku` is null where it took off nothing at all."""

    model_config = ConfigDict(extra="forbid")
    code: str
    sku: str | None
    amount: Money
    reason: str


class DiscountsView(BaseModel):
    """What coupons would take off a basket now: `discounts` in the order in which they would be applied."""

    model_config = ConfigDict(extra="forbid")
    discounts: list[DiscountView]
    total_discount: Money


class RedemptionView(BaseModel):
    """A redemption: `discounts` in the order in which they were applied; they add up to `total_discount`."""

    model_config = ConfigDict(extra="forbid")
    id: str
    customer_id: str
    status: Literal["redeemed", "released"]
    currency: Currency
    coupons: list[AppliedCouponView]
    lines: list[LineView]
    discounts: list[DiscountView]
    total_discount: Money
    redeemed_at: AwareDatetime
    released_at: AwareDatetime | None = None
    release_reason: str | None = None
