"""The outbox rows in the database `events`."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Final

from shared.adapters.firestore import messages
from shared.adapters.firestore.channel import FirestoreChannel
from shared.adapters.firestore.database import Database
from shared.adapters.firestore.log_layout import OUTBOX, LogLayout, place
from shared.adapters.firestore.query import Query
from shared.adapters.firestore.values import moment, set_moment
from shared.eventsourcing.event_store import OperationCounts, OutboxRow

EVENTS: Final = "events"
SCAN_PATIENCE: Final = 60.0
"""Seconds that a batch of a query over all streams may take; no person waits for those."""
_DELETES: Final = 500


class FirestoreOutbox:
    """The outbox of the log; the only part of it that deletes anything."""

    def __init__(self, channel: FirestoreChannel, counts: OperationCounts, timeout: float = 5.0) -> None:
        self._database = Database(channel, EVENTS, counts, timeout)
        self._layout = LogLayout(self._database.root)

    async def owed(self, shard: str, *, since: datetime | None, before: datetime) -> AsyncIterator[OutboxRow]:
        query = shard_query(OUTBOX, shard, since=since, before=before).select("recorded_at")
        async for batch in self._database.query(query, patience=SCAN_PATIENCE):
            for document in batch:
                stream, suffix = place(document.name)
                yield OutboxRow(f"{stream}@{suffix}", moment(document.fields["recorded_at"].timestamp_value))

    async def settle(self, message_ids: Iterable[str]) -> None:
        names = [name for name in map(self._layout.owed, dict.fromkeys(message_ids)) if name is not None]
        for start in range(0, len(names), _DELETES):
            request = self._database.request()
            for name in names[start : start + _DELETES]:
                request.writes.add(delete=name)
            await self._database.commit(request, deletes=True)


def shard_query(collection: str, shard: str, *, since: datetime | None, before: datetime) -> Query:
    """What was recorded in a shard in `[since, before)`, by (recorded_at, stream, version): one composite index."""
    query = Query(collection, group=True).order_by("recorded_at")
    query.where("shard", messages.EQUAL).string_value = shard
    set_moment(query.where("recorded_at", messages.LESS_THAN).timestamp_value, before)
    if since is not None:
        set_moment(query.where("recorded_at", messages.GREATER_THAN_OR_EQUAL).timestamp_value, since)
    return query
