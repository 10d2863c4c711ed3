"""The dead-letter store in Firestore, in the database `read-models`.

dead-letters/{category}/streams/{projection}@{stream}   a parked stream; listed in the order of names: no index
buried-messages/{message id}                            a message that named no commit
"""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from shared.adapters.firestore.channel import FirestoreChannel
from shared.adapters.firestore.database import Database
from shared.adapters.firestore.query import Query
from shared.adapters.firestore.read_store import READ_MODELS
from shared.adapters.firestore.rpc_errors import RefusedError
from shared.adapters.firestore.values import document_id, moment, set_moment
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import MAX_COMMIT_BYTES, category_of
from shared.eventsourcing.projector import Parked


class FirestoreDeadLetters:
    """`DeadLetters`; `timeout` in seconds spans all tries of a request."""

    def __init__(self, channel: FirestoreChannel, counts: OperationCounts, timeout: float = 5.0) -> None:
        self._database = Database(channel, READ_MODELS, counts, timeout)

    async def park(self, parked: Parked) -> None:
        await self._create(self._name(parked.projection, parked.stream), lambda fields: _fill(fields, parked))

    async def hold(self, projection: str, stream: str, version: int) -> None:
        """A stream that is not parked (any more) is left alone: the catch-up sweep brings the version again."""
        request = self._database.request()
        write = request.writes.add()
        write.update.name = self._name(projection, stream)
        write.update_mask.SetInParent()  # an empty mask: nothing changes but what the transform changes
        write.current_document.exists = True
        held = write.update_transforms.add(field_path="held").append_missing_elements
        held.values.add(integer_value=version)
        with suppress(RefusedError):
            await self._database.commit(request)

    async def parked(self, projection: str, stream: str) -> Parked | None:
        name = self._name(projection, stream)
        found = await self._database.get([name])
        return _read_parked(found[name]) if name in found else None

    async def release(self, projection: str, stream: str) -> None:
        request = self._database.request()
        request.writes.add(delete=self._name(projection, stream))
        await self._database.commit(request, deletes=True)

    async def list(self, category: str) -> AsyncIterator[Parked]:
        query = Query("streams").order_by()
        async for batch in self._database.query(query, below=self._category(category)):
            for document in batch:
                yield _read_parked(document)

    async def bury(self, message_id: str, *, error: str, body: bytes, at: datetime) -> None:
        """A body that is larger than a document may be is cut."""

        def fill(fields: Any) -> None:
            fields["error"].string_value = error
            fields["body"].bytes_value = body[:MAX_COMMIT_BYTES]
            set_moment(fields["buried_at"].timestamp_value, at)

        await self._create(f"{self._database.root}/buried-messages/{document_id(message_id)}", fill)

    async def _create(self, name: str, fill: Callable[[Any], None]) -> None:
        """The first one stands."""
        request = self._database.request()
        write = request.writes.add()
        write.update.name = name
        write.current_document.exists = False
        fill(write.update.fields)
        with suppress(RefusedError):
            await self._database.commit(request)

    def _category(self, category: str) -> str:
        return f"{self._database.root}/dead-letters/{document_id(category)}"

    def _name(self, projection: str, stream: str) -> str:
        return f"{self._category(category_of(stream))}/streams/{document_id(f'{projection}@{stream}')}"


def _fill(fields: Any, parked: Parked) -> None:
    fields["projection"].string_value = parked.projection
    fields["stream"].string_value = parked.stream
    fields["version"].integer_value = parked.version
    fields["error"].string_value = parked.error
    fields["body"].bytes_value = parked.body
    set_moment(fields["parked_at"].timestamp_value, parked.parked_at)
    for version in parked.held:
        fields["held"].array_value.values.add(integer_value=version)


def _read_parked(document: Any) -> Parked:
    fields = document.fields
    return Parked(
        projection=fields["projection"].string_value,
        stream=fields["stream"].string_value,
        version=fields["version"].integer_value,
        error=fields["error"].string_value,
        body=fields["body"].bytes_value,
        parked_at=moment(fields["parked_at"].timestamp_value),
        held=tuple(sorted(value.integer_value for value in fields["held"].array_value.values)),
    )
