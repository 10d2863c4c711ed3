"""What fulfillment publishes, and what it keeps to itself."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from functions.fulfillment import integration
from functions.fulfillment.events import (
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentEvent,
    ShipmentLine,
    ShipmentLost,
)
from functions.fulfillment.integration import to_integration
from shared.eventsourcing.message import Event, IntegrationEvent

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LINES = (ShipmentLine(sku="milk", quantity=2),)
PUBLIC = {ShipmentDispatched, ShipmentDelivered, ShipmentLost, ShipmentCancelled}


def test_a_dispatch_is_published_with_its_lines() -> None:
    """Stock, order and mail learn all that they need from the one event."""
    event = ShipmentDispatched(
        shipment_id="o1-1",
        order_id="o1",
        customer_id="900",
        reservation_id="r1",
        lines=LINES,
        carrier="DHL",
        tracking="T1",
        at=AT,
    )

    assert to_integration(event) == integration.ShipmentDispatched(
        shipment_id="o1-1",
        order_id="o1",
        customer_id="900",
        reservation_id="r1",
        lines=(integration.SentLine(sku="milk", quantity=2),),
        carrier="DHL",
        tracking="T1",
        dispatched_at=AT,
    )


def test_a_delivery_is_published_with_its_lines() -> None:
    """Others learn what arrived."""
    event = ShipmentDelivered(shipment_id="o1-1", order_id="o1", customer_id="900", lines=LINES, at=AT)

    assert to_integration(event) == integration.ShipmentDelivered(
        shipment_id="o1-1",
        order_id="o1",
        customer_id="900",
        lines=(integration.SentLine(sku="milk", quantity=2),),
        delivered_at=AT,
    )


def test_a_loss_is_published_with_what_was_in_it() -> None:
    """Its money goes back, and its goods do not."""
    told = {"shipment_id": "o1-1", "order_id": "o1", "customer_id": "900"}

    assert to_integration(ShipmentLost(**told, lines=(ShipmentLine(sku="milk", quantity=2),), at=AT)) == (
        integration.ShipmentLost(**told, lines=(integration.SentLine(sku="milk", quantity=2),), lost_at=AT)
    )


def test_a_cancellation_is_published() -> None:
    """Others learn what will not be sent."""
    event = ShipmentCancelled(shipment_id="o1-1", order_id="o1", reason="changed my mind", at=AT)

    assert to_integration(event) == integration.ShipmentCancelled(shipment_id="o1-1", order_id="o1")


@pytest.mark.parametrize("private", [cls for cls in get_args(ShipmentEvent) if cls not in PUBLIC])
def test_everything_else_stays_private(private: type[Event]) -> None:
    """What happens inside the warehouse is nobody else's business, and an address least of all."""
    assert to_integration(private.model_construct()) is None  # type: ignore[arg-type] # a member of the union, chosen at run time


@pytest.mark.parametrize(
    "published",
    [
        integration.ShipmentDispatched,
        integration.ShipmentDelivered,
        integration.ShipmentLost,
        integration.ShipmentCancelled,
    ],
)
def test_examples_round_trip(published: type[IntegrationEvent]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
