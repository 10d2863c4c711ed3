"""What the promotions service asks of its runtime."""

from shared.topology import Collection, IndexField, ReactsTo, event_sourced

NAME = "promotions"
CAMPAIGN = "campaign"
COUPON = "coupon"
COUPON_USE = "coupon_use"
REDEMPTION = "redemption"
CAMPAIGNS = "campaigns"
COUPONS = "coupons"
COUPON_USES = "coupon_uses"
REDEMPTIONS = "redemptions"
DISCOUNTS = "/discounts"

MANIFEST = event_sourced(
    NAME,
    description="Campaigns, their coupons, and what each redemption took off which line, and why.",
    publishes="CouponRedeemed and RedemptionReleased, for everybody.",
    categories=(CAMPAIGN, COUPON, COUPON_USE, REDEMPTION),
    post_queries=(DISCOUNTS,),
    collections=(
        Collection(
            name=CAMPAIGNS,
            description="One document per campaign.",
            indexes=((IndexField("kind"), IndexField("id")),),
        ),
        Collection(
            name=COUPONS,
            description="One document per coupon, without its list of products.",
            indexes=((IndexField("campaign_id"), IndexField("id")),),
        ),
        Collection(
            name=COUPON_USES,
            description="One document per coupon and customer: whether they used it, and in which redemption.",
            indexes=(
                (IndexField("code"), IndexField("id")),
                (IndexField("code"), IndexField("customer_id"), IndexField("id")),
            ),
        ),
        Collection(
            name=REDEMPTIONS,
            description="One document per redemption: its coupons, and what was taken off which line for which reason.",
            indexes=(
                (IndexField("customer_id"), IndexField("redeemed_at", descending=True)),
                (IndexField("customer_id"), IndexField("status"), IndexField("redeemed_at", descending=True)),
            ),
        ),
    ),
    reacts_to=(ReactsTo("orders", ("OrderCancelled.v1", "OrderLost.v1")),),
)
