"""The promotions' composition root: its parts, wired; its entry points, bound. No logic."""

from functions.promotions.command_api import (
    CAMPAIGN_COMMANDS,
    COUPON_COMMANDS,
    REDEMPTION_COMMANDS,
    RedemptionBody,
    would_redeem,
)
from functions.promotions.decider import CAMPAIGN_DECIDER, COUPON_DECIDER, COUPON_USE_DECIDER, REDEMPTION_DECIDER
from functions.promotions.effect import tell_discounts
from functions.promotions.integration import keep_private, redemption_to_integration
from functions.promotions.manifest import MANIFEST
from functions.promotions.projections import (
    CAMPAIGNS_PROJECTION,
    COUPON_USES_PROJECTION,
    COUPONS_PROJECTION,
    REDEMPTIONS_PROJECTION,
)
from functions.promotions.query_api import (
    CAMPAIGN_QUERIES,
    COUPON_QUERIES,
    COUPON_USE_QUERIES,
    REDEMPTION_QUERIES,
    discounts_query,
)
from functions.promotions.reactor import REACTIONS
from shared.bootstrap import Aggregate, EventSourcedService

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(
        Aggregate(CAMPAIGN_DECIDER, keep_private),
        Aggregate(COUPON_DECIDER, keep_private),
        Aggregate(COUPON_USE_DECIDER, keep_private),
        Aggregate(REDEMPTION_DECIDER, redemption_to_integration),
    ),
    command_apis=(CAMPAIGN_COMMANDS, COUPON_COMMANDS, REDEMPTION_COMMANDS),
    query_apis=(
        CAMPAIGN_QUERIES,
        COUPON_QUERIES,
        COUPON_USE_QUERIES,
        REDEMPTION_QUERIES,
        discounts_query(RedemptionBody, would_redeem),
    ),
    projections=(CAMPAIGNS_PROJECTION, COUPONS_PROJECTION, COUPON_USES_PROJECTION, REDEMPTIONS_PROJECTION),
    reactions=REACTIONS,
    effect=tell_discounts,
)

commands, queries, projector, relay, reactor = SERVICE.entry_points(
    "commands", "queries", "projector", "relay", "reactor"
)
