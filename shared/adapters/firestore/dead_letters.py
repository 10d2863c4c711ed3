"""The dead-letter store in Firestore, in the database `read-models`.

dead-letters/{category}/streams/{projection}@{stream}   a parked stream; listed in the order of names: no index
buried-messages/{service}/messages/{subscription}@{id}  a message that could not be taken
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from shared.adapters.firestore.channel import FirestoreChannel
from shared.adapters.firestore.database import Database
from shared.adapters.firestore.query import Query
from shared.adapters.firestore.read_store import READ_MODELS
from shared.adapters.firestore.rpc_errors import RefusedError
from shared.adapters.firestore.values import document_id, moment, set_moment
from shared.eventsourcing.dead_letters import Buried, Origin, Parked, Place, fitting
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import category_of

_TEXTS = ("service", "function", "subscription", "message_id", "error", "origin")
_COUNTS = ("times", "redrives")
_MOMENTS = ("first_at", "last_at")
_TRIES = 3
_NEWEST = (*_TEXTS, "last_at", "attempts", "body", "cut", "attributes")
"""What another copy of a buried message replaces."""


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

    async def bury(self, message: Buried) -> None:
        """The first copy is created, another one replaces it. If it is released in between, this is the first again."""
        name, kept = self._message(message.place), fitting(message)
        for _ in range(_TRIES):
            if await self._create(name, lambda fields: _fill_buried(fields, kept)) or await self._replace(name, kept):
                return
        raise UnavailableError(f"{message.place} comes and goes")

    async def message(self, place: Place) -> Buried | None:
        name = self._message(place)
        found = await self._database.get([name])
        return _read_buried(found[name]) if name in found else None

    async def messages(self, service: str) -> AsyncIterator[Buried]:
        query = Query("messages").order_by()
        async for batch in self._database.query(query, below=self._service(service)):
            for document in batch:
                yield _read_buried(document)

    async def failed(self, place: Place, *, error: str, at: datetime) -> None:
        def fill(fields: Any) -> None:
            fields["error"].string_value = error
            set_moment(fields["last_at"].timestamp_value, at)

        await self._change(self._message(place), fill, ("error", "last_at"), counter="redrives")

    async def release_message(self, place: Place) -> None:
        request = self._database.request()
        request.writes.add(delete=self._message(place))
        await self._database.commit(request, deletes=True)

    async def _create(self, name: str, fill: Callable[[Any], None]) -> bool:
        """The first one stands; whether this is the first, or is what a try without an acknowledgement has written."""
        request = self._database.request()
        write = request.writes.add()
        write.update.name = name
        write.current_document.exists = False
        fill(write.update.fields)
        return await self._is_written(request, write.update)

    async def _replace(self, name: str, message: Buried) -> bool:
        """All but what it has from before; False if it is gone."""
        return await self._change(name, lambda fields: _fill_buried(fields, message), _NEWEST, counter="times")

    async def _change(self, name: str, fill: Callable[[Any], None], changed: Sequence[str], *, counter: str) -> bool:
        """These fields, and one more in the counter; whether it was there. It is replaced as it was read: an increment
        that was sent again would count twice.
        """
        for _ in range(_TRIES):
            before = (await self._database.get([name])).get(name)
            if before is None:
                return False
            request = self._database.request()
            write = request.writes.add()
            write.update.name = name
            fill(write.update.fields)
            for field in set(before.fields) - set(changed):
                write.update.fields[field].CopyFrom(before.fields[field])
            write.update.fields[counter].integer_value = before.fields[counter].integer_value + 1
            write.current_document.update_time.CopyFrom(before.update_time)
            if await self._is_written(request, write.update):
                return True
        raise UnavailableError(f"{name} is changed too often by others")

    async def _is_written(self, request: Any, document: Any) -> bool:
        """Whether it was, be it by a try whose acknowledgement was lost."""
        try:
            await self._database.commit(request)
        except RefusedError as error:
            if not error.retried:
                return False
            found = (await self._database.get([document.name])).get(document.name)
            return found is not None and found.fields == document.fields
        return True

    def _service(self, service: str) -> str:
        return f"{self._database.root}/buried-messages/{document_id(service)}"

    def _message(self, place: Place) -> str:
        return f"{self._service(place.service)}/messages/{document_id(f'{place.subscription}@{place.message_id}')}"

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


def _fill_buried(fields: Any, message: Buried) -> None:
    for name in _TEXTS:
        fields[name].string_value = getattr(message, name)
    for name in _COUNTS:
        fields[name].integer_value = getattr(message, name)
    for name in _MOMENTS:
        set_moment(fields[name].timestamp_value, getattr(message, name))
    if message.attempts is not None:
        fields["attempts"].integer_value = message.attempts
    fields["body"].bytes_value = message.body
    fields["cut"].boolean_value = message.cut
    fields["attributes"].map_value.SetInParent()
    for name, value in message.attributes.items():
        fields["attributes"].map_value.fields[name].string_value = value


def _read_buried(document: Any) -> Buried:
    fields = document.fields
    plain: dict[str, Any] = {
        **{name: fields[name].string_value for name in _TEXTS},
        **{name: fields[name].integer_value for name in _COUNTS},
        **{name: moment(fields[name].timestamp_value) for name in _MOMENTS},
        "origin": Origin(fields["origin"].string_value),
        "attempts": fields["attempts"].integer_value if "attempts" in fields else None,
        "body": fields["body"].bytes_value,
        "cut": fields["cut"].boolean_value,
        "attributes": {name: value.string_value for name, value in fields["attributes"].map_value.fields.items()},
    }
    return Buried(**plain)
