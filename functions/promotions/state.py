"""What the rules know of campaigns, coupons, their uses and redemptions: folds of their events."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.promotions.events import CampaignDefined, CouponDefined, CouponsRedeemed


class Campaign(BaseModel):
    """What was said last; None as long as there is no such campaign."""

    model_config = ConfigDict(frozen=True)
    said: CampaignDefined | None = None


class Coupon(BaseModel):
    """What was said last, None as long as there is no such coupon; `redeemed` counts only while there is a limit.
    `withdrawn_at` is None while it can be redeemed.
    """

    model_config = ConfigDict(frozen=True)
    said: CouponDefined | None = None
    redeemed: int = 0
    withdrawn_at: AwareDatetime | None = None


class CouponUse(BaseModel):
    """What a customer used a coupon for; "" if they may use it."""

    model_config = ConfigDict(frozen=True)
    redemption_id: str = ""


class Status(StrEnum):
    ABSENT = "absent"
    REDEEMED = "redeemed"
    RELEASED = "released"


class Redemption(BaseModel):
    """`account` is what was redeemed, None if nothing ever was; a released one keeps it."""

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    account: CouponsRedeemed | None = None
