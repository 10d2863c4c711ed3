"""What the cart service asks of its runtime."""

from shared.topology import Collection, IndexField, Permission, Schedule, event_sourced

NAME = "cart"
CARTS = "carts"

MANIFEST = event_sourced(
    NAME,
    description="Carts of customers and tills: opened, filled, checked out, restored, expired.",
    publishes="CartCheckedOut and CartExpired, for everybody.",
    permissions={"commands": (Permission.CALL_SERVICES,), "queries": (Permission.CALL_SERVICES,)},
    collections=(
        Collection(
            name=CARTS,
            description="One document per cart, as the queries return it.",
            indexes=(
                (IndexField("customer_id"), IndexField("opened_at", descending=True)),
                (IndexField("customer_id"), IndexField("status"), IndexField("opened_at", descending=True)),
            ),
        ),
    ),
    schedules=(
        Schedule(
            name="cart-expiry",
            function="reactor",
            path="/expire",
            cron="17 * * * *",
            description="Expiry of abandoned carts.",
        ),
    ),
)
