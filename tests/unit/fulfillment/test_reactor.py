"""What fulfillment does about orders; it reads the examples that the orders service documents."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pydantic_core import to_json

from functions.fulfillment.commands import OpenShipment
from functions.fulfillment.events import ShipmentLine
from functions.fulfillment.manifest import SHIPMENT
from functions.fulfillment.reactor import REACTIONS
from functions.fulfillment.state import Shipment, Status
from functions.orders.integration import EXAMPLE_PLACED
from shared.eventsourcing.joint import Target
from shared.eventsourcing.reaction import Delivery

DELIVERY = Delivery(id="m1", subject="x", at=datetime(2017, 3, 6, 12, 5, tzinfo=UTC), correlation_id="f1")
ORDER = EXAMPLE_PLACED["order_id"]


async def targets(type_name: str, message: Mapping[str, object], *, shipments: int = 0) -> Sequence[Target]:
    """What a message leads to, where the order has so many shipments."""
    (reaction,) = [each for each in REACTIONS if each.type == type_name]
    asked = reaction.react(reaction.reads.model_validate_json(to_json(message)), DELIVERY)

    async def read(category: str, entity_id: str) -> Shipment:
        assert category == SHIPMENT
        number = int(entity_id.rpartition("-")[2])
        return Shipment(status=Status.OPEN if number <= shipments else Status.ABSENT)

    return await asked(read) if callable(asked) else asked


async def test_a_placed_order_is_shipped() -> None:
    """Its first shipment holds all of it, and knows where it goes."""
    (target,) = await targets("OrderPlaced.v1", EXAMPLE_PLACED)

    assert (target.category, target.entity_id) == (SHIPMENT, f"{ORDER}-1")
    assert isinstance(target.command, OpenShipment)
    assert target.command.lines == (ShipmentLine(sku="1095275", quantity=2),)
    assert target.command.shipping_address == EXAMPLE_PLACED["shipping_address"]


async def test_a_product_on_two_lines_is_picked_once() -> None:
    """Quantities of one product are summed."""
    line = {"sku": "milk", "quantity": 2, "unit_price": None, "total": {"amount": 398, "currency": "USD"}}
    (target,) = await targets("OrderPlaced.v1", {**EXAMPLE_PLACED, "lines": [line, line]})

    assert target.command.lines == (ShipmentLine(sku="milk", quantity=4),)
