"""The cart's queries over HTTP."""

from collections.abc import Awaitable, Callable

from functions.cart.events import CartEvent, Channel
from functions.cart.manifest import NAME
from functions.cart.projections import CARTS_PROJECTION
from functions.cart.read_models import CartAvailability, CartView, UnavailableLine
from shared.eventsourcing.errors import NotFoundError
from shared.eventsourcing.workflow.calls import Request, answer_of
from shared.http.auth import COUNTER, STAFF
from shared.http.documents import DocumentReader
from shared.http.query_api import Asked, CustomQuery, QueryApi, QueryWiring

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


def _availability(wiring: QueryWiring) -> Callable[[Asked], Awaitable[CartAvailability]]:
    documents = DocumentReader(CARTS_PROJECTION, wiring.rows, wiring.log)

    async def answer(asked: Asked) -> CartAvailability:
        found = await documents.current(asked.path["cart_id"], 1)
        cart, _ = CARTS_PROJECTION.restore(found.row)
        if cart is None or not (asked.principal.has(*STAFF) or cart.customer_id == asked.principal.subject):
            raise NotFoundError("not-found", "there is no such document")
        skus = [line.sku for line in cart.lines] if cart.channel is Channel.WEB else []
        return CartAvailability(id=cart.id, unavailable=await _unavailable(wiring, skus))

    return answer


async def _unavailable(wiring: QueryWiring, skus: list[str]) -> list[UnavailableLine]:
    if not skus:
        return []
    request = Request(service="catalog", method="POST", path="/availability", body={"skus": skus})
    answer = answer_of(request, await wiring.services.call(request))
    return [UnavailableLine(sku=each["sku"], name=each["name"]) for each in answer["unavailable"]]


AVAILABILITY_QUERY = CustomQuery(
    service=NAME,
    path="/carts/{cart_id}/availability",
    answer=_availability,
    returns=CartAvailability,
    summary="Which products of a cart are not sold now.",
    roles=COUNTER,
    own=True,
)
