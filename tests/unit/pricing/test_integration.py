"""What pricing publishes."""

from datetime import UTC, datetime

from functions.pricing import integration
from functions.pricing.events import PriceChanged
from functions.pricing.integration import to_integration
from shared.eventsourcing.money import Money

AT = datetime(2017, 3, 6, 12, tzinfo=UTC)


def test_a_price_is_published_with_its_time() -> None:
    """Others learn what a product costs and from when on; which list brought it is our own business."""
    price = Money(amount=199, currency="USD")

    published = to_integration(PriceChanged(sku="milk", price=price, valid_from=AT, list_id="week-10", at=AT))

    assert published == integration.PriceChanged(sku="milk", price=price, valid_from=AT)


def test_the_example_round_trips() -> None:
    """The published contract carries an example that fits it."""
    (example,) = integration.PriceChanged.model_json_schema()["examples"]

    assert integration.PriceChanged.model_validate(example).model_dump(mode="json") == example
