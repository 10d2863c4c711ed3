"""What can have happened to a product's price: the storage contract. A shape never changes under the same version."""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.eventsourcing.message import Event
from shared.eventsourcing.money import Money


class PriceChanged(Event):
    """From `valid_from` on, a unit costs `price`, until the next later `valid_from` in the same currency.

    A price replaces the one of the same `valid_from`. `list_id` names the price list that brought it, None if it came
    alone. `at` is when it was decided, before or after it became valid.
    """

    TYPE: ClassVar = "PriceChanged.v1"
    sku: str
    price: Money
    valid_from: AwareDatetime
    list_id: str | None
    at: AwareDatetime


PriceEvent = PriceChanged
