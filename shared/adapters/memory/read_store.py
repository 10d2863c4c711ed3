"""The read models in this process's memory."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

from shared.adapters.read_fields import check_bulk, check_fields
from shared.eventsourcing.errors import ConcurrencyError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.projection import Find, Row, Scalar

_RANKS = {type(None): 0, bool: 1, int: 2, datetime: 3, str: 4}


class MemoryReadStore:
    """`ReadStore`; a token is a number that is never used twice. Values of different types order as in Firestore."""

    def __init__(self, counts: OperationCounts) -> None:
        self._counts = counts
        self._rows: dict[str, dict[str, Row]] = defaultdict(dict)
        self._tokens = count(1)

    async def get(self, collection: str, key: str) -> Row | None:
        await asyncio.sleep(0)
        self._counts.rpc("BatchGetDocuments", read=1)
        return self._rows[collection].get(key)

    async def get_many(self, collection: str, keys: Sequence[str]) -> Mapping[str, Row]:
        await asyncio.sleep(0)
        wanted = dict.fromkeys(keys)
        if wanted:
            self._counts.rpc("BatchGetDocuments", read=len(wanted))
        return {key: row for key in wanted if (row := self._rows[collection].get(key)) is not None}

    async def put(self, collection: str, row: Row) -> Row:
        return (await self.put_all({collection: row}))[collection]

    async def put_all(self, rows: Mapping[str, Row]) -> Mapping[str, Row]:
        for row in rows.values():
            check_fields(row.fields)
        await asyncio.sleep(0)
        for collection, row in rows.items():
            stored = self._rows[collection].get(row.key)
            if (stored.token if stored else None) != row.token:
                self._counts.rpc("Commit")
                raise ConcurrencyError(f"{collection}/{row.key} was written by somebody else")
        self._counts.rpc("Commit", written=len(rows))
        new = {name: replace(row, fields=dict(row.fields), token=next(self._tokens)) for name, row in rows.items()}
        for collection, row in new.items():
            self._rows[collection][row.key] = row
        return new

    async def create_many(self, collection: str, rows: Sequence[Row]) -> Sequence[str]:
        await asyncio.sleep(0)
        check_bulk(rows)
        stored = self._rows[collection]
        new = {row.key: row for row in rows if row.key not in stored}
        for row in new.values():
            check_fields(row.fields)
        stored.update(
            {key: replace(row, fields=dict(row.fields), token=next(self._tokens)) for key, row in new.items()}
        )
        if rows:
            self._counts.rpc("BatchWrite", written=len(new))
        return []

    async def delete_many(self, collection: str, keys: Sequence[str]) -> None:
        await asyncio.sleep(0)
        check_bulk(keys)
        for key in keys:
            self._rows[collection].pop(key, None)
        if keys:
            self._counts.rpc("BatchWrite", deleted=len(keys))

    async def scan(self, collection: str, *, after: str | None = None, limit: int) -> Sequence[Row]:
        await asyncio.sleep(0)
        stored = self._rows[collection]
        keys = sorted(key for key in stored if after is None or key > after)[:limit]
        self._counts.rpc("RunQuery", read=max(1, len(keys)))
        return [stored[key] for key in keys]

    async def find(self, collection: str, find: Find) -> Sequence[Row]:
        await asyncio.sleep(0)
        where = {name: _ordered(value) for name, value in find.where.items()}
        matching = sorted(
            (
                (_ordered(row.fields[find.order_by]), row.key, row)
                for row in self._rows[collection].values()
                if find.order_by in row.fields
                and all(name in row.fields and _ordered(row.fields[name]) == value for name, value in where.items())
            ),
            reverse=find.descending,
            key=lambda found: found[:2],
        )
        rows = [row for value, key, row in matching if _is_behind((value, key), find)][: find.limit]
        self._counts.rpc("RunQuery", read=max(1, len(rows)))
        return rows


def _ordered(value: Scalar) -> tuple[int, Scalar]:
    return _RANKS[type(value)], value


def _is_behind(place: tuple[tuple[int, Scalar], str], find: Find) -> bool:
    if find.after is None:
        return True
    cursor = (_ordered(find.after[0]), find.after[1])
    return place < cursor if find.descending else place > cursor
