"""How far a relay or a sweep got."""

from datetime import datetime
from typing import Protocol

from shared.eventsourcing.event_store import FeedCursor


class Checkpoints(Protocol):
    """The port to the checkpoints: the last write wins, so a checkpoint may only skip work, never prove it."""

    async def load(self, name: str) -> FeedCursor | None: ...

    async def save(self, name: str, cursor: FeedCursor) -> None: ...


def at_time(moment: datetime) -> FeedCursor:
    """The place just before everything recorded at `moment`."""
    return FeedCursor(moment, "", 0)
