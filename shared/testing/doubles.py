"""A clock that stands still, a publisher and services that remember: what tests put in place of time and others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.publishing import Message
from shared.eventsourcing.workflow.calls import Request, Response

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


@dataclass
class StubServices:
    """`Caller`: the same answer to every request to a service's path. It remembers what it was asked."""

    answers: dict[tuple[str, str], Response] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    async def call(self, request: Request) -> Response:
        self.asked.append(request)
        answer = self.answers.get((request.service, request.path))
        if answer is None:
            raise UnavailableError(f"{request.service} is down")
        return answer


def everything_is_sold() -> StubServices:
    """A catalog that lists whatever it is asked about."""
    return StubServices({("catalog", "/availability"): Response(200, {"unavailable": []})})
