"""What all instances share: stores, broker and archive of the in-process adapters. Nothing fails in here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.adapters.archive import ArchiveStore
from shared.adapters.archive.store import Row, Value
from shared.adapters.memory.broker import MemoryBroker
from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.adapters.memory.vault import MemoryVault
from shared.eventsourcing.archive import EVENTS
from shared.eventsourcing.event_store import Answer, NewCommit, OperationCounts
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projection import Row as ReadRow
from shared.testing.memory_platform import UnwrappedKeys
from shared.testing.virtual_time import virtual_now
from shared.topology import Service

FOREVER = datetime.max.replace(tzinfo=UTC)


class MemoryTables:
    """`Tables` of the archive. As in BigQuery a row may be there twice."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}

    async def insert(self, table: str, rows: Sequence[Row]) -> Mapping[int, str]:
        self.rows.setdefault(table, []).extend(rows)
        return {}

    async def missing(self, category: str, ids: Sequence[str], since: datetime) -> set[str]:  # noqa: ARG002 - the port's own name
        there = {row["id"] for row in self.rows.get(EVENTS, ()) if row["category"] == category}
        return {identity for identity in ids if identity not in there}

    async def close(self) -> None:
        """No connection."""

    def column(self, table: str, name: str) -> list[Value]:
        return [row[name] for row in self.rows.get(table, ())]


Watch = Callable[[NewCommit], None]
"""Is told of every commit, at the moment when it is in the log."""


class WatchedEventStore(MemoryEventStore):
    """The log, and somebody who watches it."""

    watch: Watch

    def __init__(self, clock: Callable[[], datetime], counts: OperationCounts) -> None:
        super().__init__(clock, counts)
        self.written: dict[tuple[str, int], bytes] = {}

    def _write(self, new: NewCommit, recorded_at: datetime) -> None:
        super()._write(new, recorded_at)
        self.written[new.position.stream, new.position.version + 1] = new.body
        self.watch(new)

    @property
    def answers(self) -> Mapping[str, Answer]:
        """The first answers, by key."""
        return self._answers

    def bodies(self) -> Iterator[tuple[str, bytes]]:
        """Every commit, and every state that is kept beside them."""
        yield from ((f"{stream}@{version}", body) for (stream, version), body in self.written.items())
        yield from ((f"state of {stream}", state.body) for stream, state in self._states.items())


class OpenReadStore(MemoryReadStore):
    """The read models, all of which can be looked at."""

    def everything(self) -> Iterator[tuple[str, list[ReadRow]]]:
        yield from ((collection, list(rows.values())) for collection, rows in self._rows.items())


class Backend:
    """The true state of the platform: for the checks, which reach it without a fault."""

    def __init__(self, services: Sequence[Service]) -> None:
        counts = OperationCounts()
        self.events = WatchedEventStore(virtual_now, counts)
        self.broker = MemoryBroker(virtual_now, counts)
        self.rows = OpenReadStore(counts)
        self.checkpoints = MemoryCheckpoints(counts)
        self.dead_letters = MemoryDeadLetters()
        self.vault = MemoryVault(counts)
        self.keys = UnwrappedKeys()
        self.tables = MemoryTables()
        self.hidden: dict[tuple[str, int], float] = {}
        """Commits that the feed does not show yet, and until when."""
        self.order: list[tuple[str, int]] = []
        """Every commit, as they came."""
        self.broker.declare(services)

    def archive(self, tables: Any) -> ArchiveStore:
        """An instance's own way into the archive."""
        return ArchiveStore(lambda: tables)

    async def streams(self, category: str) -> dict[str, list[Commit]]:
        """Every stream of a category, whole."""
        found: dict[str, list[Commit]] = {}
        async for fed in self.events.feed(category, until=FOREVER):
            found.setdefault(fed.commit.stream, []).append(fed.commit)
        return {stream: sorted(commits, key=lambda each: each.version) for stream, commits in found.items()}

    async def owed(self, categories: Iterable[str]) -> list[str]:
        """Messages that were not seen on their topics yet."""
        return [
            row.message_id
            for category in categories
            async for row in self.events.owed(category, since=None, before=FOREVER)
        ]

    async def all_rows(self, collection: str) -> dict[str, ReadRow]:
        rows = await self.rows.scan(collection, limit=1_000_000)
        return {row.key: row for row in rows}
