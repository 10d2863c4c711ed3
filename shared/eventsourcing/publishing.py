"""From a commit to the messages it owes: one on the domain topic, one on the integration topic per public event.

Pure: the command function publishes these messages right after the append, the relay builds the same ones again for
whatever was never seen on its topic.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from pydantic_core import to_json

from shared.eventsourcing.codec import Codec
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.message import Commit, Event, IntegrationEvent, entity_of, event_type, message_id

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a binary-mode CloudEvent. `id` is also its outbox row; attributes become HTTP headers on a push."""

    id: str
    data: bytes
    attributes: dict[str, str]


class Publisher(Protocol):
    """The port to the topics."""

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Send in one request; UnavailableError within a short, bounded time if the broker did not accept."""
        ...


class Received(Protocol):
    """A message that was pulled and not yet acknowledged."""

    @property
    def attributes(self) -> dict[str, str]: ...
    @property
    def data(self) -> bytes: ...
    @property
    def ack_id(self) -> str: ...


class Subscriber(Protocol):
    """The port to a pull subscription."""

    def pull(self, subscription: str) -> AsyncIterator[Sequence[Received]]:
        """Batches until there is nothing more for the moment."""
        ...

    async def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None: ...


@dataclass(frozen=True)
class Publication(Generic[E]):
    """How one category's commits become messages. `to_integration` maps a private event to its public form, or None.

    Public events are those of a `service`, whatever the category that they came from.
    """

    service: str
    category: str
    domain_topic: str
    integration_topic: str
    codec: Codec[E]
    to_integration: Callable[[E], IntegrationEvent | None]

    def owed(self, stream: str, version: int, events: Sequence[E]) -> list[str]:
        """The ids of all messages that a commit of these events owes, known before it is stored."""
        public = [message_id(stream, version, index) for index, _ in self._public(events)]
        return [message_id(stream, version), *public]

    def messages(self, commit: Commit, events: Sequence[E] | None = None) -> dict[str, list[Message]]:
        """By topic. `events` are the commit's own, if the caller has them at hand; else they are decoded."""
        if events is None:
            events = [self.codec.decode(stored) for stored in commit.events]
        topics = {self.domain_topic: [self._domain_message(commit)]}
        public = [self._integration_message(commit, index, event) for index, event in self._public(events)]
        if public:
            topics[self.integration_topic] = public
        return topics

    def _public(self, events: Sequence[E]) -> list[tuple[int, IntegrationEvent]]:
        mapped = ((index, self.to_integration(event)) for index, event in enumerate(events))
        return [(index, event) for index, event in mapped if event is not None]

    def _domain_message(self, commit: Commit) -> Message:
        attributes = self._attributes(commit, commit.id, event_type(self.category, "commit.v1"))
        return Message(commit.id, commit.body, {**attributes, "ce-command": commit.context.command})

    def _integration_message(self, commit: Commit, index: int, event: IntegrationEvent) -> Message:
        identity = message_id(commit.stream, commit.version, index)
        attributes = self._attributes(commit, identity, event_type(self.service, event.TYPE))
        return Message(identity, to_json(event), attributes)

    def _attributes(self, commit: Commit, identity: str, type_name: str) -> dict[str, str]:
        context = commit.context
        attributes = {
            "ce-specversion": "1.0",
            "ce-id": identity,
            "ce-type": type_name,
            "ce-source": f"/{self.service}",
            "ce-subject": entity_of(commit.stream),
            "ce-time": context.occurred_at.isoformat(),
            "ce-recordedtime": commit.recorded_at.isoformat(),
            "ce-correlationid": context.correlation_id,
            "ce-causationid": context.command_id,
            "content-type": "application/json",
        }
        if context.traceparent:
            attributes["traceparent"] = context.traceparent
        return attributes


@dataclass
class Announcer(Generic[E]):
    """How one category's commits are published. Failing is no error: the outbox rows stand."""

    publication: Publication[E]
    publisher: Publisher
    on_failure: Callable[[str, Exception], None] = lambda topic, error: None  # noqa: ARG005 - nobody listens


class Announced(NamedTuple):
    """A commit that is in the log, with its events as they were decided."""

    announcer: Announcer[Any]
    commit: Commit
    events: Sequence[Any]


async def announce(written: Sequence[Announced]) -> None:
    """Publish what these commits owe, one request per topic."""
    topics: dict[str, tuple[Announcer[Any], list[Message]]] = {}
    for announcer, commit, events in written:
        for topic, messages in announcer.publication.messages(commit, events).items():
            topics.setdefault(topic, (announcer, []))[1].extend(messages)
    for topic, (announcer, messages) in topics.items():
        try:
            await announcer.publisher.publish(topic, messages)
        except UnavailableError as error:
            announcer.on_failure(topic, error)
