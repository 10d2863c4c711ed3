"""Walking a category's feed from where the last walk ended: the base of the catch-up sweep and of expiry.

A stream's last commit leaves no gap behind it, so a message lost for good would never be missed by a projector alone.
The sweep is the answer to a broker that lost its memory, a muted subscription and a new projection.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.eventsourcing.checkpoint import Checkpoints
from shared.eventsourcing.errors import CorruptCommitError
from shared.eventsourcing.event_store import EventStore, FeedCursor
from shared.eventsourcing.message import SHARDS, shard_name
from shared.eventsourcing.projector import Outcome, Projector

Visit = Callable[[Mapping[str, int]], Awaitable[int]]
"""Given streams and their newest version seen; returns how many it changed."""


@dataclass(frozen=True, slots=True)
class WalkReport:
    """Commits read from the feed, and streams that the visit changed something for."""

    read: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWalk:
    """Visits every stream with commits recorded since the last walk and longer ago than `behind`.

    `name` keeps this walk's checkpoints, one a shard; a walk that is cut off goes on where it was, because it
    checkpoints after each `page` of commits (which also bounds what it holds in memory).
    """

    name: str
    category: str
    behind: timedelta
    visit: Visit
    log: EventStore
    checkpoints: Checkpoints
    clock: Callable[[], datetime]
    page: int = 500

    async def run(self) -> WalkReport:
        """All shards, whatever happens in one of them; then the first trouble, if there was any."""
        until = self.clock() - self.behind
        read = changed = 0
        troubles: list[Exception] = []
        for number in range(SHARDS):
            try:
                shard_read, shard_changed = await self._shard(shard_name(self.category, number), until)
            except Exception as error:  # noqa: BLE001 - raised below, when the other shards have had their turn
                troubles.append(error)
            else:
                read, changed = read + shard_read, changed + shard_changed
        if troubles:
            raise troubles[0]
        return WalkReport(read, changed)

    async def _shard(self, shard: str, until: datetime) -> tuple[int, int]:
        checkpoint = f"{self.name}/{shard}"
        cursor = reached = await self.checkpoints.load(checkpoint)
        ends: dict[str, int] = {}
        read = changed = 0
        async for cursor in self._places(shard, reached, until):
            ends[cursor.stream] = max(cursor.version, ends.get(cursor.stream, 0))
            read += 1
            if read % self.page == 0:
                changed += await self._visit(checkpoint, ends, cursor)
                ends = {}
        if ends and cursor is not None:
            changed += await self._visit(checkpoint, ends, cursor)
        return read, changed

    async def _places(self, shard: str, cursor: FeedCursor | None, until: datetime) -> AsyncIterator[FeedCursor]:
        """Where each commit lies. One that cannot be decoded is told like any other: the visit of its stream will find
        out, and the streams behind it must not wait.
        """
        while True:
            try:
                async for commit in self.log.feed(shard, after=cursor, until=until):
                    cursor = FeedCursor(commit.recorded_at, commit.stream, commit.version)
                    yield cursor
            except CorruptCommitError as error:
                cursor = FeedCursor(error.recorded_at, error.stream, error.version)
                yield cursor
            else:
                return

    async def _visit(self, checkpoint: str, ends: Mapping[str, int], cursor: FeedCursor) -> int:
        changed = await self.visit(ends)
        await self.checkpoints.save(checkpoint, cursor)
        return changed


def all_of(walks: Sequence[FeedWalk]) -> Callable[[], Awaitable[WalkReport]]:
    """One after the other, and their sum."""

    async def run() -> WalkReport:
        reports = [await walk.run() for walk in walks]
        return WalkReport(sum(report.read for report in reports), sum(report.changed for report in reports))

    return run


def heal(projector: Projector[Any, Any]) -> Visit:
    """The visit of the catch-up sweep: brings every document that is behind to the end of its stream."""

    async def visit(ends: Mapping[str, int]) -> int:
        outcomes = [await projector.heal(stream, end) for stream, end in ends.items()]
        return outcomes.count(Outcome.HEALED)

    return visit
