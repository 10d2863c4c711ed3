"""The queries of the fulfillment service over HTTP: customers see where their parcels are."""

from collections.abc import Awaitable, Callable

from functions.fulfillment.events import LinesStopped, ShipmentEvent, ShipmentOpened
from functions.fulfillment.manifest import NAME, SHIPMENT
from functions.fulfillment.projections import SHIPMENTS_PROJECTION
from functions.fulfillment.read_models import LabelView, ShipmentLineView, ShipmentView, StopView
from functions.fulfillment.state import MAX_SHIPMENTS, shipment_id
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.personal import Sealed
from shared.http.auth import OPERATORS, PEOPLE
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


async def _shipment(wiring: QueryWiring, identity: str) -> tuple[ShipmentView, Sealed]:
    projection, view, address = SHIPMENTS_PROJECTION, None, ""
    async for commit in wiring.log.read(f"{SHIPMENT}-{identity}"):
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


# --- what was stopped


def _stop(wiring: QueryWiring) -> Callable[[Asked], Awaitable[StopView]]:
    """Straight from the log: whoever stopped something asks what it was, at once."""

    async def answer(asked: Asked) -> StopView:
        order_id, cancellation_id = asked.path["order_id"], asked.path["cancellation_id"]
        quantities: dict[str, int] = {}
        for number in range(1, MAX_SHIPMENTS + 1):
            events = await _events(wiring, shipment_id(order_id, number))
            for event in events:
                if isinstance(event, LinesStopped) and event.cancellation_id == cancellation_id:
                    for line in event.lines:
                        quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
            if not events:
                break
        lines = [ShipmentLineView(sku=sku, quantity=quantity) for sku, quantity in quantities.items()]
        return StopView(order_id=order_id, cancellation_id=cancellation_id, lines=lines)

    return answer


async def _events(wiring: QueryWiring, identity: str) -> list[ShipmentEvent]:
    decode = SHIPMENTS_PROJECTION.codec.decode
    return [decode(each) async for commit in wiring.log.read(f"{SHIPMENT}-{identity}") for each in commit.events]


STOP_QUERY = CustomQuery(
    service=NAME,
    path="/orders/{order_id}/stops/{cancellation_id}",
    answer=_stop,
    returns=StopView,
    roles=OPERATORS,
    summary="Which pieces of an order a cancellation kept from being sent.",
)
