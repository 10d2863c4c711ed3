"""The rules of campaigns, coupons, their uses and redemptions.

A redemption is decided together with its coupons and their uses, in one commit or not at all. A coupon's own stream is
written only if the coupon is limited, and only counts; who used it is kept in a stream for each coupon and customer. So
no state grows with the number of customers, and a coupon without limit has no stream that all of them write to.

A redeemed coupon stays redeemed when it is defined anew: what it said then is in the redemption.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from functions.promotions.amounts import redeemed
from functions.promotions.commands import (
    CampaignCommand,
    CouponCommand,
    CouponUseCommand,
    DefineCoupon,
    FreeCoupon,
    Period,
    Redeem,
    RedeemCoupon,
    RedemptionCommand,
    Release,
    ReleaseCoupon,
    UseCoupon,
    WithdrawCoupon,
)
from functions.promotions.events import (
    CampaignDefined,
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
)
from functions.promotions.manifest import CAMPAIGN, COUPON, COUPON_USE, REDEMPTION
from functions.promotions.state import Campaign, Coupon, CouponUse, Redemption, Status
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError

# --- campaigns


def decide_campaign(command: CampaignCommand, campaign: Campaign) -> Sequence[CampaignEvent]:
    new = CampaignDefined(**command.model_dump(exclude={"period"}), **command.period.model_dump())
    if campaign.said is not None and new == campaign.said.model_copy(update={"at": new.at}):
        return []
    _check_period(command.period)
    return [new]


def evolve_campaign(_: Campaign, event: CampaignEvent) -> Campaign:
    return Campaign(said=event)


def _check_period(period: Period) -> None:
    if period.ends_at <= period.starts_at:
        raise DomainError("period-is-empty", "it must end after it starts", field="ends_at")


# --- coupons


def decide_coupon(command: CouponCommand, coupon: Coupon) -> Sequence[CouponEvent]:
    match command:
        case DefineCoupon():
            return _define(command, coupon)
        case WithdrawCoupon():
            return _withdraw(command, coupon)
        case RedeemCoupon():
            return _count(command, coupon)
        case ReleaseCoupon(redemption_id=redemption_id, at=at):
            counted = coupon.said is not None and coupon.said.limit is not None and coupon.redeemed > 0
            return [CouponRedemptionUncounted(redemption_id=redemption_id, at=at)] if counted else []
        case _:
            assert_never(command)


def _define(command: DefineCoupon, coupon: Coupon) -> Sequence[CouponEvent]:
    stated = command.model_dump(exclude={"campaign", "period", "skus"})
    new = CouponDefined(**stated, **command.period.model_dump(), skus=tuple(sorted(command.skus)))
    known = coupon.said if coupon.withdrawn_at is None else None
    if known is not None and new == known.model_copy(update={"at": new.at}):
        return []
    _check_period(command.period)
    _check_campaign(command)
    if coupon.said is not None and coupon.said.limit is None and new.limit is not None:
        raise DomainError("limit-too-late", "nobody counted this coupon's redemptions so far", field="limit")
    return [new]


def _check_campaign(command: DefineCoupon) -> None:
    """As the campaign is now. A redemption looks again."""
    campaign = command.campaign
    if campaign is None:
        raise DomainError("campaign-not-found", "there is no such campaign", field="campaign_id")
    if command.period.starts_at < campaign.starts_at or command.period.ends_at > campaign.ends_at:
        raise DomainError("outside-campaign", "a coupon's dates lie within those of its campaign", field="starts_at")


def _withdraw(command: WithdrawCoupon, coupon: Coupon) -> Sequence[CouponEvent]:
    if coupon.said is None:
        raise NotFoundError("coupon-not-found", "there is no such coupon")
    return [CouponWithdrawn(**command.model_dump())] if coupon.withdrawn_at is None else []


def _count(command: RedeemCoupon, coupon: Coupon) -> Sequence[CouponEvent]:
    code, said = command.code, coupon.said
    if said is None:
        raise DomainError("coupon-not-found", f"there is no coupon {code}", field=code)
    _check_valid(command, said, coupon.withdrawn_at)
    if said.limit is None:
        return []
    if coupon.redeemed >= said.limit:
        raise DomainError("coupon-exhausted", f"{code} was redeemed {coupon.redeemed} times", field=code)
    return [CouponRedemptionCounted(redemption_id=command.redemption_id, at=command.at)]


def _check_valid(command: RedeemCoupon, said: CouponDefined, withdrawn_at: datetime | None) -> None:
    """While both the coupon's own time and that of its campaign run: a campaign that is ended early ends its coupons.
    At the business time: what a till sold before the coupon was withdrawn, it may tell of afterwards.
    """
    periods: list[CouponDefined | Period] = [said, *([command.campaign] if command.campaign else [])]
    starts_at, ends_at = max(each.starts_at for each in periods), min(each.ends_at for each in periods)
    if command.at < starts_at:
        raise DomainError("coupon-not-started", f"{command.code} is valid from {starts_at} on", field=command.code)
    if command.at >= ends_at:
        raise DomainError("coupon-expired", f"{command.code} was valid until {ends_at}", field=command.code)
    if withdrawn_at is not None and command.at >= withdrawn_at:
        raise DomainError("coupon-withdrawn", f"{command.code} was withdrawn", field=command.code)


def evolve_coupon(coupon: Coupon, event: CouponEvent) -> Coupon:
    match event:
        case CouponDefined():
            return coupon.model_copy(update={"said": event, "withdrawn_at": None})
        case CouponWithdrawn():
            return coupon.model_copy(update={"withdrawn_at": event.at})
        case CouponRedemptionCounted():
            return coupon.model_copy(update={"redeemed": coupon.redeemed + 1})
        case CouponRedemptionUncounted():
            return coupon.model_copy(update={"redeemed": coupon.redeemed - 1})
        case _:
            assert_never(event)


# --- uses


def decide_use(command: CouponUseCommand, use: CouponUse) -> Sequence[CouponUseEvent]:
    match command:
        case UseCoupon(code=code, redemption_id=redemption_id):
            if use.redemption_id not in ("", redemption_id):
                raise DomainError("coupon-used", f"the customer used {code} before", field=code)
            return [] if use.redemption_id else [CouponUsed(**command.model_dump())]
        case FreeCoupon(redemption_id=redemption_id):
            return [CouponFreed(**command.model_dump())] if use.redemption_id == redemption_id else []
        case _:
            assert_never(command)


def evolve_use(_: CouponUse, event: CouponUseEvent) -> CouponUse:
    match event:
        case CouponUsed(redemption_id=redemption_id):
            return CouponUse(redemption_id=redemption_id)
        case CouponFreed():
            return CouponUse()
        case _:
            assert_never(event)


# --- redemptions


def decide_redemption(command: RedemptionCommand, redemption: Redemption) -> Sequence[RedemptionEvent]:
    match command:
        case Redeem():
            return _redeem(command, redemption)
        case Release():
            return _release(command, redemption)
        case _:
            assert_never(command)


def _redeem(command: Redeem, redemption: Redemption) -> Sequence[RedemptionEvent]:
    if redemption.status is Status.RELEASED:
        raise DomainError("redemption-released", "this redemption was released: it cannot come back")
    if redemption.account is None:
        return [redeemed(command)]
    if not _asked_for(command, redemption.account):
        raise DomainError("redemption-exists", "a redemption with this id was asked for differently")
    return []


def _asked_for(command: Redeem, account: CouponsRedeemed) -> bool:
    """Whether the account is of the same request; at what time it is made again does not matter."""
    presented = [(each.code, each.stated) for each in command.coupons]
    return (command.customer_id, command.currency, command.lines, presented) == (
        account.customer_id,
        account.currency,
        account.lines,
        [(each.code, each.stated) for each in account.coupons],
    )


def _release(command: Release, redemption: Redemption) -> Sequence[RedemptionEvent]:
    account = redemption.account
    if redemption.status is Status.RELEASED:
        return []
    if account is None:
        return [RedemptionBarred(**command.model_dump())]
    codes = tuple(each.code for each in account.coupons)
    return [RedemptionReleased(**command.model_dump(), customer_id=account.customer_id, codes=codes)]


def evolve_redemption(redemption: Redemption, event: RedemptionEvent) -> Redemption:
    match event:
        case CouponsRedeemed():
            return Redemption(status=Status.REDEEMED, account=event)
        case RedemptionReleased() | RedemptionBarred():
            return redemption.model_copy(update={"status": Status.RELEASED})
        case _:
            assert_never(event)


CAMPAIGN_DECIDER = Decider[CampaignCommand, CampaignEvent, Campaign](
    category=CAMPAIGN,
    decide=decide_campaign,
    evolve=evolve_campaign,
    initial_state=Campaign,
    state_type=Campaign,
    codec=Codec[CampaignEvent](CampaignEvent),
)
COUPON_DECIDER = Decider[CouponCommand, CouponEvent, Coupon](
    category=COUPON,
    decide=decide_coupon,
    evolve=evolve_coupon,
    initial_state=Coupon,
    state_type=Coupon,
    codec=Codec[CouponEvent](CouponEvent),
    snapshot_every=50,
)
COUPON_USE_DECIDER = Decider[CouponUseCommand, CouponUseEvent, CouponUse](
    category=COUPON_USE,
    decide=decide_use,
    evolve=evolve_use,
    initial_state=CouponUse,
    state_type=CouponUse,
    codec=Codec[CouponUseEvent](CouponUseEvent),
)
REDEMPTION_DECIDER = Decider[RedemptionCommand, RedemptionEvent, Redemption](
    category=REDEMPTION,
    decide=decide_redemption,
    evolve=evolve_redemption,
    initial_state=Redemption,
    state_type=Redemption,
    codec=Codec[RedemptionEvent](RedemptionEvent),
)
