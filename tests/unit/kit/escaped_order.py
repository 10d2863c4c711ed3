"""A log in memory with Firestore's order of names."""

from collections.abc import AsyncIterator
from datetime import datetime

from shared.adapters.firestore.values import document_id
from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.event_store import Fed, FeedCursor


class EscapedOrder(MemoryEventStore):
    """A log that orders streams by their names as Firestore keeps them, where `|` is `%7C`."""

    async def feed(self, category: str, *, after: FeedCursor | None = None, until: datetime) -> AsyncIterator[Fed]:
        found = [fed async for fed in super().feed(category, until=until)]
        for fed in sorted(found, key=lambda fed: order(fed.place)):
            if after is None or order(fed.place) > order(after):
                yield fed


def order(place: FeedCursor) -> tuple[datetime, str, int]:
    return place.recorded_at, document_id(place.stream), place.version
