"""What queries are answered from: the live generation of each read model, in the shape that this release knows."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.generations import Aliases, place
from shared.eventsourcing.projection import MAX_FOLDED, Find, Projection, ReadStore, Row


class LiveRows:
    """`ReadStore` that finds each of these read models in its live generation, and any other collection as it is.

    A row of another shape, which another release stored, is folded from the log up to its version: for the answer, not
    for good. One call folds MAX_FOLDED commits at most. What is beyond that, or cannot be folded, is answered as it is
    stored, if it still is a document of this shape. If it is not, whoever asks for it by its key gets UnavailableError,
    and a list has a row without a body in its place. The projector brings it to this shape; rows of this shape cost
    nothing more. Lists are filtered and ordered by what is stored.
    """

    def __init__(
        self, rows: ReadStore, aliases: Aliases, projections: Sequence[Projection[Any, Any]], log: EventStore
    ) -> None:
        self._rows = rows
        self._aliases = aliases
        self._projections = {each.collection: each for each in projections}
        self._log = log

    async def get(self, collection: str, key: str) -> Row | None:
        row = await self._rows.get(await self._live(collection), key)
        return (await self._by_key(collection, [row]))[0] if row is not None else None

    async def get_many(self, collection: str, keys: Sequence[str]) -> Mapping[str, Row]:
        found = await self._rows.get_many(await self._live(collection), keys)
        return dict(zip(found, await self._by_key(collection, [*found.values()]), strict=True))

    async def find(self, collection: str, find: Find) -> Sequence[Row]:
        return await self._listed(collection, await self._rows.find(await self._live(collection), find))

    async def put(self, collection: str, row: Row) -> Row:
        return await self._rows.put(await self._live(collection), row)

    async def put_all(self, rows: Mapping[str, Row]) -> Mapping[str, Row]:
        live = {collection: await self._live(collection) for collection in rows}
        written = await self._rows.put_all({live[collection]: row for collection, row in rows.items()})
        return {collection: written[name] for collection, name in live.items()}

    async def create_many(self, collection: str, rows: Sequence[Row]) -> Sequence[str]:
        return await self._rows.create_many(await self._live(collection), rows)

    async def delete_many(self, collection: str, keys: Sequence[str]) -> None:
        await self._rows.delete_many(await self._live(collection), keys)

    async def scan(self, collection: str, *, after: str | None = None, limit: int) -> Sequence[Row]:
        found = await self._rows.scan(await self._live(collection), after=after, limit=limit)
        return await self._listed(collection, found)

    async def _live(self, collection: str) -> str:
        if collection not in self._projections:
            return collection
        return place(collection, (await self._aliases.of(collection)).live)

    async def _by_key(self, collection: str, rows: Sequence[Row]) -> Sequence[Row]:
        current = [row for row in await self._current(collection, rows) if row is not None]
        if len(current) < len(rows):
            raise UnavailableError(f"a row of {collection} has another shape")
        return current

    async def _listed(self, collection: str, rows: Sequence[Row]) -> Sequence[Row]:
        """With the fields that are stored: a page goes on from there."""
        current = await self._current(collection, rows)
        return [
            replace(each, fields=row.fields) if each is not None else replace(row, body=None)
            for row, each in zip(rows, current, strict=True)
        ]

    async def _current(self, collection: str, rows: Sequence[Row]) -> Sequence[Row | None]:
        """In this release's shape; None for a row that cannot be brought to it now."""
        projection = self._projections.get(collection)
        if projection is None or all(row.schema == projection.schema for row in rows):
            return rows
        folds, left = [], MAX_FOLDED
        for row in rows:
            cost = row.version if row.schema != projection.schema else 0
            folds.append(self._in_shape(projection, row, may_fold=cost <= left))
            left -= cost if cost <= left else 0
        return await asyncio.gather(*folds)

    async def _in_shape(self, projection: Projection[Any, Any], row: Row, *, may_fold: bool) -> Row | None:
        if row.schema == projection.schema:
            return row
        try:
            return await self._folded(projection, row) if may_fold else _as_stored(projection, row)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001 - whatever the projection raises: its projector parks the stream and tells why
            return _as_stored(projection, row)

    async def _folded(self, projection: Projection[Any, Any], row: Row) -> Row:
        stream, document = f"{projection.category}-{row.key}", None
        async for commit in self._log.read(stream, up_to=row.version):
            document = projection.apply(document, commit)
        return projection.row_at(stream, document, row.version, row.recorded_at, token=row.token)


def _as_stored(projection: Projection[Any, Any], row: Row) -> Row | None:
    """The document that is stored, if it is one of this shape, too: what it lacks has its default."""
    if row.body is None:
        return row
    try:
        document = projection.document_type.model_validate_json(row.body)
    except ValidationError:
        return None
    return replace(row, body=document.model_dump_json().encode(), schema=projection.schema)
