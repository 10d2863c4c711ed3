"""The outbox rows in the database `events`."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Final

from shared.adapters.firestore import messages
from shared.adapters.firestore.events_database import EventsDatabase
from shared.adapters.firestore.log_layout import place
from shared.adapters.firestore.query import Query
from shared.adapters.firestore.values import moment, set_moment
from shared.eventsourcing.event_store import OutboxRow
from shared.eventsourcing.message import outbox_collection, shards_of

SCAN_PATIENCE: Final = 60.0
"""Seconds that a batch of a query over all streams may take; no person waits for those."""
_DELETES: Final = 500


class FirestoreOutbox(EventsDatabase):
    """The outbox of the log; the only part of it that deletes anything."""

    async def owed(self, category: str, *, since: datetime | None, before: datetime) -> AsyncIterator[OutboxRow]:
        query = category_query(outbox_collection(category), category, since=since, before=before).select("recorded_at")
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


def category_query(collection: str, category: str, *, since: datetime | None, before: datetime) -> Query:
    """What was recorded in a category in `[since, before)`, by (recorded_at, stream, version).

    The store reads one composite index at the places of all shards and merges what it finds; billed is one query.
    """
    query = Query(collection, group=True).order_by("recorded_at")
    shards = query.where("shard", messages.IN).array_value.values
    for shard in shards_of(category):
        shards.add(string_value=shard)
    set_moment(query.where("recorded_at", messages.LESS_THAN).timestamp_value, before)
    if since is not None:
        set_moment(query.where("recorded_at", messages.GREATER_THAN_OR_EQUAL).timestamp_value, since)
    return query
