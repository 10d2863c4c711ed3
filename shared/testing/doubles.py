"""A clock that stands still, and a publisher that remembers: what tests put in place of time and topics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.publishing import Message

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class FixedClock:
    """Stands still until it is told otherwise."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        """By hours, minutes, seconds, … as a timedelta takes them."""
        self.now += timedelta(**delta)


@dataclass
class RecordingPublisher:
    """Remembers what was published, as (topic, message) pairs in order; `down` makes it refuse."""

    sent: list[tuple[str, Message]] = field(default_factory=list)
    down: bool = False

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        if self.down:
            raise UnavailableError("the broker is down")
        self.sent += [(topic, message) for message in messages]

    def on(self, topic: str) -> list[Message]:
        return [message for sent_to, message in self.sent if sent_to == topic]
