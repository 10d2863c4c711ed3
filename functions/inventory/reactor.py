"""What inventory does about the news of others, and about time.

Reservations that nobody allocated are found by a walk over their feed that stays as far behind as a reservation can be
held at most: whatever it meets that is still only reserved has expired, and each commit is read once.
"""

from collections.abc import Sequence
from datetime import timedelta

from functions.inventory.commands import ExpireReservation, ReservationCommand, ShipItems
from functions.inventory.events import Line
from functions.inventory.manifest import RESERVATION_CATEGORY
from functions.inventory.plans import LONGEST_HOLD, reservation_targets
from shared.bootstrap import Wiring
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.message import entity_of
from shared.eventsourcing.reaction import Delivery, Reaction, Reads

IDLE_FOR = LONGEST_HOLD + timedelta(minutes=10)
"""The clocks of those who reserve and of the log may differ by some minutes."""


# --- reactions


class ShippedLine(Reads):
    sku: str
    quantity: int


class ShipmentDispatched(Reads):
    shipment_id: str
    reservation_id: str
    lines: tuple[ShippedLine, ...]


def ship(event: ShipmentDispatched, delivery: Delivery) -> Plan:
    """What left the house leaves the stock. More than is kept, or what was given back, is for a person to look at."""
    lines = tuple(Line(sku=line.sku, quantity=line.quantity) for line in event.lines)
    return _planned(event.reservation_id, ShipItems(shipment_id=event.shipment_id, lines=lines, at=delivery.at))


def _planned(reservation_id: str, command: ReservationCommand) -> Plan:
    async def plan(read: Read) -> Sequence[Target]:
        return reservation_targets(reservation_id, command, await read(RESERVATION_CATEGORY, reservation_id))

    return plan


REACTIONS = (Reaction(service="fulfillment", type="ShipmentDispatched.v1", reads=ShipmentDispatched, react=ship),)


# --- expiry


def expire(wiring: Wiring) -> Visit:
    """The visit of the expiry walk. Repeating it is harmless: an expired reservation has nothing left to do."""

    async def visit(stream: str, _: int) -> bool:
        context = wiring.system_context("platform:expiry")
        plan = _planned(entity_of(stream), ExpireReservation(at=context.occurred_at))
        return (await wiring.joint.handle(plan, context)).changed

    return visit
