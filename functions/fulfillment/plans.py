"""What stopping pieces of an order means for its shipments: commands for one commit.

Fulfillment decides in its own streams whether something has left: whatever races for it, a dispatch, a split or the
late news of the order, writes one of the shipments that are written here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.fulfillment.commands import StopLines
from functions.fulfillment.events import ShipmentLine
from functions.fulfillment.manifest import SHIPMENT
from functions.fulfillment.state import GONE, MAX_SHIPMENTS, Shipment, Status, shipment_id
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.joint import Read, Target

FIRST = 1
_LEAST_DONE_FIRST = (Status.ABSENT, Status.OPEN, Status.PICKED, Status.PACKED)
Quantities = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What a cancellation asks for: these quantities, or with None everything that has not left."""

    cancellation_id: str
    order_id: str
    wanted: Quantities | None
    ordered: Quantities
    reason: str
    at: datetime


async def shipments_of(order_id: str, read: Read) -> dict[str, Shipment]:
    """By id; the first one also if it is not there yet."""
    found: dict[str, Shipment] = {}
    for number in range(FIRST, MAX_SHIPMENTS + 1):
        identity = shipment_id(order_id, number)
        shipment: Shipment = await read(SHIPMENT, identity)
        if shipment.status is Status.ABSENT and number > FIRST:
            break
        found[identity] = shipment
    return found


async def stop_targets(stop: Stop, read: Read) -> Sequence[Target]:
    """Taken out of the shipments that are the least ready, all or nothing; nothing again if it was done before. What
    is refused once is refused for ever: nothing that has left is here again.
    """
    shipments = await shipments_of(stop.order_id, read)
    if any(stop.cancellation_id in shipment.stopped for shipment in shipments.values()):
        return ()
    here = {identity: shipment.to_send(stop.ordered) for identity, shipment in shipments.items()}
    by_state = sorted((each for each in here if here[each]), key=lambda x: _LEAST_DONE_FIRST.index(shipments[x].status))
    wanted = stop.wanted if stop.wanted is not None else _sum(here.values())
    _check_here(wanted, _sum(here.values()), shipments)
    return [_target(stop, identity, taken) for identity, taken in _shares(wanted, by_state, here).items()]


def _sum(all_quantities: Iterable[Quantities]) -> dict[str, int]:
    total: dict[str, int] = {}
    for quantities in all_quantities:
        for sku, quantity in quantities.items():
            total[sku] = total.get(sku, 0) + quantity
    return total


def _check_here(wanted: Quantities, here: Quantities, shipments: Mapping[str, Shipment]) -> None:
    short = [sku for sku, quantity in wanted.items() if quantity > here.get(sku, 0)]
    if wanted and not short:
        return
    gone = [name for name, x in shipments.items() if x.status in GONE and (not short or short[0] in x.lines)]
    left = f"{short[0]}: {here.get(short[0], 0)} have not left" if short else "everything has left"
    if gone:
        detail = f"{', '.join(gone)} left already; {left}"
        raise DomainError("shipment-is-dispatched", detail, field=short[0] if short else None)
    raise DomainError("nothing-to-stop", "it was cancelled already", field=short[0] if short else None)


def _shares(wanted: Quantities, order: Sequence[str], here: Mapping[str, Quantities]) -> dict[str, dict[str, int]]:
    """What is taken out of which shipment, as far as each one goes."""
    missing, shares = dict(wanted), dict[str, dict[str, int]]()
    for identity in order:
        taken = {sku: min(here[identity].get(sku, 0), quantity) for sku, quantity in missing.items()}
        missing = {sku: quantity - taken[sku] for sku, quantity in missing.items()}
        if any(taken.values()):
            shares[identity] = {sku: quantity for sku, quantity in taken.items() if quantity}
    return shares


def _target(stop: Stop, identity: str, taken: Quantities) -> Target:
    command = StopLines(
        cancellation_id=stop.cancellation_id,
        order_id=stop.order_id,
        lines=_lines(taken),
        ordered=_lines(stop.ordered),
        reason=stop.reason,
        at=stop.at,
    )
    return Target(SHIPMENT, identity, command)


def _lines(quantities: Quantities) -> tuple[ShipmentLine, ...]:
    return tuple(ShipmentLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())
