"""What orders do about shipments."""

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.fulfillment import integration as fulfillment
from functions.orders.commands import RecordDelivery, RecordShipment
from functions.orders.events import MovedLine
from functions.orders.reactor import REACTIONS
from shared.eventsourcing.joint import Target
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.reaction import Delivery, Reaction

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
DELIVERY = Delivery(id="shipment-o1-1@4.0", subject="o1-1", at=AT, correlation_id="flow")


@pytest.mark.parametrize(
    ("reaction", "published", "command"),
    [
        (REACTIONS[0], fulfillment.ShipmentDispatched, RecordShipment),
        (REACTIONS[1], fulfillment.ShipmentDelivered, RecordDelivery),
    ],
)
def test_fulfillments_news_are_recorded(
    reaction: Reaction, published: type[IntegrationEvent], command: type[Any]
) -> None:
    """The producer's documented example becomes a command to its order, at the event's time."""
    (example,) = published.model_json_schema()["examples"]

    targets = reaction.react(reaction.reads.model_validate(example), DELIVERY)

    lines = tuple(MovedLine(**line) for line in example["lines"])
    recorded = command(shipment_id=example["shipment_id"], lines=lines, at=AT)
    assert reaction.type == published.TYPE
    assert targets == [Target("order", example["order_id"], recorded)]
