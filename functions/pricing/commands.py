"""What can be asked of a product's price."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.message import Command
from shared.eventsourcing.money import Money


class NewPrice(BaseModel):
    """A price and since when; without `valid_from` it is from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    price: Money
    valid_from: AwareDatetime | None


class ChangePrices(Command):
    """Give a product these prices; `list_id` names the list that they stand in, if they do."""

    sku: str
    prices: tuple[NewPrice, ...]
    list_id: str | None
    at: AwareDatetime


PriceCommand = ChangePrices
