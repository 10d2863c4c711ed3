"""The rules of products and imports, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

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
from functions.catalog.decider import IMPORTS, PRODUCTS, Import, Product, is_taken_in
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


def import_product(import_id: str) -> ImportProduct:
    return ImportProduct(import_id=import_id, at=AT, **MILK)


def imported_by(import_id: str) -> ProductImported:
    return ProductImported(sku=MILK["sku"], import_id=import_id, at=AT)


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


FINISHED = ImportFinished(import_id="i1", products=100, given_up=50, at=LATER)
CANCELLED = ImportCancelled(import_id="i1", products=100, at=LATER)
COMPLETED = ImportCompleted(import_id="i1", products=150, at=AT)


class TestTheEndOfAnImport:
    def test_comes_when_the_rest_is_given_up(self) -> None:
        """A sender whose last rows are no products says so: how many are missing is written down."""
        imported.given(STARTED, chunk(7)).when(FinishImport(at=LATER)).then(FINISHED)

    def test_comes_when_it_is_cancelled(self) -> None:
        """What is in the catalog stays there."""
        imported.given(STARTED, chunk(7)).when(CancelImport(at=LATER)).then(CANCELLED)

    @pytest.mark.parametrize("history", [(COMPLETED,), (FINISHED,)])
    def test_is_no_second_time_finished(self, history: tuple[ImportEvent, ...]) -> None:
        """Who says so twice, or after the last product came, changes nothing."""
        imported.given(STARTED, *history).when(FinishImport(at=LATER)).then_nothing()

    def test_is_no_second_time_cancelled(self) -> None:
        """Cancelled is cancelled."""
        imported.given(STARTED, CANCELLED).when(CancelImport(at=LATER)).then_nothing()

    @pytest.mark.parametrize(
        ("end", "command"),
        [
            (COMPLETED, CancelImport(at=LATER)),
            (FINISHED, CancelImport(at=LATER)),
            (CANCELLED, FinishImport(at=LATER)),
            (COMPLETED, record(8, 1)),
            (FINISHED, record(8, 1)),
            (CANCELLED, record(8, 1)),
        ],
    )
    def test_is_the_end(self, end: ImportEvent, command: ImportCommand) -> None:
        """Nothing else comes of it, and no more products."""
        imported.given(STARTED, chunk(7), end).when(command).then_refused("import-ended")

    @pytest.mark.parametrize("end", [FINISHED, CANCELLED])
    def test_does_not_change_what_was_taken_in(self, end: ImportEvent) -> None:
        """A chunk that comes again was taken in, now as before."""
        imported.given(STARTED, chunk(7), end).when(record(7)).then_nothing()

    @pytest.mark.parametrize("command", [FinishImport(at=LATER), CancelImport(at=LATER)])
    def test_needs_a_beginning(self, command: ImportCommand) -> None:
        """An import that never was is not ended."""
        imported.given().when(command).then_refused("import-not-found")


class TestAnImportedProduct:
    def test_is_listed_and_remembers_its_import(self) -> None:
        """What it is described as, and who described it."""
        product.given().when(import_product("i1")).then(listed(), imported_by("i1"))

    def test_that_is_known_remembers_it_too(self) -> None:
        """A description that is no news is one of the import's products all the same."""
        product.given(listed()).when(import_product("i1")).then(imported_by("i1"))

    def test_is_in_an_import_once(self) -> None:
        """Which of two descriptions holds would be for chance to say: the second one is refused, by its sku."""
        product.given(listed(), imported_by("i1")).when(import_product("i1")).then_refused("sku-twice", field="1095275")

    def test_is_in_every_import(self) -> None:
        """The next import describes it anew, also if it was changed or taken out in between."""
        product.given(listed(), imported_by("i1"), DELISTED).when(import_product("i2")).then(
            listed(), imported_by("i2")
        )

    def test_is_no_other_product_by_that(self) -> None:
        """Described by hand the same way as by an import it is no change."""
        by_hand = ListProduct(**import_product("i1").model_dump(exclude={"import_id"}))
        product.given(listed(), imported_by("i1")).when(by_hand).then_nothing()


def test_a_chunk_is_known_before_its_products_are_decided() -> None:
    """Whoever lists a chunk's products can ask first whether that was done."""
    state = imported.given(STARTED, chunk(7)).state()

    assert (is_taken_in(state, 7, "f7"), is_taken_in(state, 8, "f8")) == (True, False)
    with pytest.raises(DomainError):
        is_taken_in(state, 7, "f8")
    with pytest.raises(NotFoundError):
        is_taken_in(Import(), 7, "f7")
