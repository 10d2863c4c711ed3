"""What the read model of prices shows, event by event."""

from datetime import UTC, datetime, timedelta

from functions.pricing.events import PriceChanged
from functions.pricing.projections import PRICES_PROJECTION, project_prices
from functions.pricing.read_models import PricesView
from shared.eventsourcing.money import Money

NOW = datetime(2017, 3, 6, 12, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)


def changed(cents: int, since: datetime, currency: str = "USD", at: datetime = NOW) -> PriceChanged:
    price = Money(amount=cents, currency=currency)
    return PriceChanged(sku="milk", price=price, valid_from=since, list_id=None, at=at)


def shown(*events: PriceChanged) -> PricesView:
    document: PricesView | None = None
    for event in events:
        document = project_prices(document, event)
    assert document is not None
    return document


def amounts(view: PricesView) -> list[int]:
    return [each.price.amount for each in view.prices]


def test_prices_are_shown_in_the_order_of_time() -> None:
    """A price that came late stands where it belongs."""
    assert amounts(shown(changed(199, NOW), changed(150, YESTERDAY))) == [150, 199]


def test_a_price_replaces_that_of_the_same_time() -> None:
    """What was put right is not shown any more."""
    assert amounts(shown(changed(199, NOW), changed(189, NOW))) == [189]


def test_currencies_stand_beside_each_other() -> None:
    """A price in another currency replaces nothing."""
    assert amounts(shown(changed(199, NOW), changed(180, NOW, "EUR"))) == [180, 199]


def test_the_last_change_is_shown() -> None:
    """The list finds a product by the currency and the time of its last change."""
    later = NOW + timedelta(hours=1)
    view = shown(changed(199, NOW), changed(180, YESTERDAY, "EUR", at=later))

    assert PRICES_PROJECTION.fields(view) == {"currency": "EUR", "id": "milk"}


def test_the_price_of_a_time_comes_with_the_one_that_follows() -> None:
    """A document tells what is valid at a time and until when."""
    view = shown(changed(150, YESTERDAY), changed(199, NOW))

    assert [
        [each and each.price.amount for each in view.at(at, "USD")]
        for at in (YESTERDAY - timedelta(days=1), YESTERDAY, NOW)
    ] == [[None, 150], [150, 199], [199, None]]


def test_a_price_is_of_one_currency() -> None:
    """What was asked for in another currency is not there."""
    assert shown(changed(150, YESTERDAY)).at(NOW, "EUR") == (None, None)
