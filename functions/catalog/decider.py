"""The rules of a product, whose state is kept whole, and of an import, which is event-sourced."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from pydantic import BaseModel, ConfigDict

from functions.catalog.commands import (
    CancelImport,
    DelistProduct,
    FinishImport,
    ImportCommand,
    ImportProduct,
    ListProduct,
    ProductCommand,
    RecordChunk,
    StartImport,
)
from functions.catalog.events import (
    ChunkImported,
    ImportCancelled,
    ImportCompleted,
    ImportEvent,
    ImportFinished,
    ImportStarted,
    ProductDelisted,
    ProductEvent,
    ProductImported,
    ProductListed,
)
from functions.catalog.manifest import IMPORT, PRODUCT
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError

# --- products: state


class Listing(StrEnum):
    ABSENT = "absent"
    LISTED = "listed"
    DELISTED = "delisted"


class Product(BaseModel):
    """A product as it is stored and as the search reads it; one that was delisted keeps its description. `import_id` is
    the last import that had it.
    """

    model_config = ConfigDict(frozen=True)
    listing: Listing = Listing.ABSENT
    sku: str = ""
    department: str = ""
    category: str = ""
    product_type: str = ""
    brand: str = ""
    size: str = ""
    manufacturer: str = ""
    import_id: str = ""


# --- products: decide


def decide_product(command: ProductCommand, product: Product) -> Sequence[ProductEvent]:
    match command:
        case ImportProduct():
            return _import(command, product)
        case ListProduct():
            return _list(command, product)
        case DelistProduct(at=at):
            return _delist(product, ProductDelisted(sku=product.sku, at=at))
        case _:
            assert_never(command)


def _list(command: ListProduct, product: Product) -> Sequence[ProductEvent]:
    listed = ProductListed(**command.model_dump(exclude={"import_id"}))
    return [] if evolve_product(product, listed) == product else [listed]


def _import(command: ImportProduct, product: Product) -> Sequence[ProductEvent]:
    """It is always written, or two chunks at a time could both have it: the later one would win unseen."""
    if product.import_id == command.import_id:
        raise DomainError("sku-twice", f"{command.sku} is in an earlier chunk of this import", field=command.sku)
    imported = ProductImported(sku=command.sku, import_id=command.import_id, at=command.at)
    return [*_list(command, product), imported]


def _delist(product: Product, delisted: ProductDelisted) -> Sequence[ProductEvent]:
    if product.listing is Listing.ABSENT:
        raise NotFoundError("product-not-found", "there is no such product")
    return [delisted] if product.listing is Listing.LISTED else []


# --- products: evolve


def evolve_product(product: Product, event: ProductEvent) -> Product:
    match event:
        case ProductListed():
            described = event.model_dump(exclude={"at"})
            return product.model_copy(update={"listing": Listing.LISTED, **described})
        case ProductDelisted():
            return product.model_copy(update={"listing": Listing.DELISTED})
        case ProductImported(import_id=import_id):
            return product.model_copy(update={"import_id": import_id})
        case _:
            assert_never(event)


PRODUCTS = Decider[ProductCommand, ProductEvent, Product](
    category=PRODUCT,
    decide=decide_product,
    evolve=evolve_product,
    initial_state=Product,
    state_type=Product,
    codec=Codec[ProductEvent](ProductEvent),
    keeps_state=True,
)


# --- imports: state


class Progress(StrEnum):
    ABSENT = "absent"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Import(BaseModel):
    """An import as its chunks need to know it: `chunks` holds the fingerprint of each number taken in. Their number is
    bounded by what was announced, since no chunk is empty.
    """

    model_config = ConfigDict(frozen=True)
    progress: Progress = Progress.ABSENT
    import_id: str = ""
    products_expected: int = 0
    products_received: int = 0
    chunks: dict[int, str] = {}


# --- imports: decide


def decide_import(command: ImportCommand, state: Import) -> Sequence[ImportEvent]:
    match command:
        case StartImport():
            return _start(command, state)
        case RecordChunk():
            return _record(command, state)
        case FinishImport():
            return _finish(command, state)
        case CancelImport():
            return _cancel(command, state)
        case _:
            assert_never(command)


def _start(command: StartImport, state: Import) -> Sequence[ImportEvent]:
    if state.progress is Progress.ABSENT:
        return [ImportStarted(**command.model_dump())]
    if state.products_expected == command.products_expected:
        return []
    raise DomainError("import-exists", "an import with this id was started differently")


def is_taken_in(state: Import, number: int, fingerprint: str) -> bool:
    """Whether this very chunk was taken in before; refuses another one under its number."""
    _check_there(state)
    known = state.chunks.get(number)
    if known not in (None, fingerprint):
        raise DomainError("chunk-differs", f"chunk {number} was taken in with other products", field="products")
    return known is not None


def _record(command: RecordChunk, state: Import) -> Sequence[ImportEvent]:
    if is_taken_in(state, command.number, command.fingerprint):
        return []
    if state.progress is not Progress.RUNNING:
        raise DomainError("import-ended", f"the import is {state.progress}: it takes no more products")
    received = state.products_received + command.products
    if received > state.products_expected:
        raise DomainError(
            "too-many-products", f"the import announced {state.products_expected} products", field="products"
        )
    chunk = ChunkImported(**command.model_dump())
    if received < state.products_expected:
        return [chunk]
    return [chunk, ImportCompleted(import_id=state.import_id, products=received, at=command.at)]


def _finish(command: FinishImport, state: Import) -> Sequence[ImportEvent]:
    _check_there(state)
    if state.progress is Progress.CANCELLED:
        raise DomainError("import-ended", "the import was cancelled")
    received, given_up = state.products_received, state.products_expected - state.products_received
    finished = ImportFinished(import_id=state.import_id, products=received, given_up=given_up, at=command.at)
    return [finished] if state.progress is Progress.RUNNING else []


def _cancel(command: CancelImport, state: Import) -> Sequence[ImportEvent]:
    _check_there(state)
    if state.progress is Progress.COMPLETED:
        raise DomainError("import-ended", "the import is completed")
    cancelled = ImportCancelled(import_id=state.import_id, products=state.products_received, at=command.at)
    return [cancelled] if state.progress is Progress.RUNNING else []


def _check_there(state: Import) -> None:
    if state.progress is Progress.ABSENT:
        raise NotFoundError("import-not-found", "there is no such import")


# --- imports: evolve


def evolve_import(state: Import, event: ImportEvent) -> Import:
    match event:
        case ImportStarted():
            changed: dict[str, object] = {
                "progress": Progress.RUNNING,
                "import_id": event.import_id,
                "products_expected": event.products_expected,
            }
        case ChunkImported():
            changed = {
                "chunks": {**state.chunks, event.number: event.fingerprint},
                "products_received": state.products_received + event.products,
            }
        case ImportCompleted() | ImportFinished():
            changed = {"progress": Progress.COMPLETED}
        case ImportCancelled():
            changed = {"progress": Progress.CANCELLED}
        case _:
            assert_never(event)
    return state.model_copy(update=changed)


IMPORTS = Decider[ImportCommand, ImportEvent, Import](
    category=IMPORT,
    decide=decide_import,
    evolve=evolve_import,
    initial_state=Import,
    state_type=Import,
    codec=Codec[ImportEvent](ImportEvent),
    snapshot_every=100,  # each holds all chunks so far: half as many as elsewhere
)
