"""A consumer that also keeps the archive: a sweep copies the commits of all services into it as rows."""

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
from shared.eventsourcing.archive_sweep import ArchiveSweep
from shared.http.platform_api import ScheduleEdge
from shared.observability.logs import json_log


@dataclass(frozen=True, kw_only=True)
class ArchivingService(ConsumerService):
    """`categories` are those of each service."""

    categories: Mapping[str, tuple[str, ...]]
    store: Callable[[Settings], ArchiveStore] = archive.writer

    def _archive(self) -> Edge:
        env, deps = environment(), dependencies()
        store = self.store(env)
        at_end(store.close)
        sweep = ArchiveSweep(
            categories=tuple(name for names in self.categories.values() for name in names),
            behind=timedelta(seconds=env.feed_lag),
            log=deps.events,
            archive=store,
            checkpoints=deps.checkpoints,
            clock=utc_now,
            tell=json_log(env.project),
        )
        return ScheduleEdge(callers(), {"/sweep": sweep.run})
