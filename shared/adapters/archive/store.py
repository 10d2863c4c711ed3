"""What the archive's stores have in common: rows into tables, those that arrive together in one insert."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

from shared.eventsourcing.archive import EVENTS, ArchivedEvent, ArchiveReader, Growth, row_of
from shared.eventsourcing.batching import GroupCommit

Value = str | int | datetime | None
Row = Mapping[str, Value]
"""By column; JSON as text, times aware."""

MOST_ROWS = 500
MOST_BYTES = 4 * 1024 * 1024
"""Of one insert: BigQuery advises 500 rows, and takes 10 MB once they are JSON again."""
_OTHER_BYTES = 16


class Tables(Protocol):
    """Raises UnavailableError within a bounded time when the store is down or too busy."""

    async def insert(self, table: str, rows: Sequence[Row]) -> Mapping[int, str]:
        """In one request; returns why it refused some of them for good, by their place."""
        ...

    async def missing(self, category: str, ids: Sequence[str], since: datetime) -> set[str]: ...

    async def close(self) -> None: ...


class Answer(NamedTuple):
    """What a view says."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


class Reader(ArchiveReader, Protocol):
    """`ArchiveReader`, and the views: for operators, for it blocks. It holds connections from its first use."""

    def view(self, name: str) -> Answer:
        """UnavailableError when the store is down or has no such view. Of no rows the columns may be unknown."""
        ...

    def close(self) -> None: ...


class ArchiveStore:
    """`ArchiveWriter` on any tables, which are made by the first use."""

    def __init__(self, make: Callable[[], Tables]) -> None:
        self._make = make
        self._made: Tables | None = None
        self._groups: dict[str, GroupCommit[Row]] = {}

    async def write(self, events: Sequence[ArchivedEvent]) -> None:
        await self.insert(EVENTS, [row_of(event) for event in events])

    async def missing(self, category: str, ids: Sequence[str], *, since: datetime) -> set[str]:
        return await self._tables.missing(category, ids, since) if ids else set()

    async def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Returns when all of them are written; RefusedError if some of them never can be, and all others are."""
        await self._group(table).add(rows)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    @property
    def _tables(self) -> Tables:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _group(self, table: str) -> GroupCommit[Row]:
        if table not in self._groups:
            insert = partial(self._tables.insert, table)
            self._groups[table] = GroupCommit(insert, _size, most_items=MOST_ROWS, most_bytes=MOST_BYTES)
        return self._groups[table]


def growth_of(answer: Answer) -> list[Growth]:
    """What the view `storage_growth` says."""
    return [Growth(*row) for row in answer.rows]


def _size(row: Row) -> int:
    """About the bytes that a row takes on its way; text is counted by characters."""
    return sum(len(name) + (len(value) if isinstance(value, str) else _OTHER_BYTES) for name, value in row.items())
