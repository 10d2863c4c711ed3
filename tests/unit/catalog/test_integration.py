"""What the catalog publishes, and what it keeps to itself."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from functions.catalog import integration
from functions.catalog.events import ImportEvent, ProductDelisted, ProductListed
from functions.catalog.integration import import_to_integration, product_to_integration
from shared.eventsourcing.message import Event

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
TEXTS = {
    "sku": "1095275",
    "department": "GROCERY",
    "category": "FLUID MILK PRODUCTS",
    "product_type": "FLUID MILK WHITE ONLY",
    "brand": "Private",
    "size": "1 GA",
    "manufacturer": "69",
}


def test_a_listing_is_published_whole() -> None:
    """Others learn everything that the catalog says of a product, without asking back."""
    published = product_to_integration(ProductListed(at=AT, **TEXTS))

    assert published == integration.ProductListed(**TEXTS)


def test_a_delisting_is_published() -> None:
    """Others learn that a product is no longer sold."""
    assert product_to_integration(ProductDelisted(sku="7", at=AT)) == integration.ProductDelisted(sku="7")


@pytest.mark.parametrize("private", get_args(ImportEvent))
def test_imports_stay_private(private: type[Event]) -> None:
    """How products came in is nobody else's business."""
    assert import_to_integration(private.model_construct()) is None  # type: ignore[func-returns-value, arg-type] # None is the fact; a member of the union, chosen at run time


@pytest.mark.parametrize("published", [integration.ProductListed, integration.ProductDelisted])
def test_examples_round_trip(published: type[integration.ProductListed]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
