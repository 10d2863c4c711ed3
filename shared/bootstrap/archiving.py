"""A consumer that also keeps the archive: commits of all services as rows, and the sweep that proves it complete."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from shared.adapters import archive
from shared.adapters.archive import ArchiveStore
from shared.adapters.system import utc_now
from shared.bootstrap.consumer import ConsumerService
from shared.bootstrap.runtime import at_end, callers, dependencies, environment
from shared.bootstrap.service import Edge
from shared.config import Settings
from shared.eventsourcing.archive import ArchiveWriter, rows_of
from shared.eventsourcing.archive_sweep import ArchiveSweep, Unpacking
from shared.eventsourcing.desk import Desk, UnreadableError
from shared.eventsourcing.errors import CorruptDataError
from shared.http.message_edge import MessageEdge
from shared.http.platform_api import ScheduleEdge, pushed_commit
from shared.observability.logs import json_log


@dataclass(frozen=True, kw_only=True)
class ArchivingService(ConsumerService):
    """`categories` are those of each service. `unpack` is the statement that makes events of what Pub/Sub itself wrote,
    between `@since` and `@until`; it is used where the manifest's subscriptions name a table.
    """

    categories: Mapping[str, tuple[str, ...]]
    unpack: str
    store: Callable[[Settings], ArchiveStore] = archive.writer

    def _archive(self) -> Edge:
        env, deps = environment(), dependencies()
        store, behind = self.store(env), timedelta(seconds=env.feed_lag)
        at_end(store.close)
        unpacking = Unpacking(self.unpack, store.run, deps.checkpoints, utc_now)
        sweep = ArchiveSweep(
            categories=tuple(name for names in self.categories.values() for name in names),
            behind=behind,
            log=deps.events,
            archive=store,
            checkpoints=deps.checkpoints,
            clock=utc_now,
            tell=json_log(env.project),
            before=unpacking.run if any(each.table for each in self.manifest.subscriptions) else None,
        )
        desk = Desk(
            service=self.manifest.name,
            function="archive",
            taker=Archiving(store),
            dead_letters=deps.dead_letters,
            clock=utc_now,
        )
        return MessageEdge(callers(), desk, ScheduleEdge(callers(), {"/sweep": sweep.run}))


@dataclass(frozen=True, slots=True)
class Archiving:
    """`Taker` of commits. What is buried is in the log all the same: the sweep finds it there."""

    archive: ArchiveWriter
    never: tuple[type[Exception], ...] = (CorruptDataError,)

    async def take(self, headers: Mapping[str, str], body: bytes) -> str:
        rows = rows_of([pushed_commit(headers, body)])
        await self.archive.write(rows)
        return f"archived {len(rows)}"

    def reads(self, headers: Mapping[str, str], body: bytes) -> str:
        try:
            commit = pushed_commit(headers, body)
        except CorruptDataError as error:
            raise UnreadableError(str(error)) from error
        return f"archive: commit {commit.id} of {len(commit.events)} events"
