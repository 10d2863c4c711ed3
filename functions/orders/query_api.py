"""The queries of orders and cancellations over HTTP."""

from functions.orders.events import OrderEvent
from functions.orders.manifest import NAME
from functions.orders.projections import CANCELLATIONS_PROJECTION, ORDERS_PROJECTION
from functions.orders.read_models import CancellationView, OrderView
from shared.eventsourcing.workflow.events import WorkflowEvent
from shared.http.auth import OPERATORS, PEOPLE
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
CANCELLATION_QUERIES = QueryApi[WorkflowEvent, CancellationView](
    service=NAME,
    projection=CANCELLATIONS_PROJECTION,
    entity="/cancellations/{cancellation_id}",
    collection="/cancellations",
    owner="customer_id",
    filters=("customer_id", "order_id", "status"),
    required_one_of=("customer_id", "order_id", "status"),
    order_by="started_at",
    seen_by=PEOPLE,
)
