"""The inventory's queries over HTTP: for staff, nobody's basket is anybody else's business."""

from functions.inventory.events import ReservationEvent, StockEvent
from functions.inventory.manifest import NAME
from functions.inventory.projections import AVAILABILITY_PROJECTION, RESERVATIONS_PROJECTION
from functions.inventory.read_models import AvailabilityView, ReservationView
from shared.http.auth import PEOPLE, TILLS
from shared.http.query_api import QueryApi

STOCK_QUERIES = QueryApi[StockEvent, AvailabilityView](
    service=NAME,
    projection=AVAILABILITY_PROJECTION,
    entity="/stock/{sku}",
    collection="/stock",
    filters=("status",),
    required=("status",),
    order_by="id",
    newest_first=False,
    seen_by=TILLS,
    listed_by=TILLS,
)
RESERVATION_QUERIES = QueryApi[ReservationEvent, ReservationView](
    service=NAME,
    projection=RESERVATIONS_PROJECTION,
    entity="/reservations/{reservation_id}",
    collection="/reservations",
    filters=("status",),
    required=("status",),
    order_by="id",
    newest_first=False,
    seen_by=PEOPLE,
)
