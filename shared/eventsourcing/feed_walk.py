"""Walking a category's feed from where the last walk ended: the base of the catch-up sweep and of expiry.

A stream's last commit leaves no gap behind it, so a message lost for good would never be missed by a projector alone.
The sweep is the answer to a broker that lost its memory, a muted subscription and a new projection.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.eventsourcing.checkpoint import Checkpoints
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import EventStore, Fed, FeedCursor
from shared.eventsourcing.projector import Keeper, Outcome

Visit = Callable[[str, int], Awaitable[bool]]
"""Given a stream and its newest version seen; returns whether it changed something. It must be safe to repeat."""


@dataclass(frozen=True, slots=True)
class WalkReport:
    """Commits read from the feed, and streams that the visit changed something for."""

    read: int
    changed: int


@dataclass(slots=True)
class _Page:
    """So many commits, the newest version of each stream among them, and the place to go on from."""

    end: FeedCursor
    commits: int = 0
    versions: dict[str, int] = field(default_factory=dict)

    def add(self, fed: Fed) -> None:
        """One that cannot be decoded counts like any other: the visit of its stream will find out."""
        self.end = fed.place
        self.commits += 1
        found = fed.found
        self.versions[found.stream] = max(found.version, self.versions.get(found.stream, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWalk:
    """Visits every stream with commits recorded since the last walk and longer ago than `behind`.

    One checkpoint and one query serve all shards of the category: shards are there for writing in parallel, and a walk
    reads one commit after the other anyway. A walk that finds nothing costs two gets and a query, and writes nothing.
    One place for all shards is safe because a walk ends `behind` the present: by then no commit of any shard can become
    visible before it any more. So `behind` covers how long an append may take. The present is the log's own: an
    instance's clock may be fast by any time.

    `name` and category name the checkpoint. A walk that is cut off goes on where it was, because it saves the
    checkpoint after each `page` of commits (which also bounds what it holds in memory).
    """

    name: str
    category: str
    behind: timedelta
    visit: Visit
    log: EventStore
    checkpoints: Checkpoints
    page: int = 500

    async def run(self) -> WalkReport:
        """All streams, whatever happens with one of them; then the first trouble, if there was any. The checkpoint
        stays before the first trouble, so the next walk comes by again. A stream that cannot be understood is no
        trouble: coming by again would not help, the projector parks it for people to look at, and it is passed by.
        """
        checkpoint, until = f"{self.name}/{self.category}", await self.log.now() - self.behind
        start = await self.checkpoints.load(checkpoint)
        read = changed = 0
        first: Exception | None = None
        async for page in self._pages(start, until):
            read += page.commits
            visited, trouble = await self._visit(page)
            changed, first = changed + visited, first or trouble
            if first is None:
                await self.checkpoints.save(checkpoint, page.end)
        if first is not None:
            raise first
        return WalkReport(read, changed)

    async def _visit(self, page: _Page) -> tuple[int, Exception | None]:
        """One stream at a time: the trouble with one must not keep the others from their turn."""
        changed, first = 0, None
        for stream, version in page.versions.items():
            try:
                changed += await self.visit(stream, version)
            except CorruptDataError:
                continue
            except Exception as error:  # noqa: BLE001 - raised by the walk, when the others have had their turn
                first = first or error
        return changed, first

    async def _pages(self, after: FeedCursor | None, until: datetime) -> AsyncIterator[_Page]:
        page: _Page | None = None
        async for fed in self.log.feed(self.category, after=after, until=until):
            page = page or _Page(fed.place)
            page.add(fed)
            if page.commits == self.page:
                yield page
                page = None
        if page is not None:
            yield page


def all_of(walks: Sequence[FeedWalk]) -> Callable[[], Awaitable[WalkReport]]:
    """One after the other, and their sum."""

    async def run() -> WalkReport:
        reports = [await walk.run() for walk in walks]
        return WalkReport(sum(report.read for report in reports), sum(report.changed for report in reports))

    return run


def heal(projector: Keeper) -> Visit:
    """The visit of the catch-up sweep: brings every document that is behind to the end of its stream."""

    async def visit(stream: str, version: int) -> bool:
        return await projector.heal(stream, version) is Outcome.HEALED

    return visit
