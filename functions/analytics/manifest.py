"""What the analytics consumer asks of its runtime."""

from collections.abc import Mapping
from dataclasses import replace

from functions.analytics.dataset import dataset
from shared.topology import (
    DELIVERIES_TABLE,
    Feed,
    Function,
    Permission,
    Private,
    Push,
    ReactsTo,
    Schedule,
    Service,
    Subscription,
    archive_subscription,
    consumer,
    domain_topic,
)

NAME = "analytics"
ARCHIVE_FEED = Feed.FUNCTION
"""How commits get into the archive. `Feed.SUBSCRIPTION` needs the cloud: the local Pub/Sub writes no tables. What
either costs: docs/adr/0015."""

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "cart": ("cart",),
    "catalog": ("product", "import"),
    "checkout": ("checkout", "attempts"),
    "customers": ("customer",),
    "fulfillment": ("shipment",),
    "inventory": ("stock", "reservation", "receipt"),
    "notifications": ("mail", "contact"),
    "orders": ("order", "cancellation"),
    "payments": ("payment",),
    "pricing": ("price",),
    "promotions": ("campaign", "coupon", "coupon_use", "redemption"),
    "returns": ("return",),
}
"""Every service but this one, and what its streams are called. A service of its own archive knows nobody's code."""


def manifest(feed: Feed) -> Service:
    """With a function that takes commits, or with one that only sweeps."""
    heard = consumer(
        NAME,
        description="Keeps the archive of all stored events, and every integration event, as rows for analysis.",
        reacts_to=tuple(ReactsTo(service) for service in CATEGORIES),
        permissions=(Permission.WRITE_ANALYTICS,),
    )
    by_function = feed is Feed.FUNCTION
    archived = tuple(
        Subscription(
            name=archive_subscription(NAME, service),
            topic=domain_topic(service),
            table="" if by_function else DELIVERIES_TABLE.name,
        )
        for service in CATEGORIES
    )
    archive = Function(
        name="archive",
        trigger=Push(tuple(each.name for each in archived)) if by_function else Private(),
        permissions=(Permission.WRITE_ANALYTICS, Permission.READ_EVENTS, Permission.WRITE_READ_MODELS),
        description="Copies commits into the archive, and proves that it has all of them.",
    )
    sweep = Schedule(
        name=f"{NAME}-sweep",
        function=archive.name,
        path="/sweep",
        cron="*/10 * * * *",
        description="Proof that the archive is complete.",
    )
    return replace(
        heard,
        functions=(*heard.functions, archive),
        subscriptions=(*heard.subscriptions, *archived),
        schedules=(*heard.schedules, sweep),
        dataset=dataset(feed),
    )


MANIFEST = manifest(ARCHIVE_FEED)
