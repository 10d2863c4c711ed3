"""What can be asked of a product, and of an import."""

from pydantic import AwareDatetime

from shared.eventsourcing.message import Command


class ListProduct(Command):
    """Show a product as described; it may be new, described otherwise before, or delisted."""

    sku: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str
    manufacturer: str
    at: AwareDatetime


class DelistProduct(Command):
    at: AwareDatetime


class ImportProduct(ListProduct):
    """List a product that is in a chunk of an import, together with the chunk."""

    import_id: str


ProductCommand = ListProduct | ImportProduct | DelistProduct


class StartImport(Command):
    import_id: str
    products_expected: int
    at: AwareDatetime


class RecordChunk(Command):
    """Count a chunk whose products are listed in the same commit."""

    number: int
    products: int
    fingerprint: str
    at: AwareDatetime


class FinishImport(Command):
    """No more chunks come: the rest of what was announced is given up."""

    at: AwareDatetime


class CancelImport(Command):
    at: AwareDatetime


ImportCommand = StartImport | RecordChunk | FinishImport | CancelImport
