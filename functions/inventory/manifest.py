"""What the inventory service asks of its runtime."""

from shared.topology import Collection, IndexField, ReactsTo, Schedule, event_sourced

NAME = "inventory"
STOCK_CATEGORY = "stock"
RESERVATION_CATEGORY = "reservation"
RECEIPT_CATEGORY = "receipt"
AVAILABILITY = "availability"
RESERVATIONS = "reservations"

MANIFEST = event_sourced(
    NAME,
    description="Stock of each product: received, counted, kept for a basket as a whole, released, shipped.",
    publishes="StockChanged, ItemsReserved, ReservationReleased, ItemsReleased and ItemsShipped, for everybody.",
    categories=(STOCK_CATEGORY, RESERVATION_CATEGORY, RECEIPT_CATEGORY),
    collections=(
        Collection(
            name=AVAILABILITY,
            description="One document per product: how many are on hand, reserved and available.",
            indexes=((IndexField("status"), IndexField("id")),),
        ),
        Collection(
            name=RESERVATIONS,
            description="One document per reservation: what it keeps, for how long, and what of it was shipped.",
            indexes=((IndexField("status"), IndexField("id")),),
        ),
    ),
    reacts_to=(ReactsTo("fulfillment", ("ShipmentDispatched.v1",)),),
    schedules=(
        Schedule(
            name="inventory-expiry",
            function="reactor",
            path="/expire",
            cron="*/5 * * * *",
            description="Expiry of reservations that nobody allocated.",
        ),
    ),
)
