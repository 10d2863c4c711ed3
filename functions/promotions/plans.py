"""What a redemption means for its coupons and their uses: commands for one commit."""

from collections.abc import Sequence

from functions.promotions.commands import (
    FreeCoupon,
    Period,
    PresentedCoupon,
    Redeem,
    RedeemCoupon,
    Release,
    ReleaseCoupon,
    Terms,
    UseCoupon,
)
from functions.promotions.events import use_id
from functions.promotions.manifest import CAMPAIGN, COUPON, COUPON_USE, REDEMPTION
from functions.promotions.state import Campaign, Coupon, Redemption, Status
from shared.eventsourcing.joint import Read, Target


async def campaign_period(read: Read, campaign_id: str) -> Period | None:
    """When the campaign runs; None if there is none of that id."""
    campaign: Campaign = await read(CAMPAIGN, campaign_id)
    return Period(starts_at=campaign.said.starts_at, ends_at=campaign.said.ends_at) if campaign.said else None


async def redemption_targets(read: Read, command: Redeem) -> Sequence[Target]:
    """The coupons, their uses, and the redemption with the terms that the coupons have now. One that was asked for
    before decides alone: its coupons are taken, by itself.
    """
    redemption: Redemption = await read(REDEMPTION, command.redemption_id)
    if redemption.status is not Status.ABSENT:
        return [Target(REDEMPTION, command.redemption_id, command)]
    basket = frozenset(line.sku for line in command.lines)
    terms = {presented.code: await _terms(read, presented, basket) for presented in command.coupons}
    campaigns = {each.campaign_id: await campaign_period(read, each.campaign_id) for each in terms.values() if each}
    complete = command.model_copy(update={"terms": tuple(each for each in terms.values() if each is not None)})
    targets = [
        target
        for code, each in terms.items()
        for target in _taken(command, code, campaigns[each.campaign_id] if each else None)
    ]
    return [*targets, Target(REDEMPTION, command.redemption_id, complete)]


async def release_targets(read: Read, command: Release) -> Sequence[Target]:
    """The redemption, its coupons and their uses; of the coupons nothing if it does not hold them."""
    redemption: Redemption = await read(REDEMPTION, command.redemption_id)
    targets = [Target(REDEMPTION, command.redemption_id, command)]
    if redemption.status is Status.REDEEMED and (account := redemption.account):
        targets += [target for each in account.coupons for target in _freed(command, each.code, account.customer_id)]
    return targets


async def _terms(read: Read, presented: PresentedCoupon, basket: frozenset[str]) -> Terms | None:
    coupon: Coupon = await read(COUPON, presented.code)
    said = coupon.said
    if said is None:
        return None
    skus = basket.intersection(said.skus)
    return Terms(code=said.code, campaign_id=said.campaign_id, discount=said.discount, skus=skus)


def _taken(command: Redeem, code: str, campaign: Period | None) -> list[Target]:
    customer, redemption, at = command.customer_id, command.redemption_id, command.at
    use = UseCoupon(code=code, customer_id=customer, redemption_id=redemption, at=at)
    return [
        Target(COUPON, code, RedeemCoupon(code=code, campaign=campaign, redemption_id=redemption, at=at)),
        Target(COUPON_USE, use_id(code, customer), use),
    ]


def _freed(command: Release, code: str, customer: str) -> list[Target]:
    redemption, at = command.redemption_id, command.at
    use = FreeCoupon(code=code, customer_id=customer, redemption_id=redemption, at=at)
    return [
        Target(COUPON, code, ReleaseCoupon(redemption_id=redemption, at=at)),
        Target(COUPON_USE, use_id(code, customer), use),
    ]
