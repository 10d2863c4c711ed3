"""The log in Firestore: appends are creates in one round trip, loads are key ranges, the feed is one index."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime

from shared.adapters.append_checks import arbitrated, check_append
from shared.adapters.firestore.commits import FirestoreCommits, commit_in, found_in
from shared.adapters.firestore.log_layout import (
    SNAPSHOTS,
    add_answer,
    add_commit,
    reached_by,
    read_answer,
    read_snapshot,
)
from shared.adapters.firestore.outbox import SCAN_PATIENCE, FirestoreOutbox, category_query
from shared.adapters.firestore.query import Query
from shared.adapters.firestore.rpc_errors import RefusedError
from shared.adapters.firestore.states import FirestoreStates
from shared.adapters.firestore.values import moment
from shared.adapters.paging import FIRST_PAGE
from shared.eventsourcing.event_store import (
    Answer,
    Appended,
    Fed,
    FeedCursor,
    LoadedStream,
    NewCommit,
    Position,
    Replayed,
    Snapshot,
)
from shared.eventsourcing.message import Commit, commits_collection


class FirestoreEventStore(FirestoreOutbox, FirestoreStates, FirestoreCommits):
    """`EventStore` and `Outbox` on the database `events`.

    No method reads in a transaction: that locks in the cloud and livelocks on the emulator.
    """

    async def load(self, stream: str, *, schema: str | None = None) -> LoadedStream:
        if schema is None:
            return await self._from(stream, 0, None)
        page = asyncio.ensure_future(self._commits(stream, 0, limit=FIRST_PAGE))
        page.add_done_callback(_retrieved)
        try:
            snapshot = await self._newest_snapshot(stream, schema)
            if snapshot is not None and snapshot.version >= FIRST_PAGE:
                page.cancel()
                return await self._from(stream, snapshot.version, snapshot)
            commits = await page
        finally:
            page.cancel()
        if len(commits) >= FIRST_PAGE:
            commits += await self._commits(stream, len(commits))
        seen = snapshot.version if snapshot else 0
        return _loaded(stream, seen, snapshot, commits[seen:])

    async def tail(self, position: Position) -> LoadedStream:
        return await self._from(position.stream, position.version, None)

    async def append(self, commits: Sequence[NewCommit], *, answer: Answer | None = None) -> Appended | Replayed:
        check_append(commits, answer)
        request, ends = self._database.request(), []
        for commit in commits:
            add_commit(request, self._layout, commit)
            ends.append(len(request.writes) - 1)
        if answer is not None:
            add_answer(request, self._layout, answer)
        try:
            response = await self._database.commit(request)
        except RefusedError as error:
            return await self._arbitrate(commits, answer, retried=error.retried)
        if not commits:
            return Appended((), moment(response.commit_time))
        results = response.write_results
        positions = tuple(reached_by(commit, results[end]) for commit, end in zip(commits, ends, strict=True))
        return Appended(positions, moment(results[0].transform_results[0].timestamp_value))

    async def answered(self, key: str) -> Answer | None:
        name = self._layout.answer(key)
        found = await self._database.get([name])
        return read_answer(key, found[name]) if name in found else None

    def read(self, stream: str, *, after: int = 0, up_to: int | None = None) -> AsyncGenerator[Commit, None]:
        return self._read(stream, after, up_to)

    async def feed(self, category: str, *, after: FeedCursor | None = None, until: datetime) -> AsyncIterator[Fed]:
        since = after.recorded_at if after else None
        query = category_query(commits_collection(category), category, since=since, before=until)
        query.select("body", "recorded_at")
        if after is not None and after.stream:
            query.after(self._layout.commit(after.stream, after.version), after.recorded_at)
        async for batch in self._database.query(query, patience=SCAN_PATIENCE):
            for document in batch:
                yield Fed(found_in(document))

    async def _from(self, stream: str, version: int, snapshot: Snapshot | None) -> LoadedStream:
        return _loaded(stream, version, snapshot, await self._commits(stream, version))

    async def _newest_snapshot(self, stream: str, schema: str) -> Snapshot | None:
        """None as well if the newest one has another shape: those before it are no better."""
        query = Query(SNAPSHOTS).order_by().limit(1)
        async for batch in self._database.query(query, below=self._layout.stream(stream)):
            snapshot = read_snapshot(batch[0])
            return snapshot if snapshot.schema == schema else None
        return None

    async def _arbitrate(
        self, commits: Sequence[NewCommit], answer: Answer | None, *, retried: bool
    ) -> Appended | Replayed:
        wanted = [self._layout.commit(new.position.stream, new.position.version + 1) for new in commits]
        key = self._layout.answer(answer.key) if answer else ""
        found = await self._database.get([*wanted, key] if key else wanted)
        there = [commit_in(found[name]) for name in wanted if name in found]
        first = read_answer(answer.key, found[key]) if answer and key in found else None
        return arbitrated(commits, answer, there, first, retried=retried)


def _loaded(stream: str, seen: int, snapshot: Snapshot | None, commits: list[Commit]) -> LoadedStream:
    return LoadedStream(Position(stream, seen + len(commits)), snapshot, commits)


def _retrieved(task: asyncio.Future[list[Commit]]) -> None:
    """If the other half of a load failed, nobody waits for this one's error."""
    if not task.cancelled():
        task.exception()
