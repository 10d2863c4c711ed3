"""The rules of products and imports, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.catalog.commands import (
    DelistProduct,
    ImportCommand,
    ListProduct,
    ProductCommand,
    RecordChunk,
    StartImport,
)
from functions.catalog.decider import IMPORTS, PRODUCTS, Import, Product, is_taken_in
from functions.catalog.events import (
    ChunkImported,
    ImportCompleted,
    ImportEvent,
    ImportStarted,
    ProductDelisted,
    ProductEvent,
    ProductListed,
)
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.testing.decider_spec import DeciderSpec

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
product = DeciderSpec[ProductCommand, ProductEvent, Product](PRODUCTS)
imported = DeciderSpec[ImportCommand, ImportEvent, Import](IMPORTS)
MILK = {
    "sku": "1095275",
    "department": "GROCERY",
    "category": "FLUID MILK PRODUCTS",
    "product_type": "FLUID MILK WHITE ONLY",
    "brand": "Private",
    "size": "1 GA",
    "manufacturer": "69",
}


def listed(at: datetime = AT, **changed: str) -> ProductListed:
    return ProductListed(at=at, **{**MILK, **changed})


def list_it(at: datetime = AT, **changed: str) -> ListProduct:
    return ListProduct(at=at, **{**MILK, **changed})


DELISTED = ProductDelisted(sku="1095275", at=AT)
STARTED = ImportStarted(import_id="i1", products_expected=150, at=AT)


def chunk(number: int, products: int = 100, fingerprint: str = "f") -> ChunkImported:
    return ChunkImported(number=number, products=products, fingerprint=f"{fingerprint}{number}", at=AT)


def record(number: int, products: int = 100, fingerprint: str = "f") -> RecordChunk:
    return RecordChunk(number=number, products=products, fingerprint=f"{fingerprint}{number}", at=AT)


class TestProduct:
    def test_is_listed(self) -> None:
        """A product that is new to the catalog is listed as described."""
        product.given().when(list_it()).then(listed())

    def test_is_described_anew(self) -> None:
        """Another description replaces the one before."""
        product.given(listed()).when(list_it(LATER, size="2 GA")).then(listed(LATER, size="2 GA"))

    def test_is_not_listed_twice(self) -> None:
        """The same description again changes nothing."""
        product.given(listed()).when(list_it(LATER)).then_nothing()

    def test_is_listed_again(self) -> None:
        """One that was delisted comes back, with the same description too."""
        product.given(listed(), DELISTED).when(list_it(LATER)).then(listed(LATER))

    def test_is_delisted(self) -> None:
        """A listed product can be taken out."""
        product.given(listed()).when(DelistProduct(at=LATER)).then(ProductDelisted(sku="1095275", at=LATER))

    def test_is_not_delisted_twice(self) -> None:
        """What is out stays out."""
        product.given(listed(), DELISTED).when(DelistProduct(at=LATER)).then_nothing()

    def test_that_never_was_cannot_be_delisted(self) -> None:
        """Nobody can take out what is not there."""
        product.given().when(DelistProduct(at=AT)).then_refused("product-not-found")


class TestImport:
    def test_starts(self) -> None:
        """An import begins with the number of products to come."""
        imported.given().when(StartImport(import_id="i1", products_expected=150, at=AT)).then(STARTED)

    def test_does_not_start_twice(self) -> None:
        """The same announcement again changes nothing."""
        imported.given(STARTED).when(StartImport(import_id="i1", products_expected=150, at=LATER)).then_nothing()

    def test_cannot_be_announced_differently(self) -> None:
        """What was announced holds."""
        again = StartImport(import_id="i1", products_expected=151, at=AT)
        imported.given(STARTED).when(again).then_refused("import-exists")

    def test_counts_a_chunk(self) -> None:
        """A chunk's products are counted."""
        imported.given(STARTED).when(record(7)).then(chunk(7))

    def test_counts_a_chunk_once(self) -> None:
        """The same chunk again changes nothing."""
        imported.given(STARTED, chunk(7)).when(record(7)).then_nothing()

    def test_is_completed_by_the_last_product(self) -> None:
        """The chunk that brings what was missing completes the import, in whatever order chunks come."""
        done = ImportCompleted(import_id="i1", products=150, at=AT)
        imported.given(STARTED, chunk(7)).when(record(2, 50)).then(chunk(2, 50), done)

    def test_refuses_more_than_was_announced(self) -> None:
        """A sender that lost count is told so."""
        imported.given(STARTED, chunk(7)).when(record(8)).then_refused("too-many-products", field="products")

    def test_refuses_another_chunk_under_the_same_number(self) -> None:
        """Numbers are not given twice: one of the two would be lost unseen."""
        imported.given(STARTED, chunk(7)).when(record(7, 100, "other")).then_refused("chunk-differs", field="products")

    def test_that_never_started_takes_nothing(self) -> None:
        """Chunks need an import to belong to."""
        imported.given().when(record(1)).then_refused("import-not-found")


def test_a_chunk_is_known_before_its_products_are_decided() -> None:
    """Whoever lists a chunk's products can ask first whether that was done."""
    state = imported.given(STARTED, chunk(7)).state()

    assert (is_taken_in(state, 7, "f7"), is_taken_in(state, 8, "f8")) == (True, False)
    with pytest.raises(DomainError):
        is_taken_in(state, 7, "f8")
    with pytest.raises(NotFoundError):
        is_taken_in(Import(), 7, "f7")
