"""What other services may know of prices: pure maps from private events to published ones."""

from typing import ClassVar

from pydantic import AwareDatetime, ConfigDict
from pydantic.config import JsonDict

from functions.pricing.events import PriceEvent
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.money import Money

EXAMPLE_CHANGE: JsonDict = {
    "sku": "1095275",
    "price": {"amount": 199, "currency": "USD"},
    "valid_from": "2017-03-06T00:00:00Z",
}


class PriceChanged(IntegrationEvent):
    """From `valid_from` on a unit costs `price`: a moment in the past, now, or in the future."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CHANGE]})
    TYPE: ClassVar = "PriceChanged.v1"
    sku: str
    price: Money
    valid_from: AwareDatetime


def to_integration(event: PriceEvent) -> PriceChanged | None:
    return PriceChanged(sku=event.sku, price=event.price, valid_from=event.valid_from)
