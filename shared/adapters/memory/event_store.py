"""The log in this process's memory: the same promises as Firestore's, for the embedded runtime and for tests."""

import asyncio
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from shared.adapters.append_checks import arbitrated, check_append, reached
from shared.adapters.memory.streams import Kept, commits_between, found_at
from shared.adapters.paging import FIRST_PAGE
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import (
    Answer,
    Appended,
    Fed,
    FeedCursor,
    LoadedStream,
    NewCommit,
    OperationCounts,
    OutboxRow,
    Position,
    Replayed,
    Snapshot,
    StateCursor,
    StateDocument,
)
from shared.eventsourcing.message import Commit, category_of

_TICK = timedelta(microseconds=1)
Request = Callable[[], Awaitable[Appended | None]]
"""A commit request. None: the log refused it, because something is in its way."""
Connection = Callable[[Request], Awaitable[Appended | None]]
"""Carries a commit request to the log; UnavailableError if the request or its answer was lost."""


async def _direct(request: Request) -> Appended | None:
    return await request()


async def _a_moment() -> None:
    await asyncio.sleep(0)


class MemoryEventStore:
    """`EventStore` and `Outbox`.

    What is kept are the encoded commits, so that whoever reads gets objects of their own. `recorded_at` is the clock's
    time in whole milliseconds; two appends within one, or a clock that was set back, get microseconds apart: it always
    grows. Each method lets other tasks run before it looks at the log, and none while it does. Requests are counted
    as Firestore would bill them. No commit expires: this process does not live that long. Nothing is lost on the way to
    the log, unless a test has set another `connection`. A refused append looks at what is in its way by a second
    request, as in Firestore: others may write in between. `pause` is the way of that request; it may be lost, too.
    """

    def __init__(self, clock: Callable[[], datetime], counts: OperationCounts) -> None:
        self._clock = clock
        self._counts = counts
        self.connection: Connection = _direct
        self.pause: Callable[[], Awaitable[None]] = _a_moment
        self._streams: dict[str, Kept] = defaultdict(list)
        self._snapshots: dict[str, list[Snapshot]] = defaultdict(list)
        self._answers: dict[str, Answer] = {}
        self._feeds: dict[str, list[FeedCursor]] = defaultdict(list)
        self._owed: dict[str, dict[str, datetime]] = defaultdict(dict)
        self._states: dict[str, StateDocument] = {}
        self._changes: dict[str, list[StateCursor]] = defaultdict(list)
        self._last: datetime | None = None

    async def load(self, stream: str, *, schema: str | None = None) -> LoadedStream:
        await asyncio.sleep(0)
        if schema is None:
            return self._after(stream, 0, None)
        newest = self._snapshots[stream][-1] if self._snapshots[stream] else None
        snapshot = newest if newest and newest.schema == schema else None
        self._counts.rpc("RunQuery", read=1)
        kept = self._streams.get(stream, [])
        self._counts.rpc("RunQuery", read=max(1, min(len(kept), FIRST_PAGE)))
        start = snapshot.version if snapshot else 0
        if len(kept) >= FIRST_PAGE:
            self._counts.rpc("RunQuery", read=max(1, len(kept) - max(start, FIRST_PAGE)))
        commits = list(commits_between(stream, kept, start, len(kept)))
        return LoadedStream(Position(stream, len(kept)), snapshot, commits)

    async def tail(self, position: Position) -> LoadedStream:
        await asyncio.sleep(0)
        return self._after(position.stream, position.version, None)

    async def append(self, commits: Sequence[NewCommit], *, answer: Answer | None = None) -> Appended | Replayed:
        check_append(commits, answer)
        retried = False
        try:
            appended = await self.connection(lambda: self._commit(commits, answer))
        except UnavailableError:  # sent again, as a client of Firestore does
            retried = True
            appended = await self.connection(lambda: self._commit(commits, answer))
        if appended is not None:
            return appended
        await self.pause()
        return self._arbitrate(commits, answer, retried=retried)

    async def answered(self, key: str) -> Answer | None:
        await asyncio.sleep(0)
        self._counts.rpc("BatchGetDocuments", read=1)
        return self._answers.get(key)

    async def get(self, stream: str) -> StateDocument | None:
        return (await self.get_many([stream])).get(stream)

    async def get_many(self, streams: Sequence[str]) -> Mapping[str, StateDocument]:
        await asyncio.sleep(0)
        wanted = dict.fromkeys(streams)
        if wanted:
            self._counts.rpc("BatchGetDocuments", read=len(wanted))
        return {stream: self._states[stream] for stream in wanted if stream in self._states}

    async def changed(self, category: str, *, after: StateCursor | None, limit: int) -> Sequence[StateDocument]:
        await asyncio.sleep(0)
        places = self._changes[category]
        first = bisect_right(places, after) if after else 0
        found = [self._states[place.stream] for place in places[first : first + limit]]
        self._counts.rpc("RunQuery", read=max(1, len(found)))
        return found

    async def now(self) -> datetime:
        await asyncio.sleep(0)
        self._counts.rpc("BatchGetDocuments", read=1)
        now = self._clock()
        return now if self._last is None else max(now, self._last)

    async def read(self, stream: str, *, after: int = 0, up_to: int | None = None) -> AsyncIterator[Commit]:
        await asyncio.sleep(0)
        kept = self._streams.get(stream, [])
        end = len(kept) if up_to is None else min(up_to, len(kept))
        self._counts.rpc("RunQuery", read=max(1, end - after))
        for commit in commits_between(stream, kept, after, end):
            yield commit

    async def feed(self, category: str, *, after: FeedCursor | None = None, until: datetime) -> AsyncIterator[Fed]:
        await asyncio.sleep(0)
        places = self._feeds[category]
        first = bisect_right(places, after) if after else 0
        found = places[first : bisect_left(places, FeedCursor(until, "", 0))]
        self._counts.rpc("RunQuery", read=max(1, len(found)))
        for place in found:
            yield Fed(found_at(place.stream, self._streams[place.stream], place.version))

    async def owed(self, category: str, *, since: datetime | None, before: datetime) -> AsyncIterator[OutboxRow]:
        await asyncio.sleep(0)
        rows = [
            OutboxRow(identity, recorded_at)
            for identity, recorded_at in self._owed[category].items()
            if recorded_at < before and (since is None or since <= recorded_at)
        ]
        self._counts.rpc("RunQuery", read=max(1, len(rows)))
        for row in rows:
            yield row

    async def settle(self, message_ids: Iterable[str]) -> None:
        await asyncio.sleep(0)
        seen = {identity for identity in message_ids if all(identity.rpartition("@"))}
        if not seen:
            return
        self._counts.rpc("Commit", deleted=len(seen))
        for identity in seen:
            self._owed[category_of(identity.rpartition("@")[0])].pop(identity, None)

    def _after(self, stream: str, version: int, snapshot: Snapshot | None) -> LoadedStream:
        kept = self._streams.get(stream, [])
        self._counts.rpc("RunQuery", read=max(1, len(kept) - version))
        commits = list(commits_between(stream, kept, version, len(kept)))
        return LoadedStream(Position(stream, len(kept)), snapshot, commits)

    def _now(self) -> datetime:
        now = self._clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = now if self._last is None else max(now, self._last + _TICK)
        return self._last

    def _is_taken(self, commits: Sequence[NewCommit], answer: Answer | None) -> bool:
        """A position beyond the end would leave a hole, and no store made it."""
        moved = any(len(self._streams.get(new.position.stream, ())) != new.position.version for new in commits)
        return moved or (answer is not None and answer.key in self._answers)

    async def _commit(self, commits: Sequence[NewCommit], answer: Answer | None) -> Appended | None:
        await asyncio.sleep(0)
        if self._is_taken(commits, answer):
            self._counts.rpc("Commit")
            return None
        recorded_at = self._now()
        for new in commits:
            self._write(new, recorded_at)
        if answer is not None:
            self._answers[answer.key] = answer
        rows = sum(1 + len(new.owed) + (new.snapshot is not None) + (new.state is not None) for new in commits)
        self._counts.rpc("Commit", written=rows + (answer is not None))
        return Appended(reached(commits), recorded_at)

    def _arbitrate(self, commits: Sequence[NewCommit], answer: Answer | None, *, retried: bool) -> Appended | Replayed:
        self._counts.rpc("BatchGetDocuments", read=len(commits) + (answer is not None))
        places = [(new.position.stream, new.position.version + 1) for new in commits]
        taken = [(s, v, self._streams[s]) for s, v in places if len(self._streams.get(s, ())) >= v]
        there = [commit for s, v, kept in taken for commit in commits_between(s, kept, v - 1, v)]
        first = self._answers.get(answer.key) if answer else None
        return arbitrated(commits, answer, there, first, retried=retried)

    def _write(self, new: NewCommit, recorded_at: datetime) -> None:
        stream = new.position.stream
        category = category_of(stream)
        self._streams[stream].append((recorded_at, new.body))
        insort(self._feeds[category], FeedCursor(recorded_at, stream, new.position.version + 1))
        self._owed[category].update(dict.fromkeys(new.owed, recorded_at))  # appends come in the order of their times
        if new.snapshot is not None:
            self._snapshots[stream].append(new.snapshot)
        if new.state is not None:
            self._keep(StateDocument(stream, new.position.version + 1, recorded_at, new.state))

    def _keep(self, state: StateDocument) -> None:
        places = self._changes[category_of(state.stream)]
        if before := self._states.get(state.stream):
            del places[bisect_left(places, StateCursor(before.recorded_at, before.stream))]
        insort(places, StateCursor(state.recorded_at, state.stream))
        self._states[state.stream] = state
