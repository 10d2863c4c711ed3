"""Checkpoints in Firestore: `checkpoints/{name}` in the database `read-models`."""

from shared.adapters.firestore.channel import FirestoreChannel
from shared.adapters.firestore.database import Database
from shared.adapters.firestore.read_store import READ_MODELS
from shared.adapters.firestore.values import document_id, moment, set_moment
from shared.eventsourcing.event_store import FeedCursor, OperationCounts


class FirestoreCheckpoints:
    """`Checkpoints`; `timeout` in seconds spans all tries of a request."""

    def __init__(self, channel: FirestoreChannel, counts: OperationCounts, timeout: float = 5.0) -> None:
        self._database = Database(channel, READ_MODELS, counts, timeout)

    async def load(self, name: str) -> FeedCursor | None:
        document = (await self._database.get([self._name(name)])).get(self._name(name))
        if document is None:
            return None
        fields = document.fields
        return FeedCursor(
            moment(fields["recorded_at"].timestamp_value),
            fields["stream"].string_value,
            fields["version"].integer_value,
        )

    async def save(self, name: str, cursor: FeedCursor) -> None:
        request = self._database.request()
        document = request.writes.add().update
        document.name = self._name(name)
        set_moment(document.fields["recorded_at"].timestamp_value, cursor.recorded_at)
        document.fields["stream"].string_value = cursor.stream
        document.fields["version"].integer_value = cursor.version
        await self._database.commit(request)

    def _name(self, name: str) -> str:
        return f"{self._database.root}/checkpoints/{document_id(name)}"
