"""What the analytics consumer asks of its runtime."""

from shared.topology import Permission, ReactsTo, consumer

NAME = "analytics"
ANALYTICS_FILE = "ANALYTICS_FILE"
PUBLISHERS = (
    "cart",
    "catalog",
    "checkout",
    "customers",
    "fulfillment",
    "inventory",
    "notifications",
    "orders",
    "payments",
    "pricing",
    "promotions",
    "returns",
)
"""Every service but this one."""

MANIFEST = consumer(
    NAME,
    description="Writes every integration event of every service into the analytics store, once.",
    reacts_to=tuple(ReactsTo(service) for service in PUBLISHERS),
    permissions=(Permission.WRITE_ANALYTICS,),
    environment=(ANALYTICS_FILE,),
)
