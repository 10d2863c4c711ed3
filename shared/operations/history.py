"""What a replay takes its events from: the archive in bulk up to where it is proven, the log from there on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from shared.eventsourcing.archive import ARCHIVE_WALK, ArchiveReader, rows_of
from shared.eventsourcing.checkpoint import Checkpoints
from shared.eventsourcing.errors import CorruptCommitError
from shared.eventsourcing.event_store import EventStore, FeedCursor
from shared.eventsourcing.message import Commit
from shared.operations.buckets import SCHEMA

_TICK: Final = timedelta(microseconds=1)
_ROWS: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class History:
    """What a category's past is read from: the archive up to where it is proven complete, the log from there on; the
    log alone if there is no `archive`.
    """

    category: str
    log: EventStore
    checkpoints: Checkpoints
    archive: ArchiveReader | None

    async def proven(self) -> FeedCursor | None:
        """Up to where the archive has everything; None if it is not known to have anything."""
        return await self.checkpoints.load(f"{ARCHIVE_WALK}/{self.category}") if self.archive else None

    async def batches(self, proven: FeedCursor | None, until: datetime) -> AsyncIterator[pa.RecordBatch]:
        """Everything recorded up to and including `until`: what the archive has, then the log from there."""
        if self.archive is not None and proven is not None:
            async for batch in from_archive(self.archive, self.category, until=until):
                yield batch
        async for batch in from_log(self.log, self.category, after=proven, until=until):
            yield batch

    async def size(self) -> int:
        """How many events the archive has, roughly; 0 if nobody knows."""
        if self.archive is None:
            return 0
        growth = await asyncio.to_thread(self.archive.growth)
        return sum(each.events for each in growth if each.category == self.category)


async def from_archive(archive: ArchiveReader, category: str, *, until: datetime) -> AsyncIterator[pa.RecordBatch]:
    """What the archive has, read in a thread: it blocks."""
    batches: Iterator[Any] = await asyncio.to_thread(lambda: iter(archive.batches(category, until=until)))
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        yield batch


async def from_log(
    log: EventStore, category: str, *, after: FeedCursor | None, until: datetime
) -> AsyncIterator[pa.RecordBatch]:
    """What the feed has after the cursor, recorded up to and including `until`. In the place of a commit that cannot be
    decoded comes a row that cannot be folded: its stream is behind, and no other.
    """
    rows: list[dict[str, Any]] = []
    async for fed in log.feed(category, after=after, until=until + _TICK):
        rows += _rows(fed.found)
        if len(rows) >= _ROWS:
            yield _batch(rows, until)
            rows = []
    if rows:
        yield _batch(rows, until)


def _rows(found: Commit | CorruptCommitError) -> list[dict[str, Any]]:
    if isinstance(found, CorruptCommitError):
        return [_unreadable(found)]
    return [asdict(row) for row in rows_of([found])]


def _unreadable(error: CorruptCommitError) -> dict[str, Any]:
    return {
        "stream": error.stream,
        "version": error.version,
        "index": 0,
        "size": 1,
        "type": "unreadable",
        "recorded_at": error.recorded_at,
        "data": "null",
    }


def _batch(rows: list[dict[str, Any]], until: datetime) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([row for row in rows if row["recorded_at"] <= until], schema=SCHEMA)
