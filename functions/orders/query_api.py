"""The orders' queries over HTTP."""

from functions.orders.events import OrderEvent
from functions.orders.manifest import NAME
from functions.orders.projections import ORDERS_PROJECTION
from functions.orders.read_models import OrderView
from shared.http.auth import OPERATORS
from shared.http.query_api import QueryApi

ORDER_QUERIES = QueryApi[OrderEvent, OrderView](
    service=NAME,
    projection=ORDERS_PROJECTION,
    entity="/orders/{order_id}",
    collection="/orders",
    owner="customer_id",
    filters=("customer_id", "status"),
    order_by="created_at",
    seen_by=OPERATORS,
    listed_by=OPERATORS,
)
