"""The database `events`, as all parts of the log use it."""

from typing import Final

from shared.adapters.firestore.channel import FirestoreChannel
from shared.adapters.firestore.database import Database
from shared.adapters.firestore.log_layout import LogLayout
from shared.eventsourcing.event_store import OperationCounts

EVENTS: Final = "events"


class EventsDatabase:
    """`timeout` in seconds spans all tries of a request."""

    def __init__(self, channel: FirestoreChannel, counts: OperationCounts, timeout: float = 5.0) -> None:
        self._database = Database(channel, EVENTS, counts, timeout)
        self._layout = LogLayout(self._database.root)
