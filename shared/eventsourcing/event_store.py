"""The port to the log: append at a position, load, read, feed; and to the states and the outbox written with it."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from shared.eventsourcing.errors import CorruptCommitError
from shared.eventsourcing.message import Commit

MAX_APPEND_BYTES = 9 * 1024 * 1024
"""Of all commits, snapshots and states of one append together: the store's own limit is 10 MiB with their names."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a stream ended when it was loaded or appended to. Only a store makes one (and `start_of`), and an append
    takes nothing else: a number from a caller could be too high and leave a hole. `token` is the store's own.
    """

    stream: str
    version: int
    token: object = field(default=None, compare=False, repr=False)


def start_of(stream: str) -> Position:
    """The position of a stream that is to begin. It needs no look at the store: nothing is too high about version 0."""
    return Position(stream, 0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A fold of the first `version` commits. `schema` names the shape of the state (`Decider.state_schema`)."""

    version: int
    schema: str
    data: bytes


@dataclass(frozen=True, slots=True)
class LoadedStream:
    """The end of a stream: the newest fitting snapshot, if any, and all commits after it."""

    position: Position
    snapshot: Snapshot | None
    commits: Sequence[Commit]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommit:
    """What is appended to one stream: written whole, or not at all.

    `body` is the encoded commit of version `position.version + 1`. `owed` are the ids of the messages that must be
    seen on their topics: an outbox row each, in the same write. `state` is the whole state after the commit, if it is
    kept as a document: that document is replaced. The commit may be deleted when `expires_after` has passed.
    """

    position: Position
    body: bytes
    owed: Sequence[str]
    snapshot: Snapshot | None = None
    state: bytes | None = None
    expires_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The first answer to a request, kept for ever under its idempotency key."""

    key: str
    fingerprint: str
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """The commits are in the log. `recorded_at` is the store's time, the same for all of them."""

    positions: Sequence[Position]
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """Nothing was written: this idempotency key has its answer already."""

    answer: Answer


@dataclass(frozen=True, slots=True, order=True)
class FeedCursor:
    """A place in the feed of a category: everything up to and including this commit was read. Only a store knows which
    of two places lies before the other: it orders names in its own way.
    """

    recorded_at: datetime
    stream: str
    version: int


@dataclass(frozen=True, slots=True)
class Fed:
    """What comes next in a feed: a commit, or why it cannot be read. A reader who has taken it goes on from `place`."""

    found: Commit | CorruptCommitError

    @property
    def place(self) -> FeedCursor:
        return FeedCursor(self.found.recorded_at, self.found.stream, self.found.version)

    @property
    def commit(self) -> Commit:
        """For readers who need all of them; raises CorruptCommitError."""
        if isinstance(self.found, CorruptCommitError):
            raise self.found
        return self.found


@dataclass(frozen=True, slots=True)
class StateDocument:
    """The whole state of a stream whose category keeps states, as its newest commit left it."""

    stream: str
    version: int
    recorded_at: datetime
    body: bytes
    token: object = field(default=None, compare=False, repr=False)

    @property
    def position(self) -> Position:
        return Position(self.stream, self.version, self.token)


@dataclass(frozen=True, slots=True, order=True)
class StateCursor:
    """A place among the states of a category: all that were recorded up to and including this one were read."""

    recorded_at: datetime
    stream: str = ""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that was not yet seen on its topic."""

    message_id: str
    recorded_at: datetime


class StateStore(Protocol):
    """The states that appends keep. All methods raise UnavailableError within a bounded time when the store is down."""

    async def get(self, stream: str) -> StateDocument | None: ...

    async def get_many(self, streams: Sequence[str]) -> Mapping[str, StateDocument]:
        """Those that exist, by stream, in one round trip."""
        ...

    async def changed(self, category: str, *, after: StateCursor | None, limit: int) -> Sequence[StateDocument]:
        """The next states of a category in the order of (recorded_at, stream): each where it changed last.

        One may become visible after another with a later time. Who follows the changes starts again a safety lag
        before the store's time of the last pass: `StateCursor(now - lag)`.
        """
        ...

    async def now(self) -> datetime:
        """The store's own time, which `recorded_at` is of. No caller's clock can stand in for it: one that is fast by
        more than the safety lag would pass over changes for good.
        """
        ...


class EventStore(StateStore, Protocol):
    """The log. All methods raise UnavailableError within a bounded time when the store is down."""

    async def load(self, stream: str, *, schema: str | None = None) -> LoadedStream:
        """The whole stream, or its newest snapshot of shape `schema` and what came after it. A stream that does not
        exist is at version 0.
        """
        ...

    async def tail(self, position: Position) -> LoadedStream:
        """The commits after `position`."""
        ...

    async def append(self, commits: Sequence[NewCommit], *, answer: Answer | None = None) -> Appended | Replayed:
        """Write all commits (to different streams), their outbox rows, snapshots, states, and the answer, or nothing.

        One round trip. An answer without commits only records the answer. Raises ConcurrencyError if any stream moved
        on. An own earlier try whose acknowledgement was lost is a success: it is recognised by its bytes, all of them.
        Another commit of the same command is no own try: its first answer is returned. Raises TooLargeError above
        `MAX_APPEND_BYTES`; the number of commits has no other limit.
        """
        ...

    async def answered(self, key: str) -> Answer | None:
        """The first answer under this idempotency key."""
        ...

    def read(self, stream: str, *, after: int = 0, up_to: int | None = None) -> AsyncIterator[Commit]:
        """Commits with `after < version <= up_to`, in order."""
        ...

    def feed(self, category: str, *, after: FeedCursor | None = None, until: datetime) -> AsyncIterator[Fed]:
        """A category's commits recorded before `until` and after the cursor, in the order of (recorded_at, stream,
        version), as one query. Pass an `until` that lies back by the safety lag: `recorded_at` is the time at which
        the store began to process the commit, so one may become visible after a later one.

        A commit that cannot be decoded comes as an error in its place, and the feed goes on behind it.
        """
        ...


class Outbox(Protocol):
    """The rows that an append left behind; only the relay may delete them."""

    def owed(self, category: str, *, since: datetime | None, before: datetime) -> AsyncIterator[OutboxRow]:
        """A category's rows with `since <= recorded_at < before`, oldest first, as one query."""
        ...

    async def settle(self, message_ids: Iterable[str]) -> None:
        """Delete the rows of messages that were seen on their topics. Unknown ids are nothing to worry about."""
        ...


@dataclass(slots=True)
class OperationCounts:
    """What an adapter asked of its backend, counted at the port: the exact base of every price in the docs."""

    rpcs: dict[str, int] = field(default_factory=dict)
    documents_read: int = 0
    documents_written: int = 0
    documents_deleted: int = 0

    def rpc(self, name: str, *, read: int = 0, written: int = 0, deleted: int = 0) -> None:
        self.rpcs[name] = self.rpcs.get(name, 0) + 1
        self.documents_read += read
        self.documents_written += written
        self.documents_deleted += deleted
