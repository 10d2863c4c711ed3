"""The cart's queries over HTTP."""

from functions.cart.events import CartEvent
from functions.cart.manifest import NAME
from functions.cart.projections import CARTS_PROJECTION
from functions.cart.read_models import CartView
from shared.http.auth import STAFF
from shared.http.query_api import QueryApi

CART_QUERIES = QueryApi[CartEvent, CartView](
    service=NAME,
    projection=CARTS_PROJECTION,
    entity="/carts/{cart_id}",
    collection="/carts",
    owner="customer_id",
    filters=("customer_id", "status"),
    required=("customer_id",),
    order_by="opened_at",
    seen_by=STAFF,
)
