"""What the orders service asks of its runtime."""

from shared.topology import Collection, IndexField, ReactsTo, event_sourced, orchestration

NAME = "orders"
ORDER_CATEGORY = "order"
CANCELLATION = "cancellation"
ORDERS = "orders"
CANCELLATIONS = "cancellations"

_WORKFLOW = orchestration(NAME, starts=("start_cancellation",))
_NEWEST_FIRST = IndexField("started_at", descending=True)

MANIFEST = event_sourced(
    NAME,
    description="Orders: created, confirmed, placed, shipped, delivered, cancelled, returned; and what they come to.",
    publishes="OrderConfirmed, OrderPlaced, OrderCancelled, OrderLinesCancelled, OrderShipped, OrderDelivered, "
    "OrderShipmentLost, OrderLost and OrderReturned, for everybody.",
    categories=(ORDER_CATEGORY, CANCELLATION),
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
        Collection(
            name=CANCELLATIONS,
            description="One document per cancellation of a placed order: its status and timeline, why it was refused.",
            indexes=(
                (IndexField("customer_id"), _NEWEST_FIRST),
                (IndexField("order_id"), _NEWEST_FIRST),
                (IndexField("status"), _NEWEST_FIRST),
                (IndexField("customer_id"), IndexField("order_id"), _NEWEST_FIRST),
                (IndexField("customer_id"), IndexField("status"), _NEWEST_FIRST),
                (IndexField("order_id"), IndexField("status"), _NEWEST_FIRST),
                (IndexField("customer_id"), IndexField("order_id"), IndexField("status"), _NEWEST_FIRST),
            ),
        ),
    ),
    functions=(_WORKFLOW.function,),
    subscriptions=(_WORKFLOW.subscription,),
    queues=(_WORKFLOW.queue,),
    schedules=(_WORKFLOW.schedule,),
    reacts_to=(
        ReactsTo("fulfillment", ("ShipmentDispatched.v1", "ShipmentDelivered.v1", "ShipmentLost.v1")),
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
