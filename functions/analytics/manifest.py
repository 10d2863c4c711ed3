"""What the analytics consumer asks of its runtime."""

from collections.abc import Mapping
from dataclasses import replace

from functions.analytics.dataset import DATASET
from shared.topology import (
    Function,
    Permission,
    Private,
    ReactsTo,
    Schedule,
    consumer,
)

NAME = "analytics"

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


_CONSUMER = consumer(
    NAME,
    description="Keeps the archive of all stored events, and every integration event, as rows for analysis.",
    reacts_to=tuple(ReactsTo(service) for service in CATEGORIES),
    permissions=(Permission.WRITE_ANALYTICS,),
)
_ARCHIVE = Function(
    name="archive",
    trigger=Private(),
    permissions=(Permission.WRITE_ANALYTICS, Permission.READ_EVENTS, Permission.WRITE_READ_MODELS),
    description="Copies the log into the archive.",
)
_SWEEP = Schedule(
    name=f"{NAME}-sweep",
    function=_ARCHIVE.name,
    path="/sweep",
    cron="*/10 * * * *",
    description="What the log has and the archive has not, written.",
)
MANIFEST = replace(
    _CONSUMER,
    functions=(*_CONSUMER.functions, _ARCHIVE),
    schedules=(*_CONSUMER.schedules, _SWEEP),
    dataset=DATASET,
)
