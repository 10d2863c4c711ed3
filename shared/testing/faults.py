"""A log, and a connection to one, that fail on request: what a test cannot ask of real ones."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import (
    Answer,
    Appended,
    Fed,
    FeedCursor,
    LoadedStream,
    NewCommit,
    OutboxRow,
    Position,
    Replayed,
    StateCursor,
    StateDocument,
)
from shared.eventsourcing.message import Commit
from shared.testing.conformance.samples import Log


class Fault(Enum):
    """What goes wrong with an append: the request is lost, or only the acknowledgement is."""

    BEFORE = "nothing was written"
    AFTER = "everything was written"


class LossyConnection:
    """Carries commit requests of a store to its backend, and loses one when it is told to. `error` is what the store's
    client hears then; `sent` counts the requests. The backend refuses a request by an error, or by the answer None.
    """

    def __init__(self, error: Exception) -> None:
        self.sent = 0
        self._error = error
        self._next: tuple[Fault, Callable[[], Awaitable[object]]] | None = None
        self._refused: Callable[[], Awaitable[object]] | None = None

    def lose_next(self, fault: Fault, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        """The next request, or its acknowledgement; `meanwhile` happens before the client sends it again."""
        self._next = fault, meanwhile or _nothing

    def after_refusal(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        """`meanwhile` happens once: after the backend has refused a request, before the store looks why."""
        self._refused = meanwhile

    async def __call__(self, request: Callable[[], Awaitable[Any]]) -> Any:
        self.sent += 1
        lost, self._next = self._next, None
        if lost is None:
            return await self._heard(request)
        fault, meanwhile = lost
        if fault is Fault.AFTER:
            await request()
        await meanwhile()
        raise self._error

    async def _heard(self, request: Callable[[], Awaitable[Any]]) -> Any:
        try:
            answer = await request()
        except Exception:
            await self._look_is_late()
            raise
        if answer is None:
            await self._look_is_late()
        return answer

    async def _look_is_late(self) -> None:
        meanwhile, self._refused = self._refused, None
        if meanwhile is not None:
            await meanwhile()


async def _nothing() -> None:
    """What happens meanwhile, if nothing does."""


class FaultyEventStore:
    """`EventStore` and `Outbox` over another log. `down` makes everything unavailable; `next_appends` are
    the faults of the appends to come, one each, None for none.
    """

    def __init__(self, log: Log) -> None:
        self.down = False
        self.next_appends: list[Fault | None] = []
        self._log = log

    async def load(self, stream: str, *, schema: str | None = None) -> LoadedStream:
        self._check()
        return await self._log.load(stream, schema=schema)

    async def tail(self, position: Position) -> LoadedStream:
        self._check()
        return await self._log.tail(position)

    async def append(self, commits: Sequence[NewCommit], *, answer: Answer | None = None) -> Appended | Replayed:
        self._check()
        fault = self.next_appends.pop(0) if self.next_appends else None
        if fault is Fault.BEFORE:
            raise UnavailableError(fault.value)
        result = await self._log.append(commits, answer=answer)
        if fault is Fault.AFTER:
            raise UnavailableError(fault.value)
        return result

    async def answered(self, key: str) -> Answer | None:
        self._check()
        return await self._log.answered(key)

    async def get(self, stream: str) -> StateDocument | None:
        self._check()
        return await self._log.get(stream)

    async def get_many(self, streams: Sequence[str]) -> Mapping[str, StateDocument]:
        self._check()
        return await self._log.get_many(streams)

    async def changed(self, category: str, *, after: StateCursor | None, limit: int) -> Sequence[StateDocument]:
        self._check()
        return await self._log.changed(category, after=after, limit=limit)

    async def now(self) -> datetime:
        self._check()
        return await self._log.now()

    async def read(self, stream: str, *, after: int = 0, up_to: int | None = None) -> AsyncIterator[Commit]:
        self._check()
        async for commit in self._log.read(stream, after=after, up_to=up_to):
            yield commit

    async def feed(self, category: str, *, after: FeedCursor | None = None, until: datetime) -> AsyncIterator[Fed]:
        self._check()
        async for fed in self._log.feed(category, after=after, until=until):
            yield fed

    async def owed(self, category: str, *, since: datetime | None, before: datetime) -> AsyncIterator[OutboxRow]:
        self._check()
        async for row in self._log.owed(category, since=since, before=before):
            yield row

    async def settle(self, message_ids: Iterable[str]) -> None:
        self._check()
        await self._log.settle(message_ids)

    def _check(self) -> None:
        if self.down:
            raise UnavailableError("the log is down")
