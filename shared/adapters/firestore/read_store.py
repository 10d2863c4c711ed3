"""The read models in Firestore: a document a row, guarded by its update time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import grpc
import grpc.aio

from shared.adapters.firestore import messages
from shared.adapters.firestore.channel import FirestoreChannel
from shared.adapters.firestore.database import Database
from shared.adapters.firestore.query import Query
from shared.adapters.firestore.rpc_errors import RefusedError
from shared.adapters.firestore.values import (
    document_id,
    moment,
    scalar,
    set_moment,
    set_scalar,
    set_token,
    text_of,
    token_of,
)
from shared.adapters.read_fields import RESERVED, check_bulk, check_fields
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.projection import Find, Row

READ_MODELS: Final = "read-models"


class FirestoreReadStore:
    """`ReadStore` on the database `read-models`; `timeout` in seconds spans all tries of a request.

    `{collection}/{key}` holds `version`, `recorded_at`, `body`, `schema` and, beside them, the fields that queries use:
    an index names them as the manifest does. A row's token is the document's update time.
    """

    def __init__(self, channel: FirestoreChannel, counts: OperationCounts, timeout: float = 5.0) -> None:
        self._database = Database(channel, READ_MODELS, counts, timeout)

    async def get(self, collection: str, key: str) -> Row | None:
        name = self._name(collection, key)
        found = await self._database.get([name])
        return _row(found[name]) if name in found else None

    async def get_many(self, collection: str, keys: Sequence[str]) -> Mapping[str, Row]:
        names = {self._name(collection, key): key for key in keys}
        found = await self._database.get([*names]) if names else {}
        return {key: _row(found[name]) for name, key in names.items() if name in found}

    async def put(self, collection: str, row: Row) -> Row:
        return (await self.put_all({collection: row}))[collection]

    async def put_all(self, rows: Mapping[str, Row]) -> Mapping[str, Row]:
        request = self._database.request()
        for collection, row in rows.items():
            check_fields(row.fields)
            write = request.writes.add()
            write.update.name = self._name(collection, row.key)
            _fill(write.update.fields, row)
            if row.token is None:
                write.current_document.exists = False
            else:
                set_token(write.current_document.update_time, row.token)
        try:
            response = await self._database.commit(request)
        except RefusedError as refused:
            return await self._own(rows, refused)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                raise CorruptDataError(f"{', '.join(rows)}: a row cannot be stored: {error.details()}") from error
            raise
        results = zip(rows.items(), response.write_results, strict=True)
        return {name: replace(row, token=token_of(result.update_time)) for (name, row), result in results}

    async def _own(self, rows: Mapping[str, Row], refused: RefusedError) -> Mapping[str, Row]:
        """These rows as they are stored, if a try whose acknowledgement was lost has written them."""
        if not refused.retried:
            raise refused
        names = {collection: self._name(collection, row.key) for collection, row in rows.items()}
        found = await self._database.get([*names.values()])
        stored = {collection: _row(found[name]) for collection, name in names.items() if name in found}
        if _without_tokens(stored) != _without_tokens(rows):
            raise refused
        return stored

    async def create_many(self, collection: str, rows: Sequence[Row]) -> Sequence[str]:
        check_bulk(rows)
        request = self._database.bulk()
        for row in rows:
            check_fields(row.fields)
            write = request.writes.add()
            write.update.name = self._name(collection, row.key)
            write.current_document.exists = False
            _fill(write.update.fields, row)
        invalid = await self._database.write_all(request) if rows else []
        return [text_of(name.rpartition("/")[2]) for name in invalid]

    async def delete_many(self, collection: str, keys: Sequence[str]) -> None:
        check_bulk(keys)
        request = self._database.bulk()
        for key in keys:
            request.writes.add(delete=self._name(collection, key))
        if keys:
            await self._database.write_all(request)

    async def scan(self, collection: str, *, after: str | None = None, limit: int) -> Sequence[Row]:
        query, below = self._query(collection)
        query.order_by().limit(limit)
        if after is not None:
            query.after(self._name(collection, after))
        return [_row(document) async for batch in self._database.query(query, below=below) for document in batch]

    async def find(self, collection: str, find: Find) -> Sequence[Row]:
        query, below = self._query(collection)
        query.order_by(find.order_by, descending=find.descending).limit(find.limit)
        for name, value in find.where.items():
            if value is None:
                query.where_null(name)
            else:
                set_scalar(query.where(name, messages.EQUAL), value)
        if find.after is not None:
            query.after(self._name(collection, find.after[1]), find.after[0])
        return [_row(document) async for batch in self._database.query(query, below=below) for document in batch]

    def _query(self, collection: str) -> tuple[Query, str | None]:
        """The collection by its last name, and the document that has it."""
        path, _, name = collection.rpartition("/")
        return Query(name), f"{self._database.root}/{path}" if path else None

    def _name(self, collection: str, key: str) -> str:
        return f"{self._database.root}/{collection}/{document_id(key)}"


def _without_tokens(rows: Mapping[str, Row]) -> Mapping[str, Row]:
    return {name: replace(row, token=None) for name, row in rows.items()}


def _fill(fields: Any, row: Row) -> None:
    fields["version"].integer_value = row.version
    fields["schema"].string_value = row.schema
    set_moment(fields["recorded_at"].timestamp_value, row.recorded_at)
    if row.body is None:
        fields["body"].null_value = 0
    else:
        fields["body"].bytes_value = row.body
    for name, value in row.fields.items():
        set_scalar(fields[name], value)


def _row(document: Any) -> Row:
    fields = document.fields
    body = fields["body"]
    return Row(
        key=text_of(document.name.rpartition("/")[2]),
        version=fields["version"].integer_value,
        recorded_at=moment(fields["recorded_at"].timestamp_value),
        body=body.bytes_value if body.WhichOneof("kind") == "bytes_value" else None,
        fields={name: scalar(value) for name, value in fields.items() if name not in RESERVED},
        token=token_of(document.update_time),
        schema=fields["schema"].string_value,
    )
