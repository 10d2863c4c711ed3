"""What queries are answered from: the live generation of each read model, in the shape that this release knows."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.generations import Aliases, place
from shared.eventsourcing.projection import Find, Projection, ReadStore, Row


class LiveRows:
    """`ReadStore` that finds each of these read models in its live generation, and any other collection as it is.

    A row of another shape, which another release stored, is folded from the log up to its version: for the answer, not
    for good. That costs a read of its stream until the projector has folded it; rows of this shape cost nothing more.
    Lists are filtered and ordered by what is stored.
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
        return await self._current(collection, row) if row is not None else None

    async def get_many(self, collection: str, keys: Sequence[str]) -> Mapping[str, Row]:
        found = await self._rows.get_many(await self._live(collection), keys)
        return dict(zip(found, await self._all_current(collection, [*found.values()]), strict=True))

    async def find(self, collection: str, find: Find) -> Sequence[Row]:
        found = await self._rows.find(await self._live(collection), find)
        current = await self._all_current(collection, found)
        return [replace(row, fields=each.fields) for row, each in zip(current, found, strict=True)]

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
        return await self._all_current(collection, found)

    async def _live(self, collection: str) -> str:
        if collection not in self._projections:
            return collection
        return place(collection, (await self._aliases.of(collection)).live)

    async def _all_current(self, collection: str, rows: Sequence[Row]) -> Sequence[Row]:
        projection = self._projections.get(collection)
        if projection is None or all(row.schema == projection.schema for row in rows):
            return rows
        return await asyncio.gather(*(self._current(collection, row) for row in rows))

    async def _current(self, collection: str, row: Row) -> Row:
        projection = self._projections.get(collection)
        if projection is None or row.schema == projection.schema:
            return row
        stream, document = f"{projection.category}-{row.key}", None
        async for commit in self._log.read(stream, up_to=row.version):
            document = projection.apply(document, commit)
        return projection.row_at(stream, document, row.version, row.recorded_at, token=row.token)
