"""Checkpoints in this process's memory."""

from shared.eventsourcing.event_store import FeedCursor


class MemoryCheckpoints:
    """`Checkpoints`."""

    def __init__(self) -> None:
        self._cursors: dict[str, FeedCursor] = {}

    async def load(self, name: str) -> FeedCursor | None:
        return self._cursors.get(name)

    async def save(self, name: str, cursor: FeedCursor) -> None:
        self._cursors[name] = cursor
