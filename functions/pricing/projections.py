"""From events to the pricing read models: pure functions of (document | None, event)."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime

from functions.pricing.events import PriceEvent
from functions.pricing.manifest import PRICE, PRICES
from functions.pricing.read_models import DatedPrice, PricesView
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.projection import Projection, Scalar


def project_prices(document: PricesView | None, event: PriceEvent) -> PricesView | None:
    return PricesView(
        id=event.sku,
        currency=event.price.currency,
        prices=_with(document.prices if document else (), DatedPrice(valid_from=event.valid_from, price=event.price)),
        changed_at=event.at,
    )


def _with(prices: Sequence[DatedPrice], new: DatedPrice) -> list[DatedPrice]:
    place = bisect_left(prices, _order(new), key=_order)
    replaced = place < len(prices) and _order(prices[place]) == _order(new)
    return [*prices[:place], new, *prices[place + replaced :]]


def _order(price: DatedPrice) -> tuple[datetime, str]:
    return price.valid_from, price.price.currency


def _fields(document: PricesView) -> Mapping[str, Scalar]:
    return {"currency": document.currency, "id": document.id}


PRICES_PROJECTION = Projection[PriceEvent, PricesView](
    category=PRICE,
    collection=PRICES,
    document_type=PricesView,
    codec=Codec[PriceEvent](PriceEvent),
    project=project_prices,
    fields=_fields,
)
