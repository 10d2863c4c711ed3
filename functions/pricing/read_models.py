"""The documents that the pricing queries return."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.money import Currency, Money


class DatedPrice(BaseModel):
    """A price and the time from which it is valid."""

    model_config = ConfigDict(extra="forbid")
    valid_from: AwareDatetime
    price: Money


class PricesView(BaseModel):
    """All prices of a product, earliest first; `currency` and `changed_at` are those of the last change."""

    model_config = ConfigDict(extra="forbid")
    id: str
    currency: Currency
    prices: list[DatedPrice]
    changed_at: AwareDatetime

    def at(self, moment: datetime, currency: str) -> tuple[DatedPrice | None, DatedPrice | None]:
        """The price that is valid at `moment` and the one that follows it; None where there is none."""
        prices = [each for each in self.prices if each.price.currency == currency]
        begun = sum(each.valid_from <= moment for each in prices)
        return (prices[begun - 1] if begun else None, prices[begun] if begun < len(prices) else None)


class PriceAtTime(BaseModel):
    """What a unit costs at the time that was asked about; `valid_until` is null as long as no later price is known."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    price: Money
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None


class QuotedLine(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int
    unit_price: Money
    total: Money


class Quote(BaseModel):
    """What a basket costs; `total` is the sum of the lines, which come in the order in which they were asked for."""

    model_config = ConfigDict(extra="forbid")
    currency: Currency
    lines: list[QuotedLine]
    total: Money
