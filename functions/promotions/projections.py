"""From events to the promotions read models: pure functions of (document | None, event)."""

from collections.abc import Mapping
from typing import Literal, assert_never

from functions.promotions.events import (
    CampaignEvent,
    CouponDefined,
    CouponEvent,
    CouponFreed,
    CouponRedemptionCounted,
    CouponRedemptionUncounted,
    CouponsRedeemed,
    CouponUsed,
    CouponUseEvent,
    CouponWithdrawn,
    RedemptionBarred,
    RedemptionEvent,
    RedemptionReleased,
    use_id,
)
from functions.promotions.manifest import (
    CAMPAIGN,
    CAMPAIGNS,
    COUPON,
    COUPON_USE,
    COUPON_USES,
    COUPONS,
    REDEMPTION,
    REDEMPTIONS,
)
from functions.promotions.read_models import CampaignView, CouponUseView, CouponView, RedemptionView
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.projection import Projection, Scalar


def project_campaign(_: CampaignView | None, event: CampaignEvent) -> CampaignView | None:
    known = event.model_dump(include={"name", "kind", "starts_at", "ends_at"})
    return CampaignView(id=event.campaign_id, **known, changed_at=event.at)


def project_coupon(document: CouponView | None, event: CouponEvent) -> CouponView | None:
    if isinstance(event, CouponDefined):
        return _defined(document, event)
    if document is None:
        raise ValueError(f"{type(event).__name__} before CouponDefined")
    match event:
        case CouponRedemptionCounted():
            changed: dict[str, object] = {"redeemed": (document.redeemed or 0) + 1}
        case CouponRedemptionUncounted():
            changed = {"redeemed": (document.redeemed or 0) - 1}
        case CouponWithdrawn():
            changed = {"withdrawn_at": event.at}
        case _:
            assert_never(event)
    return document.model_copy(update={**changed, "changed_at": event.at})


def _defined(document: CouponView | None, event: CouponDefined) -> CouponView:
    before = (document.redeemed if document else None) or 0
    return CouponView(
        id=event.code,
        campaign_id=event.campaign_id,
        products=len(event.skus),
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        discount=event.discount,
        limit=event.limit,
        redeemed=None if event.limit is None else before,
        changed_at=event.at,
    )


def project_use(_: CouponUseView | None, event: CouponUseEvent) -> CouponUseView | None:
    match event:
        case CouponUsed():
            return _use(event, "used")
        case CouponFreed():
            return _use(event, "free")
        case _:
            assert_never(event)


def _use(event: CouponUseEvent, status: Literal["used", "free"]) -> CouponUseView:
    return CouponUseView(
        id=use_id(event.code, event.customer_id),
        code=event.code,
        customer_id=event.customer_id,
        status=status,
        redemption_id=event.redemption_id,
        changed_at=event.at,
    )


def project_redemption(document: RedemptionView | None, event: RedemptionEvent) -> RedemptionView | None:
    match event:
        case CouponsRedeemed():
            known = event.model_dump(exclude={"redemption_id", "at"})
            return RedemptionView(id=event.redemption_id, status="redeemed", redeemed_at=event.at, **known)
        case RedemptionReleased():
            if document is None:
                raise ValueError("RedemptionReleased before CouponsRedeemed")
            return document.model_copy(
                update={"status": "released", "released_at": event.at, "release_reason": event.reason}
            )
        case RedemptionBarred():  # nothing was redeemed, so there is nothing to show
            return None
        case _:
            assert_never(event)


def _campaign_fields(document: CampaignView) -> Mapping[str, Scalar]:
    return {"kind": document.kind, "id": document.id}


def _coupon_fields(document: CouponView) -> Mapping[str, Scalar]:
    return {"campaign_id": document.campaign_id, "id": document.id}


def _use_fields(document: CouponUseView) -> Mapping[str, Scalar]:
    return {"code": document.code, "customer_id": document.customer_id, "id": document.id}


def _redemption_fields(document: RedemptionView) -> Mapping[str, Scalar]:
    return {"customer_id": document.customer_id, "status": document.status, "redeemed_at": document.redeemed_at}


CAMPAIGNS_PROJECTION = Projection[CampaignEvent, CampaignView](
    category=CAMPAIGN,
    collection=CAMPAIGNS,
    document_type=CampaignView,
    codec=Codec[CampaignEvent](CampaignEvent),
    project=project_campaign,
    fields=_campaign_fields,
)
COUPONS_PROJECTION = Projection[CouponEvent, CouponView](
    category=COUPON,
    collection=COUPONS,
    document_type=CouponView,
    codec=Codec[CouponEvent](CouponEvent),
    project=project_coupon,
    fields=_coupon_fields,
)
COUPON_USES_PROJECTION = Projection[CouponUseEvent, CouponUseView](
    category=COUPON_USE,
    collection=COUPON_USES,
    document_type=CouponUseView,
    codec=Codec[CouponUseEvent](CouponUseEvent),
    project=project_use,
    fields=_use_fields,
)
REDEMPTIONS_PROJECTION = Projection[RedemptionEvent, RedemptionView](
    category=REDEMPTION,
    collection=REDEMPTIONS,
    document_type=RedemptionView,
    codec=Codec[RedemptionEvent](RedemptionEvent),
    project=project_redemption,
    fields=_redemption_fields,
)
