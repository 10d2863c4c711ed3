"""Commits to append, as short as a test wants them."""

from collections.abc import AsyncIterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol, TypeVar

from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.event_store import (
    Answer,
    Appended,
    EventStore,
    NewCommit,
    Outbox,
    Position,
    Snapshot,
)
from shared.eventsourcing.message import Context, StoredEvent, message_id, shard_of, shards_of

T = TypeVar("T")
CATEGORY = "cart"
FAR_FUTURE = datetime(2100, 1, 1, tzinfo=UTC)


class Log(EventStore, Outbox, Protocol):
    """What the suites need: all ports on the same log."""


def new_commit(
    position: Position,
    *,
    command_id: str = "c-1",
    note: str = "",
    snapshot: Snapshot | None = None,
    public: bool = False,
    state: bytes | None = None,
    expires_after: timedelta | None = None,
) -> NewCommit:
    """One event; it owes a message to the domain topic, and one to the integration topic if `public`."""
    version = position.version + 1
    context = Context(
        command="WriteNote",
        command_id=command_id,
        correlation_id="flow-1",
        actor="user:1",
        occurred_at=datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC),
    )
    owed = [message_id(position.stream, version)] + [message_id(position.stream, version, 0)] * public
    body = encode_commit(position.stream, version, context, [StoredEvent("NoteWritten.v1", {"note": note})])
    return NewCommit(
        position=position, body=body, owed=owed, snapshot=snapshot, state=state, expires_after=expires_after
    )


def answer(key: str = "key-1", *, body: bytes = b'{"id":"1"}') -> Answer:
    return Answer(key=key, fingerprint="f-1", status=202, headers={"ETag": '"1"', "Location": "/x"}, body=body)


async def write(store: EventStore, stream: str, commits: int = 1) -> list[Appended]:
    """So many commits at the end of a stream, one by one."""
    position = (await store.load(stream)).position
    written = []
    for _ in range(commits):
        result = await store.append([new_commit(position)])
        assert isinstance(result, Appended)
        position = result.positions[0]
        written.append(result)
    return written


def streams_of(category: str, number: int) -> list[str]:
    """So many streams, by name."""
    return sorted(f"{category}-{i}" for i in range(number))


def one_in_each_shard(category: str) -> list[str]:
    """A stream for each shard of the category, by name."""
    found: dict[str, str] = {}
    for number in count():
        found.setdefault(shard_of(f"{category}-{number}"), f"{category}-{number}")
        if len(found) == len(shards_of(category)):
            break
    return sorted(found.values())


async def collected(items: AsyncIterable[T]) -> list[T]:
    return [item async for item in items]
