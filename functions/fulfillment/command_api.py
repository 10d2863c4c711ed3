"""The commands of the fulfillment service over HTTP: all of them for the warehouse."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from functions.fulfillment.commands import (
    DeliverShipment,
    DispatchShipment,
    LoseShipment,
    OpenShipment,
    PackShipment,
    PickShipment,
    SplitShipment,
)
from functions.fulfillment.events import ShipmentLine
from functions.fulfillment.manifest import NAME, SHIPMENT
from functions.fulfillment.plans import Stop, stop_targets
from functions.fulfillment.state import MAX_SHIPMENTS, Shipment, Status, shipment_id
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.message import Context
from shared.http.auth import PEOPLE, Role
from shared.http.command_api import Call, CommandApi, CommandEndpoint, JointEndpoint, Others, open_to_its_roles
from shared.http.requests import Body, Id, Line, Moment, ShopReason

WORKFLOWS = frozenset({Role.SERVICE})
"""A cancellation is a workflow of the orders: people ask there."""


class LineBody(Body):
    sku: Id
    quantity: int = Field(ge=1, le=10**9)


class SplitBody(Body):
    """`lines` go by a shipment of their own, each product named once."""

    lines: list[LineBody] = Field(min_length=1, max_length=500)


class StopBody(Body):
    """`lines` are not to be sent, or everything that has not left. `ordered` is all that the order holds, the news of
    which may not have come here yet.
    """

    cancellation_id: Id
    lines: list[LineBody] | None = Field(None, min_length=1, max_length=500)
    ordered: list[LineBody] = Field(min_length=1, max_length=500)
    reason: ShopReason


class DispatchBody(Body):
    carrier: Line
    tracking: Line
    at: Moment | None = None


class AtBody(Body):
    at: Moment | None = None


async def _split(body: SplitBody, call: Call, read: Read) -> Sequence[Target]:
    """Taken out of one shipment and put into a new one, in one commit: nothing is sent twice or forgotten."""
    source: Shipment = await read(SHIPMENT, call.entity_id)
    if not source.shipment_id:
        raise NotFoundError("shipment-not-found", "there is no such shipment")
    part = await _next_part(source.order_id, read)
    lines = _lines_of(_once_each(body.lines))
    opening = OpenShipment(
        shipment_id=part,
        order_id=source.order_id,
        customer_id=source.customer_id,
        reservation_id=source.reservation_id,
        shipping_address=source.shipping_address,
        lines=lines,
        split_from=call.entity_id,
        at=call.now,
    )
    taking = SplitShipment(lines=lines, into=part, at=call.now)
    return (Target(SHIPMENT, call.entity_id, taking), Target(SHIPMENT, part, opening))


async def _next_part(order_id: str, read: Read) -> str:
    """The first number that is free. Two splits that choose the same one meet there: the second chooses again."""
    for number in range(2, MAX_SHIPMENTS + 1):
        part: Shipment = await read(SHIPMENT, shipment_id(order_id, number))
        if part.status is Status.ABSENT:
            return shipment_id(order_id, number)
    raise DomainError("too-many-shipments", f"an order has at most {MAX_SHIPMENTS} shipments")


async def _stop(body: StopBody, call: Call, read: Read) -> Sequence[Target]:
    stop = Stop(
        cancellation_id=body.cancellation_id,
        order_id=call.entity_id,
        wanted=_once_each(body.lines) if body.lines is not None else None,
        ordered=_once_each(body.ordered),
        reason=body.reason,
        at=call.now,
    )
    return await stop_targets(stop, read)


def _once_each(lines: Sequence[LineBody]) -> dict[str, int]:
    quantities = {line.sku: line.quantity for line in lines}
    if len(quantities) < len(lines):
        raise DomainError("product-named-twice", "name each product once", field="lines")
    return quantities


def _lines_of(quantities: Mapping[str, int]) -> tuple[ShipmentLine, ...]:
    return tuple(ShipmentLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


def _pick(_: Body, call: Call) -> PickShipment:
    return PickShipment(at=call.now)


def _pack(_: Body, call: Call) -> PackShipment:
    return PackShipment(at=call.now)


def _dispatch(body: DispatchBody, call: Call) -> DispatchShipment:
    return DispatchShipment(carrier=body.carrier, tracking=body.tracking, at=call.at(body.at))


async def _check_address(call: Call, others: Others, _: Context) -> None:
    """No parcel leaves without an address. An erasure waits for open orders, so this is the last defence."""
    shipment: Shipment = await others.state(SHIPMENT, call.entity_id)
    if shipment.status is Status.PACKED and await call.personal.open(shipment.shipping_address) is None:
        raise DomainError("address-erased", "the customer's personal data was erased: cancel the order")


def _deliver(body: AtBody, call: Call) -> DeliverShipment:
    return DeliverShipment(at=call.at(body.at))


def _lose(body: AtBody, call: Call) -> LoseShipment:
    return LoseShipment(at=call.at(body.at))


SHIPMENT_COMMANDS = CommandApi[Shipment](
    service=NAME,
    category=SHIPMENT,
    entity="/shipments/{shipment_id}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="POST",
            path="/shipments/{shipment_id}/pick",
            build=_pick,
            roles=PEOPLE,
            summary="Everything was taken from the shelves.",
        ),
        CommandEndpoint(
            method="POST",
            path="/shipments/{shipment_id}/pack",
            build=_pack,
            roles=PEOPLE,
            summary="The parcel is closed.",
        ),
        JointEndpoint(
            method="POST",
            path="/shipments/{shipment_id}/split",
            body=SplitBody,
            plan=_split,
            roles=PEOPLE,
            summary="Send some lines by a shipment of their own.",
        ),
        CommandEndpoint(
            method="POST",
            path="/shipments/{shipment_id}/dispatch",
            body=DispatchBody,
            build=_dispatch,
            admit=_check_address,
            roles=PEOPLE,
            summary="The carrier has it.",
        ),
        CommandEndpoint(
            method="POST",
            path="/shipments/{shipment_id}/deliver",
            body=AtBody,
            build=_deliver,
            roles=PEOPLE,
            summary="The customer has it; also what was lost, and has turned up.",
        ),
        CommandEndpoint(
            method="POST",
            path="/shipments/{shipment_id}/lose",
            body=AtBody,
            build=_lose,
            roles=PEOPLE,
            summary="The carrier has lost it: the money of what was in it goes back, for good.",
        ),
        JointEndpoint(
            method="POST",
            path="/orders/{order_id}/stop",
            body=StopBody,
            plan=_stop,
            roles=WORKFLOWS,
            summary="Keep pieces of an order from being sent; 409 `shipment-is-dispatched` if they have left.",
        ),
    ),
)
