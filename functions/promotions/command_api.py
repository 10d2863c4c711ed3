"""The commands of promotions over HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from pydantic import Field, model_validator

from functions.promotions.commands import (
    DefineCampaign,
    DefineCoupon,
    Period,
    PresentedCoupon,
    Redeem,
    Release,
)
from functions.promotions.events import BasketLine, Discount
from functions.promotions.manifest import CAMPAIGN, COUPON, NAME, REDEMPTION
from functions.promotions.plans import campaign_period, redemption_targets, release_targets
from functions.promotions.state import Campaign, Coupon, Redemption
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.money import Currency, Money
from shared.http.auth import OPERATORS, PEOPLE
from shared.http.command_api import Call, CommandApi, CommandEndpoint, JointEndpoint, open_to_its_roles
from shared.http.requests import AnyReason, Body, BoundedMoment, Id, Moment

MAX_SKUS = 20_000
"""Of one coupon. They lie in one event, so their length counts too: 256 KiB, like any request."""
MAX_COUPONS = 50
"""Of one redemption: each is two streams in its commit."""
MAX_LINES = 500
MAX_QUANTITY = 100_000


class CampaignBody(Body):
    """It runs from `starts_at` up to, and not including, `ends_at`. Given again with other dates, it leaves the coupons
    that it has already as they are: the dates of a coupon are its own.
    """

    name: str = Field(min_length=1, max_length=200)
    kind: str = Field(min_length=1, max_length=64)
    starts_at: BoundedMoment
    ends_at: BoundedMoment


class CouponBody(Body):
    """Valid for `skus`, from `starts_at` up to, and not including, `ends_at`; once for each customer, and for `limit`
    customers if one is stated. Its dates lie within those that its campaign has when it is defined. Given again, it
    takes the place of what was said before; only a limit cannot be set later, for nobody counted until then.
    """

    campaign_id: Id
    skus: tuple[Id, ...] = Field(min_length=1, max_length=MAX_SKUS)
    starts_at: BoundedMoment
    ends_at: BoundedMoment
    discount: Discount
    limit: int | None = Field(None, ge=1, le=10**9)


class CouponOfBasket(Body):
    """`stated` is what the till took off, for coupons whose discount is of the kind `stated`, and for no others."""

    code: Id
    stated: Money | None = None


class LineOfBasket(Body):
    """`total` is what all of it costs before discounts."""

    sku: Id
    quantity: int = Field(ge=1, le=MAX_QUANTITY)
    total: Money


class RedemptionBody(Body):
    """The coupons apply in this order; each product is one line. `at` is the business time, now if it is left out."""

    customer_id: Id
    currency: Currency
    coupons: tuple[CouponOfBasket, ...] = Field(min_length=1, max_length=MAX_COUPONS)
    lines: tuple[LineOfBasket, ...] = Field(min_length=1, max_length=MAX_LINES)
    at: Moment | None = None

    @model_validator(mode="after")
    def _no_repeats(self) -> Self:
        if len({each.code for each in self.coupons}) < len(self.coupons):
            raise ValueError("a coupon is given more than once")
        if len({each.sku for each in self.lines}) < len(self.lines):
            raise ValueError("a product is given more than once")
        return self


class ReleaseBody(Body):
    reason: AnyReason


def _define_campaign(body: CampaignBody, call: Call) -> DefineCampaign:
    period = _period(body)
    return DefineCampaign(campaign_id=call.entity_id, name=body.name, kind=body.kind, period=period, at=call.now)


async def _define_coupon(body: CouponBody, call: Call, read: Read) -> Sequence[Target]:
    command = DefineCoupon(
        code=call.entity_id,
        campaign_id=body.campaign_id,
        campaign=await campaign_period(read, body.campaign_id),
        skus=frozenset(body.skus),
        period=_period(body),
        discount=body.discount,
        limit=body.limit,
        at=call.now,
    )
    return [Target(COUPON, call.entity_id, command)]


async def _redeem(body: RedemptionBody, call: Call, read: Read) -> Sequence[Target]:
    return await redemption_targets(read, _redemption(body, call.entity_id, call.at(body.at)))


async def would_redeem(body: RedemptionBody, now: datetime, read: Read) -> Sequence[Target]:
    """What it would come to if these coupons were redeemed; by an id that no redemption has."""
    return await redemption_targets(read, _redemption(body, "preview", body.at or now))


def _redemption(body: RedemptionBody, redemption_id: str, at: datetime) -> Redeem:
    return Redeem(
        redemption_id=redemption_id,
        customer_id=body.customer_id,
        currency=body.currency,
        coupons=tuple(PresentedCoupon(code=each.code, stated=each.stated) for each in body.coupons),
        lines=tuple(BasketLine(sku=x.sku, quantity=x.quantity, total=x.total) for x in body.lines),
        terms=(),
        at=at,
    )


async def _release(body: ReleaseBody, call: Call, read: Read) -> Sequence[Target]:
    command = Release(redemption_id=call.entity_id, reason=call.reason(body.reason), at=call.now)
    return await release_targets(read, command)


def _period(body: CampaignBody | CouponBody) -> Period:
    return Period(starts_at=body.starts_at.astimezone(UTC), ends_at=body.ends_at.astimezone(UTC))


CAMPAIGN_COMMANDS = CommandApi[Campaign](
    service=NAME,
    category=CAMPAIGN,
    entity="/campaigns/{campaign_id}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="PUT",
            path="/campaigns/{campaign_id}",
            body=CampaignBody,
            build=_define_campaign,
            roles=PEOPLE,
            summary="Say what a campaign is, and when it runs.",
        ),
    ),
)
COUPON_COMMANDS = CommandApi[Coupon](
    service=NAME,
    category=COUPON,
    entity="/coupons/{code}",
    guard=open_to_its_roles,
    endpoints=(
        JointEndpoint(
            method="PUT",
            path="/coupons/{code}",
            body=CouponBody,
            plan=_define_coupon,
            roles=PEOPLE,
            summary="Say what a coupon takes off which products, and when.",
        ),
    ),
)
REDEMPTION_COMMANDS = CommandApi[Redemption](
    service=NAME,
    category=REDEMPTION,
    entity="/redemptions/{redemption_id}",
    guard=open_to_its_roles,
    endpoints=(
        JointEndpoint(
            method="PUT",
            path="/redemptions/{redemption_id}",
            body=RedemptionBody,
            plan=_redeem,
            roles=OPERATORS,
            settles=True,
            summary="Redeem coupons for a basket, all of them or none; the answer has the discounts.",
        ),
        JointEndpoint(
            method="POST",
            path="/redemptions/{redemption_id}/release",
            body=ReleaseBody,
            plan=_release,
            roles=OPERATORS,
            summary="Take a redemption back; one that comes late is refused then.",
        ),
    ),
)
