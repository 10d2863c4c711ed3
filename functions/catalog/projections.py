"""From events to the catalog's read model of imports; products are read from their state."""

from collections.abc import Mapping
from typing import assert_never

from functions.catalog.events import (
    ChunkImported,
    ImportCancelled,
    ImportCompleted,
    ImportEvent,
    ImportFinished,
    ImportStarted,
)
from functions.catalog.manifest import IMPORT, IMPORTS
from functions.catalog.read_models import ImportView
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.projection import Projection, Scalar


def project_import(document: ImportView | None, event: ImportEvent) -> ImportView | None:
    if isinstance(event, ImportStarted):
        return ImportView(
            id=event.import_id,
            status="running",
            products_expected=event.products_expected,
            products_received=0,
            chunks=0,
            started_at=event.at,
            changed_at=event.at,
        )
    if document is None:
        raise ValueError(f"{type(event).__name__} before ImportStarted")
    match event:
        case ChunkImported():
            received = document.products_received + event.products
            changed: dict[str, object] = {"chunks": document.chunks + 1, "products_received": received}
        case ImportCompleted():
            changed = {"status": "completed", "completed_at": event.at}
        case ImportFinished(given_up=given_up):
            changed = {"status": "completed", "products_given_up": given_up, "completed_at": event.at}
        case ImportCancelled():
            changed = {"status": "cancelled", "cancelled_at": event.at}
        case _:
            assert_never(event)
    return document.model_copy(update={**changed, "changed_at": event.at})


def _fields(document: ImportView) -> Mapping[str, Scalar]:
    return {"status": document.status, "started_at": document.started_at}


IMPORTS_PROJECTION = Projection[ImportEvent, ImportView](
    category=IMPORT,
    collection=IMPORTS,
    document_type=ImportView,
    codec=Codec[ImportEvent](ImportEvent),
    project=project_import,
    fields=_fields,
)
