"""The states that are kept in the database `events`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.adapters.firestore import messages
from shared.adapters.firestore.events_database import EventsDatabase
from shared.adapters.firestore.log_layout import STATES, read_state
from shared.adapters.firestore.query import Query
from shared.adapters.firestore.values import set_moment
from shared.eventsourcing.event_store import StateCursor, StateDocument


class FirestoreStates(EventsDatabase):
    """`StateStore`: a document a stream, replaced by each commit."""

    async def get(self, stream: str) -> StateDocument | None:
        return (await self.get_many([stream])).get(stream)

    async def get_many(self, streams: Sequence[str]) -> Mapping[str, StateDocument]:
        names = {self._layout.state(stream): stream for stream in streams}
        found = await self._database.get([*names]) if names else {}
        return {stream: read_state(found[name]) for name, stream in names.items() if name in found}

    async def now(self) -> datetime:
        return await self._database.now()

    async def changed(self, category: str, *, after: StateCursor | None, limit: int) -> Sequence[StateDocument]:
        query = Query(STATES).order_by("recorded_at").limit(limit)
        query.where("category", messages.EQUAL).string_value = category
        if after is not None:
            set_moment(query.where("recorded_at", messages.GREATER_THAN_OR_EQUAL).timestamp_value, after.recorded_at)
            if after.stream:
                query.after(self._layout.state(after.stream), after.recorded_at)
        return [read_state(document) async for batch in self._database.query(query) for document in batch]
