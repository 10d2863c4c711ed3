"""The queries of promotions over HTTP."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from functions.promotions.events import CampaignEvent, CouponEvent, CouponsRedeemed, CouponUseEvent, RedemptionEvent
from functions.promotions.manifest import DISCOUNTS, NAME
from functions.promotions.projections import (
    CAMPAIGNS_PROJECTION,
    COUPON_USES_PROJECTION,
    COUPONS_PROJECTION,
    REDEMPTIONS_PROJECTION,
)
from functions.promotions.read_models import (
    CampaignView,
    CouponUseView,
    CouponView,
    DiscountsView,
    DiscountView,
    RedemptionView,
)
from shared.eventsourcing.joint import Read, Target
from shared.http.auth import OPERATORS, PEOPLE
from shared.http.query_api import Asked, CustomQuery, QueryApi, QueryWiring

WouldRedeem = Callable[[Any, datetime, Read], Awaitable[Sequence[Target]]]


def discounts_query(body: type[BaseModel], would_redeem: WouldRedeem) -> CustomQuery:
    """By the rules of a redemption: `would_redeem(body, now, read)` says which commands it would be."""

    def answer(wiring: QueryWiring) -> Callable[[Asked], Awaitable[DiscountsView]]:
        async def respond(asked: Asked) -> DiscountsView:
            events = await wiring.foresee(lambda read: would_redeem(asked.body, wiring.clock(), read))
            (account,) = [event for event in events if isinstance(event, CouponsRedeemed)]
            discounts = [DiscountView(**each.model_dump()) for each in account.discounts]
            return DiscountsView(discounts=discounts, total_discount=account.total_discount)

        return respond

    return CustomQuery(
        service=NAME,
        path=DISCOUNTS,
        body=body,
        answer=answer,
        returns=DiscountsView,
        summary="What coupons would take off a basket; nothing is redeemed.",
        roles=OPERATORS,
    )


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
