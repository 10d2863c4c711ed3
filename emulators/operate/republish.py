"""Integration events that were published long ago, published again from the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from emulators.operating import OperationError, Operators, Say
from shared.bootstrap import EventSourcedService
from shared.eventsourcing.checkpoint import at_time
from shared.eventsourcing.errors import CorruptCommitError, UnavailableError
from shared.eventsourcing.event_store import Fed
from shared.eventsourcing.publishing import Message, Publication, Publisher

_DONE, _FAILED = 0, 1
_BATCH = 500


async def republish(
    operators: Operators, say: Say, *, service: str, since: str | None = None, until: str | None = None
) -> int:
    """All integration events of commits that were recorded from `since` on and before `until`, with the ids that they
    had. 1 if a commit could not be made into messages; OperationError if the service publishes nothing.

    What is younger than the safety lag is left out, whatever `until` says: it is on its way by itself.
    """
    owner = operators.service(service)
    if not isinstance(owner, EventSourcedService):
        raise OperationError(f"{service} publishes no events of its own")
    end = await operators.deps.events.now() - timedelta(seconds=operators.settings.feed_lag)
    span = _Span(_moment(since), min(_moment(until) or end, end))
    again = _Again(operators.deps.publisher, owner.manifest.integration_topic, span)
    after = at_time(span.since) if span.since else None
    for publication in owner.wiring.publications:
        async for fed in operators.deps.events.feed(publication.category, after=after, until=span.until):
            await again.take(publication, fed)
            operators.progress(f"commits of {publication.category}", again.read, 0)
    await again.send()
    for trouble in again.unreadable:
        say(f"not published: {trouble}")
    say(f"published again: {_count(again.events, 'event')} of {_count(again.commits, 'commit')}, to {again.topic}")
    return _FAILED if again.unreadable else _DONE


@dataclass(frozen=True, slots=True)
class _Span:
    """By the time at which the log recorded a commit."""

    since: datetime | None
    until: datetime

    def __contains__(self, moment: datetime) -> bool:
        return (self.since is None or self.since <= moment) and moment < self.until


@dataclass(slots=True)
class _Again:
    """Publishes what it takes, in batches. `commits` are those that have anything to publish."""

    publisher: Publisher
    topic: str
    span: _Span
    read: int = 0
    commits: int = 0
    events: int = 0
    unreadable: list[str] = field(default_factory=list)
    _waiting: list[Message] = field(default_factory=list)

    async def take(self, publication: Publication[Any], fed: Fed) -> None:
        if fed.found.recorded_at not in self.span:
            return
        self.read += 1
        messages = self._messages(publication, fed)
        self.commits += bool(messages)
        self._waiting += messages
        if len(self._waiting) >= _BATCH:
            await self.send()

    async def send(self) -> None:
        """UnavailableError says how far it came: it is safe to begin again."""
        try:
            await self.publisher.publish(self.topic, self._waiting)
        except UnavailableError as error:
            raise UnavailableError(f"{error}; {self.events:,} events were published again before that") from error
        self.events += len(self._waiting)
        self._waiting = []

    def _messages(self, publication: Publication[Any], fed: Fed) -> Sequence[Message]:
        try:
            return publication.messages(fed.commit).get(self.topic, ())
        except CorruptCommitError as error:
            self.unreadable.append(str(error))
        except Exception as error:  # noqa: BLE001 - whatever the mapping raises, others must not wait
            self.unreadable.append(f"{fed.commit.id}: {type(error).__name__}: {error}")
        return ()


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
