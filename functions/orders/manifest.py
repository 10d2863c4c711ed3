"""What the orders service asks of its runtime."""

from shared.topology import Collection, IndexField, ReactsTo, event_sourced

NAME = "orders"
ORDER_CATEGORY = "order"
ORDERS = "orders"

MANIFEST = event_sourced(
    NAME,
    description="Orders: created, confirmed, placed, shipped, delivered, cancelled, returned; and what they come to.",
    publishes="OrderConfirmed, OrderPlaced, OrderCancelled, OrderShipped, OrderDelivered and OrderReturned, "
    "for everybody.",
    categories=(ORDER_CATEGORY,),
    collections=(
        Collection(
            name=ORDERS,
            description="One document per order, as the queries return it.",
            indexes=(
                (IndexField("created_at", descending=True),),
                (IndexField("status"), IndexField("created_at", descending=True)),
                (IndexField("customer_id"), IndexField("created_at", descending=True)),
                (IndexField("customer_id"), IndexField("status"), IndexField("created_at", descending=True)),
            ),
        ),
    ),
    reacts_to=(
        ReactsTo("fulfillment", ("ShipmentDispatched.v1", "ShipmentDelivered.v1")),
        ReactsTo(
            "payments",
            (
                "PaymentRefunded.v1",
                "PaymentRefundFailed.v1",
                "PaymentRefundResolved.v1",
                "PaymentDisputed.v1",
                "PaymentDisputeClosed.v1",
            ),
        ),
    ),
)
