"""What can have happened to a product and to an import: the storage contract. A shape never changes under the same
version.
"""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.eventsourcing.message import Event


class ProductListed(Event):
    """The catalog shows the product, as described here. Descriptive fields are empty where nothing is known."""

    TYPE: ClassVar = "ProductListed.v1"
    sku: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str
    manufacturer: str
    at: AwareDatetime


class ProductDelisted(Event):
    """The catalog shows the product no more."""

    TYPE: ClassVar = "ProductDelisted.v1"
    sku: str
    at: AwareDatetime


class ProductImported(Event):
    """An import had the product in one of its chunks, whether it was described otherwise before or not."""

    TYPE: ClassVar = "ProductImported.v1"
    sku: str
    import_id: str
    at: AwareDatetime


ProductEvent = ProductListed | ProductDelisted | ProductImported


class ImportStarted(Event):
    TYPE: ClassVar = "ImportStarted.v1"
    import_id: str
    products_expected: int
    at: AwareDatetime


class ChunkImported(Event):
    """A chunk of an import was taken in; `fingerprint` tells the same chunk from another under its number."""

    TYPE: ClassVar = "ChunkImported.v1"
    number: int
    products: int
    fingerprint: str
    at: AwareDatetime


class ImportCompleted(Event):
    """All products that were announced are in the catalog."""

    TYPE: ClassVar = "ImportCompleted.v1"
    import_id: str
    products: int
    at: AwareDatetime


class ImportFinished(Event):
    """No more products come: `products` are in the catalog, `given_up` of those that were announced are not."""

    TYPE: ClassVar = "ImportFinished.v1"
    import_id: str
    products: int
    given_up: int
    at: AwareDatetime


class ImportCancelled(Event):
    """No more products are taken in; those that were, `products` of them, stay in the catalog."""

    TYPE: ClassVar = "ImportCancelled.v1"
    import_id: str
    products: int
    at: AwareDatetime


ImportEvent = ImportStarted | ChunkImported | ImportCompleted | ImportFinished | ImportCancelled
