"""The proof of publication: outbox rows go when their message was seen on its topic, and only then.

A crash at any point between an append and its publish leaves a row; the row's message is built again from the commit
and sent again until it is seen.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.eventsourcing.checkpoint import Checkpoints, at_time
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import EventStore, Outbox, OutboxRow
from shared.eventsourcing.message import category_of, parse_message_id
from shared.eventsourcing.publishing import Message, Publication, Publisher, Subscriber

_CHECKPOINT_EVERY = timedelta(minutes=10)
_PULLING = timedelta(seconds=20)
_SENDING = timedelta(seconds=20)


def _unseen(age: float) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class RelayReport:
    """`settled` messages were seen and their rows deleted, `sent` were owed for too long and published again; `stuck`
    are owed by streams with a commit that cannot be understood.
    """

    settled: int
    sent: int
    stuck: int = 0


class Relay:
    """One service's relay, of all its categories. `subscriptions` are its own pull subscriptions, one for each of the
    two topics. What is owed is sent again in batches of `batch` messages, the oldest of each category first.
    `aged(seconds)` is told the age of the oldest message of each category that owes one, before it is sent; a run that
    looks begins with 0.

    A run that finds nothing costs a pull of each subscription, one checkpoint and one query for each category.
    """

    def __init__(
        self,
        publications: Sequence[Publication[Any]],
        subscriptions: tuple[str, ...],
        *,
        log: EventStore,
        outbox: Outbox,
        subscriber: Subscriber,
        publisher: Publisher,
        checkpoints: Checkpoints,
        clock: Callable[[], datetime],
        patience: timedelta = timedelta(minutes=1),
        batch: int = 1000,
        aged: Callable[[float], None] = _unseen,
    ) -> None:
        self._publications = {publication.category: publication for publication in publications}
        self._checkpoint = f"relay/{publications[0].service}"
        self._subscriptions = subscriptions
        self._log = log
        self._outbox = outbox
        self._subscriber = subscriber
        self._publisher = publisher
        self._checkpoints = checkpoints
        self._clock = clock
        self._patience = patience
        self._batch = batch
        self._aged = aged

    async def run(self) -> RelayReport:
        """Settle what was seen, then send again what is owed for longer than the patience.

        Nothing is sent while a subscription still holds messages after the time for pulling: what is not seen yet may
        be waiting there.
        """
        settled, dry = 0, True
        for subscription in self._subscriptions:
            seen, emptied = await self._settle(subscription)
            settled, dry = settled + seen, dry and emptied
        sent, stuck = await self._send_owed() if dry else (0, 0)
        return RelayReport(settled, sent, stuck)

    async def _settle(self, subscription: str) -> tuple[int, bool]:
        """How many messages were seen, and whether there are none left."""
        settled, end = 0, self._clock() + _PULLING
        async for batch in self._subscriber.pull(subscription):
            ids = [received.attributes["ce-id"] for received in batch if "ce-id" in received.attributes]
            await self._outbox.settle(ids)
            await self._subscriber.acknowledge(subscription, [received.ack_id for received in batch])
            settled += len(ids)
            if self._clock() > end:
                return settled, False
        return settled, True

    async def _send_owed(self) -> tuple[int, int]:
        """How many messages were sent, and how many are stuck. A long outage is worked off over several runs: when the
        time for sending is over, each category sends one more batch at most.

        The checkpoint keeps the queries away from the index entries of rows deleted long ago, which they would have to
        step over one by one. It is moved only now and then, for it costs a write, and stays behind by as much, so that
        no commit can become visible before it.
        """
        before, end = self._clock() - self._patience, self._clock() + _SENDING
        reached = await self._checkpoints.load(self._checkpoint)
        since = reached.recorded_at if reached else None
        oldest, sent, stuck = before, 0, 0
        self._aged(0.0)
        for category in self._publications:
            async for owed in self._owed(category, since, before):
                oldest = min(oldest, owed[0].recorded_at)
                self._aged(round((self._clock() - owed[0].recorded_at).total_seconds(), 1))
                batch_sent = await self._send(row.message_id for row in owed)
                sent, stuck = sent + batch_sent, stuck + len(owed) - batch_sent
                if self._clock() > end:
                    break
        if since is None or oldest - since > 2 * _CHECKPOINT_EVERY:
            await self._checkpoints.save(self._checkpoint, at_time(oldest - _CHECKPOINT_EVERY))
        return sent, stuck

    async def _owed(self, category: str, since: datetime | None, before: datetime) -> AsyncIterator[list[OutboxRow]]:
        batch: list[OutboxRow] = []
        async for row in self._outbox.owed(category, since=since, before=before):
            batch.append(row)
            if len(batch) == self._batch:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _send(self, message_ids: Iterable[str]) -> int:
        """How many were sent. A commit that this code cannot make into messages stays owed; others must not wait."""
        topics: dict[str, list[Message]] = defaultdict(list)
        for stream, wanted in _by_stream(message_ids).items():
            try:
                built = await self._build(stream, wanted)
            except UnavailableError:
                raise
            except Exception:  # noqa: BLE001, S112 - counted as stuck by whoever asked; a bug here is one stream's
                continue
            for topic, messages in built:
                topics[topic] += messages
        for topic, messages in topics.items():
            await self._publisher.publish(topic, messages)
        return sum(map(len, topics.values()))

    async def _build(self, stream: str, wanted: Mapping[int, set[str]]) -> list[tuple[str, list[Message]]]:
        publication = self._publications[category_of(stream)]
        return [
            (topic, [message for message in messages if message.id in wanted.get(commit.version, ())])
            async for commit in self._log.read(stream, after=min(wanted) - 1, up_to=max(wanted))
            for topic, messages in publication.messages(commit).items()
        ]


def _by_stream(message_ids: Iterable[str]) -> dict[str, dict[int, set[str]]]:
    streams: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for identity in message_ids:
        stream, version, _ = parse_message_id(identity)
        streams[stream][version].add(identity)
    return streams
