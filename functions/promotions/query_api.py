"""The queries of promotions over HTTP."""

from functions.promotions.events import CampaignEvent, CouponEvent, CouponUseEvent, RedemptionEvent
from functions.promotions.manifest import NAME
from functions.promotions.projections import (
    CAMPAIGNS_PROJECTION,
    COUPON_USES_PROJECTION,
    COUPONS_PROJECTION,
    REDEMPTIONS_PROJECTION,
)
from functions.promotions.read_models import CampaignView, CouponUseView, CouponView, RedemptionView
from shared.http.auth import PEOPLE
from shared.http.query_api import QueryApi

CAMPAIGN_QUERIES = QueryApi[CampaignEvent, CampaignView](
    service=NAME,
    projection=CAMPAIGNS_PROJECTION,
    entity="/campaigns/{campaign_id}",
    collection="/campaigns",
    filters=("kind",),
    required=("kind",),
    order_by="id",
    newest_first=False,
    seen_by=PEOPLE,
)
COUPON_QUERIES = QueryApi[CouponEvent, CouponView](
    service=NAME,
    projection=COUPONS_PROJECTION,
    entity="/coupons/{code}",
    any_case=("code",),
    collection="/coupons",
    filters=("campaign_id",),
    required=("campaign_id",),
    order_by="id",
    newest_first=False,
    seen_by=PEOPLE,
)
COUPON_USE_QUERIES = QueryApi[CouponUseEvent, CouponUseView](
    service=NAME,
    projection=COUPON_USES_PROJECTION,
    entity="/coupon-uses/{use_id}",
    any_case=("code",),
    collection="/coupon-uses",
    filters=("code", "customer_id"),
    required=("code",),
    order_by="id",
    newest_first=False,
    seen_by=PEOPLE,
)
REDEMPTION_QUERIES = QueryApi[RedemptionEvent, RedemptionView](
    service=NAME,
    projection=REDEMPTIONS_PROJECTION,
    entity="/redemptions/{redemption_id}",
    collection="/redemptions",
    owner="customer_id",
    filters=("customer_id", "status"),
    required=("customer_id",),
    order_by="redeemed_at",
    seen_by=PEOPLE,
)
