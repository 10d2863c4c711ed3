"""What other services may know of products: pure maps from private events to published ones."""

from typing import ClassVar, assert_never

from pydantic import ConfigDict
from pydantic.config import JsonDict

from functions.catalog import events
from functions.catalog.events import ImportEvent, ProductEvent
from shared.eventsourcing.message import IntegrationEvent

EXAMPLE_LISTING: JsonDict = {
    "sku": "1095275",
    "department": "GROCERY",
    "category": "SALAD BAR",
    "product_type": "SALAD BAR OTHER",
    "brand": "National",
    "size": "16 OZ",
    "manufacturer": "2",
}
EXAMPLE_DELISTING: JsonDict = {"sku": "1095275"}


class ProductListed(IntegrationEvent):
    """The catalog shows this product, as described here. A field is empty where nothing is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_LISTING]})
    TYPE: ClassVar = "ProductListed.v1"
    sku: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str
    manufacturer: str


class ProductDelisted(IntegrationEvent):
    """The catalog shows this product no more."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_DELISTING]})
    TYPE: ClassVar = "ProductDelisted.v1"
    sku: str


def product_to_integration(event: ProductEvent) -> ProductListed | ProductDelisted | None:
    match event:
        case events.ProductListed():
            return ProductListed(**event.model_dump(exclude={"at"}))
        case events.ProductDelisted():
            return ProductDelisted(sku=event.sku)
        case events.ProductImported():
            return None
        case _:
            assert_never(event)


def import_to_integration(_: ImportEvent) -> None:
    """An import is the catalog's own business: its products speak for themselves."""
