"""A log, its read model, and whoever rebuilds it: everything in memory but the buckets."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.archive import Growth
from shared.eventsourcing.event_store import FeedCursor, OperationCounts
from shared.eventsourcing.generations import FIRST, Aliases, Generations, place
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projection import Projection, Row
from shared.eventsourcing.projector import Projector
from shared.eventsourcing.projectors import Projectors
from shared.operations.comparing import Compare, Comparison
from shared.operations.history import History
from shared.operations.rebuild import Rebuild
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import TALLIES, Added, Tally
from tests.unit.operations.conftest import TALLIES_MODEL, batch_of, tallied
from tests.unit.operations.test_folding import documents

LAG = timedelta(milliseconds=5)


class ListedArchive:
    """`ArchiveReader` of these commits."""

    def __init__(self, commits: Sequence[Commit]) -> None:
        self.commits = commits

    def batches(self, category: str, *, until: datetime | None = None) -> Iterator[Any]:
        del category
        yield batch_of([each for each in self.commits if until is None or each.recorded_at <= until])

    def growth(self) -> Sequence[Growth]:
        return [Growth("tally", commit.recorded_at.date(), 1, 1, 1, 10) for commit in self.commits]


class World:
    """A log, its read model, and whoever keeps it."""

    def __init__(self, folder: Path) -> None:
        self.clock = Ticking()
        self.log = MemoryEventStore(self.clock, OperationCounts())
        self.rows = MemoryReadStore(OperationCounts())
        self.checkpoints = MemoryCheckpoints()
        self.aliases = Aliases(self.rows, self.clock, remembered=LAG)
        self.dead_letters = MemoryDeadLetters()
        self.folder = folder
        self.projectors = self.projected(TALLIES)

    def projected(self, projection: Projection[Added, Tally]) -> Projectors[Added, Tally]:
        return Projectors(
            projection,
            self.aliases,
            lambda one: Projector(one, self.log, self.rows, self.dead_letters, self.clock),
        )

    async def sold(self, commits: int, seed: int = 7) -> list[Commit]:
        """Commits, delivered to the read model."""
        made = await tallied(self.log, 12, commits, seed)
        for commit in made:
            await self.projectors.deliver(commit)
        return made

    def rebuild(self, archive: ListedArchive | None = None, **others: Any) -> Rebuild:
        self.clock.advance(seconds=1)  # what was recorded is longer ago than the lag
        history = History(category="tally", log=self.log, checkpoints=self.checkpoints, archive=archive)
        parts: dict[str, Any] = {
            "read_model": TALLIES_MODEL,
            "projectors": self.projectors,
            "history": history,
            "rows": self.rows,
            "aliases": self.aliases,
            "dead_letters": self.dead_letters,
            "clock": self.clock,
            "lag": LAG,
            "folder": self.folder,
            "watch": lambda _, __, ___: None,
            "processes": 1,
        }
        return Rebuild(**{**parts, **others})

    def failing(self, after: int, why: BaseException) -> "Failing":
        return Failing(self.rows, after, why)

    async def kept(self) -> tuple[str, ...]:
        return (await self.aliases.of("tallies")).kept

    async def archived(self, commits: Sequence[Commit]) -> ListedArchive:
        """An archive that is proven to have these."""
        last = commits[-1]
        await self.checkpoints.save("archive/tally", FeedCursor(last.recorded_at, last.stream, last.version))
        return ListedArchive(commits)

    async def compare(self, generation: str, **others: Any) -> Comparison:
        new = others.pop("projectors", self.projectors).of(generation)
        parts: dict[str, Any] = {"rows": self.rows, "log": self.log, "dead_letters": self.dead_letters, "pause": 0.01}
        return await Compare(live=self.projectors.of(FIRST), new=new, **{**parts, **others}).run()

    async def stored(self, generation: str) -> dict[str, Any]:
        rows = await self.rows.scan(place("tallies", generation), limit=500)
        return documents([replace(row, token=None) for row in rows])


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


class Announcing(Aliases):
    """Whose process is killed when the store has what it changed, before it hears of that."""

    async def change(self, collection: str, change: Callable[[Generations], Generations]) -> Generations:
        await super().change(collection, change)
        raise Killed


class Failing(MemoryReadStore):
    """Raises `why` when it has taken so many bulks."""

    def __init__(self, other: MemoryReadStore, after: int, why: BaseException) -> None:
        super().__init__(OperationCounts())
        self._rows, self._tokens = other._rows, other._tokens
        self._left, self._why = after, why

    async def create_many(self, collection: str, rows: Sequence[Row]) -> Sequence[str]:
        if not self._left:
            raise self._why
        self._left -= 1
        return await super().create_many(collection, rows)


class Ticking(FixedClock):
    """A clock that goes on by itself, so that waiting ends."""

    def __call__(self) -> datetime:
        self.advance(milliseconds=1)
        return self.now
