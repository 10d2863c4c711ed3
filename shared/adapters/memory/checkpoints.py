"""Checkpoints in this process's memory."""

from shared.eventsourcing.event_store import FeedCursor, OperationCounts


class MemoryCheckpoints:
    """`Checkpoints`; requests are counted as Firestore would bill them."""

    def __init__(self, counts: OperationCounts | None = None) -> None:
        self._counts = counts or OperationCounts()
        self._cursors: dict[str, FeedCursor] = {}

    async def load(self, name: str) -> FeedCursor | None:
        self._counts.rpc("BatchGetDocuments", read=1)
        return self._cursors.get(name)

    async def save(self, name: str, cursor: FeedCursor) -> None:
        self._counts.rpc("Commit", written=1)
        self._cursors[name] = cursor
