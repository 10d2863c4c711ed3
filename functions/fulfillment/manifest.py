"""What the fulfillment service asks of its runtime."""

from shared.topology import Collection, IndexField, Permission, ReactsTo, event_sourced

NAME = "fulfillment"
SHIPMENT = "shipment"
SHIPMENTS = "shipments"

_NEWEST_FIRST = IndexField("opened_at", descending=True)

MANIFEST = event_sourced(
    NAME,
    description="Shipments of placed orders: picked, packed, split, stopped, held, dispatched, delivered, lost.",
    publishes="ShipmentDispatched, ShipmentDelivered, ShipmentLost and ShipmentCancelled, for everybody.",
    categories=(SHIPMENT,),
    collections=(
        Collection(
            name=SHIPMENTS,
            description="One document per shipment, as the queries return it; no address.",
            indexes=(
                (_NEWEST_FIRST,),
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
    permissions={
        "commands": (Permission.OPEN_PERSONAL_DATA,),
        "queries": (Permission.OPEN_PERSONAL_DATA,),
    },
    reacts_to=(
        ReactsTo("orders", ("OrderPlaced.v1",)),
        ReactsTo("payments", ("PaymentDisputed.v1", "PaymentDisputeClosed.v1")),
    ),
)
