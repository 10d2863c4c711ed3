"""The rules of a product's price.

A price belongs to the time from which it is valid, not to the time at which it was told: one that comes late, for a
past day, takes its place in the history and leaves later prices alone.

A price without a stated time is valid from now on. Now is never before a time at which another price was decided: of
two such prices the one that is accepted later holds, whatever the clocks of the instances say that accepted them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.pricing.commands import ChangePrices, NewPrice, PriceCommand
from functions.pricing.events import PriceChanged, PriceEvent
from functions.pricing.manifest import PRICE
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import Currency

MAX_PRICES = 5000
"""Of one product over all times: what its document holds at about 130 bytes each, and 13 years of daily changes."""


# --- state


class Price(BaseModel):
    """All prices of one product: by currency, minor units by the time from which they are valid, in no order.
    `decided_at` is the latest time at which one of them was decided.
    """

    model_config = ConfigDict(frozen=True)
    amounts: dict[Currency, dict[AwareDatetime, int]] = {}
    decided_at: AwareDatetime | None = None


def price_at(amounts: Mapping[datetime, int], moment: datetime) -> int | None:
    """The amount valid at `moment`: the last that began by then; None before the first."""
    begun = [since for since in amounts if since <= moment]
    return amounts[max(begun)] if begun else None


# --- decide


def decide(command: PriceCommand, price: Price) -> Sequence[PriceEvent]:
    changed: list[PriceEvent] = []
    then = price
    now = max(command.at, price.decided_at or command.at)
    # An earlier price of the same command decides whether a later one is news.
    for new, since in _in_order(command, now):
        if not _known(then.amounts.get(new.price.currency, {}), new, since):
            event = PriceChanged(
                sku=command.sku, price=new.price, valid_from=since, list_id=command.list_id, at=command.at
            )
            changed.append(event)
            then = evolve(then, event)
    _check_number(then)
    return changed


def _in_order(command: ChangePrices, now: datetime) -> list[tuple[NewPrice, datetime]]:
    """Each with the time from which it is valid, earliest first; two for one time would contradict each other."""
    dated = [(new, new.valid_from or now) for new in command.prices]
    if len({(new.price.currency, since) for new, since in dated}) < len(dated):
        raise DomainError("price-ambiguous", f"{command.sku} has two prices for one time", field="prices")
    return sorted(dated, key=lambda each: each[1])


def _known(amounts: Mapping[datetime, int], new: NewPrice, since: datetime) -> bool:
    """A price without a stated time is news only if it differs from today's; one with a time also where it repeats
    what is valid anyway: an earlier price may come later and would run through it.
    """
    if new.valid_from is None:
        return price_at(amounts, since) == new.price.amount
    return amounts.get(since) == new.price.amount


def _check_number(price: Price) -> None:
    if sum(len(amounts) for amounts in price.amounts.values()) > MAX_PRICES:
        raise DomainError("too-many-prices", f"a product has at most {MAX_PRICES} prices over all times")


# --- evolve


def evolve(price: Price, event: PriceEvent) -> Price:
    currency = event.price.currency
    amounts = {**price.amounts.get(currency, {}), event.valid_from: event.price.amount}
    decided_at = max(event.at, price.decided_at or event.at)
    return Price(amounts={**price.amounts, currency: amounts}, decided_at=decided_at)


PRICE_DECIDER = Decider[PriceCommand, PriceEvent, Price](
    category=PRICE,
    decide=decide,
    evolve=evolve,
    initial_state=Price,
    state_type=Price,
    codec=Codec[PriceEvent](PriceEvent),
    snapshot_every=100,  # each holds all prices so far: half as many as elsewhere
)
