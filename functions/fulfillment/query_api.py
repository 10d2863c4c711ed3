"""The queries of the fulfillment service over HTTP: customers see where their parcels are."""

from collections.abc import Awaitable, Callable

from functions.fulfillment.events import ShipmentEvent, ShipmentOpened
from functions.fulfillment.manifest import NAME, SHIPMENT
from functions.fulfillment.projections import SHIPMENTS_PROJECTION
from functions.fulfillment.read_models import LabelView, ShipmentView
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.personal import Sealed
from shared.http.auth import PEOPLE
from shared.http.query_api import Asked, CustomQuery, QueryApi, QueryWiring

SHIPMENT_QUERIES = QueryApi[ShipmentEvent, ShipmentView](
    service=NAME,
    projection=SHIPMENTS_PROJECTION,
    entity="/shipments/{shipment_id}",
    collection="/shipments",
    owner="customer_id",
    filters=("customer_id", "order_id", "status"),
    order_by="opened_at",
    seen_by=PEOPLE,
)


def _label(wiring: QueryWiring) -> Callable[[Asked], Awaitable[LabelView]]:
    """Straight from the log: no read model holds an address, sealed or not, and a label is rarely asked for."""

    async def answer(asked: Asked) -> LabelView:
        view, sealed = await _shipment(wiring, asked.path["shipment_id"])
        address = await wiring.personal.open(sealed)
        if address is None:
            raise DomainError("address-erased", "the customer's personal data was erased")
        return LabelView(
            shipment_id=view.id, order_id=view.order_id, address=address, carrier=view.carrier, tracking=view.tracking
        )

    return answer


async def _shipment(wiring: QueryWiring, shipment_id: str) -> tuple[ShipmentView, Sealed]:
    projection, view, address = SHIPMENTS_PROJECTION, None, ""
    async for commit in wiring.log.read(f"{SHIPMENT}-{shipment_id}"):
        for event in map(projection.codec.decode, commit.events):
            view = projection.project(view, event)
            address = event.shipping_address if isinstance(event, ShipmentOpened) else address
    if view is None:
        raise NotFoundError("shipment-not-found", "there is no such shipment")
    return view, address


LABEL_QUERY = CustomQuery(
    service=NAME,
    path="/shipments/{shipment_id}/label",
    answer=_label,
    returns=LabelView,
    roles=PEOPLE,
    summary="What is printed on the parcel; 409 `address-erased` if the customer's data was erased.",
)
