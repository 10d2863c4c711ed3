"""What other services may know of promotions: pure maps from private events to published ones."""

from typing import ClassVar, assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.config import JsonDict

from functions.promotions import events
from functions.promotions.events import CampaignEvent, CouponEvent, CouponUseEvent, RedemptionEvent
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Money

EXAMPLE_REDEMPTION: JsonDict = {
    "redemption_id": "0b5c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "customer_id": "900",
    "campaign_ids": ["26"],
    "codes": ["26.51380041013"],
    "discounts": [
        {
            "code": "26.51380041013",
            "sku": "1095275",
            "amount": {"amount": 50, "currency": "USD"},
            "reason": "as the till stated for the 1 line that coupon 26.51380041013 is valid for",
        }
    ],
    "total_discount": {"amount": 50, "currency": "USD"},
    "redeemed_at": "2017-01-01T12:05:00Z",
}
EXAMPLE_RELEASE: JsonDict = {
    "redemption_id": "0b5c7a52-3c54-4d3b-9f0e-2a2a2f6b8a11",
    "codes": ["26.51380041013"],
    "reason": "card declined",
}


class RedeemedDiscount(BaseModel):
    """What a coupon took off a line, and why; `sku` is null where it took off nothing at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    sku: str | None
    amount: Money
    reason: str


class CouponRedeemed(IntegrationEvent):
    """Coupons were redeemed for a basket. `discounts` add up to `total_discount`; `campaign_ids` has each one once."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_REDEMPTION]})
    TYPE: ClassVar = "CouponRedeemed.v1"
    redemption_id: str
    customer_id: str
    campaign_ids: tuple[str, ...]
    codes: tuple[str, ...]
    discounts: tuple[RedeemedDiscount, ...]
    total_discount: Money
    redeemed_at: AwareDatetime


class RedemptionReleased(IntegrationEvent):
    """A redemption came to nothing: its coupons can be used again."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_RELEASE]})
    TYPE: ClassVar = "RedemptionReleased.v1"
    redemption_id: str
    codes: tuple[str, ...]
    reason: str


def redemption_to_integration(event: RedemptionEvent) -> CouponRedeemed | RedemptionReleased | None:
    match event:
        case events.CouponsRedeemed():
            return CouponRedeemed(
                redemption_id=event.redemption_id,
                customer_id=event.customer_id,
                campaign_ids=tuple(dict.fromkeys(each.campaign_id for each in event.coupons)),
                codes=tuple(each.code for each in event.coupons),
                discounts=tuple(RedeemedDiscount(**each.model_dump()) for each in event.discounts),
                total_discount=event.total_discount,
                redeemed_at=event.at,
            )
        case events.RedemptionReleased():
            return RedemptionReleased(redemption_id=event.redemption_id, codes=event.codes, reason=event.reason)
        case events.RedemptionBarred():
            return None
        case _:
            assert_never(event)


def keep_private(event: CampaignEvent | CouponEvent | CouponUseEvent) -> None:
    """What a coupon is, and how often it was used, is nobody else's business."""
