"""What the cart service asks of its runtime."""

from shared.topology import Collection, Function, IndexField, Permission, Private, Schedule, event_sourced

NAME = "cart"
CARTS = "carts"

MANIFEST = event_sourced(
    NAME,
    description="Carts of customers and tills: opened, filled, checked out, restored, expired.",
    publishes="CartCheckedOut and CartExpired, for everybody.",
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
    functions=(
        Function(
            name="reactor",
            trigger=Private(),
            permissions=(Permission.APPEND_EVENTS, Permission.PUBLISH, Permission.WRITE_READ_MODELS),
            description="Expires carts that nobody touched for a month.",
            concurrency=1,
            max_instances=1,
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
