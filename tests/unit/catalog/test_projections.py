"""What the catalog's read model of imports shows, event by event."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.catalog.decider import Product
from functions.catalog.events import (
    ChunkImported,
    ImportCancelled,
    ImportCompleted,
    ImportEvent,
    ImportFinished,
    ImportStarted,
)
from functions.catalog.projections import IMPORTS_PROJECTION, project_import
from functions.catalog.read_models import ImportView, ProductDocument

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
STARTED = ImportStarted(import_id="i1", products_expected=150, at=AT)
CHUNK = ChunkImported(number=7, products=100, fingerprint="f", at=LATER)


def shown(*events: ImportEvent) -> ImportView:
    document: ImportView | None = None
    for event in events:
        document = project_import(document, event)
    assert document is not None
    return document


def test_an_import_begins_with_nothing() -> None:
    """What was announced is shown, and that nothing came yet."""
    view = shown(STARTED)

    assert (view.id, view.status, view.products_expected) == ("i1", "running", 150)
    assert (view.products_received, view.chunks) == (0, 0)


def test_progress_is_the_sum_of_the_chunks() -> None:
    """Products and chunks are counted as they come."""
    view = shown(STARTED, CHUNK, CHUNK.model_copy(update={"number": 8, "products": 20}))

    assert (view.products_received, view.chunks, view.changed_at) == (120, 2, LATER)


def test_a_completed_import_says_when() -> None:
    """The end of an import is shown with its time."""
    view = shown(STARTED, CHUNK, ImportCompleted(import_id="i1", products=100, at=LATER))

    assert (view.status, view.completed_at) == ("completed", LATER)


def test_an_import_that_was_given_up_says_how_much() -> None:
    """Completed, without the rest."""
    view = shown(STARTED, CHUNK, ImportFinished(import_id="i1", products=100, given_up=50, at=LATER))

    assert (view.status, view.products_given_up, view.completed_at) == ("completed", 50, LATER)


def test_a_cancelled_import_says_when() -> None:
    """With what was taken in until then."""
    view = shown(STARTED, CHUNK, ImportCancelled(import_id="i1", products=100, at=LATER))

    assert (view.status, view.products_received, view.cancelled_at) == ("cancelled", 100, LATER)


def test_nothing_comes_before_the_start() -> None:
    """A log that begins in the middle is an error, not a document."""
    with pytest.raises(ValueError, match="before ImportStarted"):
        project_import(None, CHUNK)


def test_imports_can_be_listed_by_status() -> None:
    """The fields are those that the index has."""
    assert IMPORTS_PROJECTION.fields(shown(STARTED)) == {"status": "running", "started_at": AT}


def test_the_queries_read_what_the_decider_keeps() -> None:
    """The state of a product is the contract between the two sides: every field that is read is there."""
    state = Product(sku="1", department="GROCERY")

    document = ProductDocument.model_validate_json(state.model_dump_json())

    assert document.model_dump() == state.model_dump(exclude={"import_id"})
