"""The sweep that fills the archive: it walks the log's own feed and writes what is missing."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.eventsourcing.archive import (
    ARCHIVE_WALK,
    ArchivedEvent,
    ArchiveWriter,
    marker_for,
    marker_of,
    rows_of,
)
from shared.eventsourcing.checkpoint import Checkpoints
from shared.eventsourcing.errors import CorruptCommitError, RefusedError
from shared.eventsourcing.event_store import EventStore, Fed, FeedCursor
from shared.eventsourcing.message import Commit


@dataclass(frozen=True, slots=True)
class SweepReport:
    """Commits read from the feeds; rows that the archive did not have, and took; rows that it never takes; commits that
    nobody can read. In the place of both the archive has a marker.
    """

    read: int = 0
    written: int = 0
    refused: int = 0
    unreadable: int = 0

    def __add__(self, other: "SweepReport") -> "SweepReport":
        return SweepReport(
            self.read + other.read,
            self.written + other.written,
            self.refused + other.refused,
            self.unreadable + other.unreadable,
        )


def _silent(severity: str, message: str, **fields: Any) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class _Page:
    """So many commits, and the place to go on from."""

    end: FeedCursor
    commits: list[Commit] = field(default_factory=list)
    unreadable: list[CorruptCommitError] = field(default_factory=list)
    size: int = 0

    def add(self, fed: Fed) -> None:
        self.end = fed.place
        if isinstance(fed.found, CorruptCommitError):
            self.unreadable.append(fed.found)
        else:
            self.commits.append(fed.found)
            self.size += len(fed.found.body)

    def __len__(self) -> int:
        return len(self.commits) + len(self.unreadable)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSweep:
    """Compares the feed of each category with the archive, from the checkpoint `archive/{category}` up to `behind` the
    log's own present, page by page: after a page everything up to its end is archived, and the checkpoint says so.

    For a commit that cannot be read, and for a row that the archive refuses, a marker is written: what comes upon it
    looks into the log. Neither holds up the others. After `patience` it ends with the page that it is at; the next
    sweep goes on there.
    """

    categories: Sequence[str]
    behind: timedelta
    log: EventStore
    archive: ArchiveWriter
    checkpoints: Checkpoints
    clock: Callable[[], datetime]
    patience: timedelta = timedelta(seconds=40)
    page: int = 1000
    page_bytes: int = 8 * 1024 * 1024
    tell: Callable[..., None] = _silent

    async def run(self) -> SweepReport:
        """All categories, whatever happens with one of them; then the first trouble, if there was any."""
        began, report = self.clock(), SweepReport()
        first: Exception | None = None
        for category in self.categories:
            try:
                report += await self._sweep(category, began)
            except Exception as error:  # noqa: BLE001 - raised when the others have had their turn
                first = first or error
        if first is not None:
            raise first
        return report

    async def _sweep(self, category: str, began: datetime) -> SweepReport:
        name, report = f"{ARCHIVE_WALK}/{category}", SweepReport()
        start, until = await self.checkpoints.load(name), await self.log.now() - self.behind
        async for page in self._pages(category, start, until):
            missing, refused = await self._complete(category, page)
            await self.checkpoints.save(name, page.end)
            report += SweepReport(len(page.commits), missing - refused, refused, len(page.unreadable))
            if self.clock() - began >= self.patience:
                break
        return report

    async def _complete(self, category: str, page: _Page) -> tuple[int, int]:
        """How many rows were missing, and how many of these were refused."""
        rows = [*rows_of(page.commits), *map(marker_of, page.unreadable)]
        if not rows:
            return 0, 0
        since = min(row.occurred_at for row in rows)
        missing = await self.archive.missing(category, [row.id for row in rows], since=since)
        return len(missing), await self._write([row for row in rows if row.id in missing])

    async def _write(self, rows: Sequence[ArchivedEvent]) -> int:
        """How many were refused."""
        try:
            await self.archive.write(rows)
        except RefusedError as error:
            for place, reason in error.reasons.items():
                self.tell("ERROR", f"the archive refuses {rows[place].id}: {reason}")
            with suppress(RefusedError):  # whatever it has against them: they were told of
                await self.archive.write([marker_for(rows[place]) for place in error.reasons])
            return len(error.reasons)
        return 0

    async def _pages(self, category: str, after: FeedCursor | None, until: datetime) -> AsyncIterator[_Page]:
        page: _Page | None = None
        async for fed in self.log.feed(category, after=after, until=until):
            page = page or _Page(fed.place)
            page.add(fed)
            if len(page) >= self.page or page.size >= self.page_bytes:
                yield page
                page = None
        if page is not None:
            yield page
