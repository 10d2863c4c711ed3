"""Bringing the documents of one stream on, in one or several generations of a read model: together or not at all."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from shared.eventsourcing.cache import LruCache
from shared.eventsourcing.dead_letters import DeadLetters, Parked, reason_of
from shared.eventsourcing.errors import ConcurrencyError, CorruptDataError, TooLargeError, UnavailableError
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import Commit, Event, entity_of
from shared.eventsourcing.projection import Projection, ReadStore, Row

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)


class Outcome(StrEnum):
    """What became of a delivery. Each of them is an acknowledgement."""

    APPLIED = "applied"
    HEALED = "healed"
    DUPLICATE = "duplicate"
    PARKED = "parked"


class Poison(NamedTuple):
    """The commit that a projection cannot apply, or whose document no store can hold, and why."""

    version: int
    body: bytes
    error: Exception


@dataclass(frozen=True, slots=True)
class Step:
    """What a delivery comes to in one generation: the `row` to write, with the `last` commit that it shows, and the
    `poison` that parks the stream. Nothing is written yet.
    """

    outcome: Outcome
    row: Row | None = None
    last: Commit | None = None
    poison: Poison | None = None


class Documents(Generic[E, D]):
    """The documents of one generation of a read model, and the rows of those that were written last."""

    def __init__(
        self,
        projection: Projection[E, D],
        log: EventStore,
        rows: ReadStore,
        dead_letters: DeadLetters,
        clock: Callable[[], datetime],
        *,
        cached_rows: int,
    ) -> None:
        self.projection = projection
        self.rows = rows
        self._log = log
        self._dead_letters = dead_letters
        self._clock = clock
        self._cache: LruCache[str, Row] = LruCache(cached_rows)

    async def plan(self, stream: str, version: int, commit: Commit | None) -> Step:
        """Fold what the document lacks, in order. Without the commit the row is read afresh: whoever heals wants to
        know what the store has. A cached row that is old makes the guarded write fail, and then it is read again.
        """
        if commit is None:
            self.forget(stream)
        row = self._cache.get(stream) or await self.read(stream)
        document, seen = self._restored(row)
        if version <= seen:
            return Step(Outcome.DUPLICATE)
        follows = commit is not None and version == seen + 1 and _is_shown(row, seen)
        if not follows and await self._is_held(stream, version, seen):
            return Step(Outcome.PARKED)
        commits = _only(commit) if follows and commit else self._log.read(stream, after=seen)
        document, last, poison = await self._fold(commits, document, seen)
        outcome = Outcome.PARKED if poison else Outcome.APPLIED if follows else Outcome.HEALED
        if last is None or (row is not None and last.version < row.version):  # a document never goes back
            return Step(outcome, poison=poison)
        return Step(outcome, self.row(stream, document, last, row), last, poison)

    async def read(self, stream: str) -> Row | None:
        return await self.rows.get(self.projection.collection, entity_of(stream))

    def row(self, stream: str, document: D | None, last: Commit, before: Row | None) -> Row:
        return self.projection.row(stream, document, last, before.token if before else None)

    def remember(self, stream: str, row: Row) -> None:
        self._cache.put(stream, row)

    def forget(self, stream: str) -> None:
        self._cache.pop(stream)

    async def park(self, stream: str, version: int, poison: Poison) -> None:
        """At its poison; the version that found out waits behind it."""
        await self._dead_letters.park(
            Parked(
                projection=self.projection.name,
                stream=stream,
                version=poison.version,
                error=reason_of(poison.error),
                body=poison.body,
                parked_at=self._clock(),
                held=(),
            )
        )
        if version > poison.version:
            await self._dead_letters.hold(self.projection.name, stream, version)

    def _restored(self, row: Row | None) -> tuple[D | None, int]:
        """With other fields for queries than this release's it is folded again, like one of another shape."""
        document, seen = self.projection.restore(row)
        if row is not None and document is not None and self.projection.fields(document) != row.fields:
            return None, 0
        return document, seen

    async def _is_held(self, stream: str, version: int, seen: int) -> bool:
        parked = await self._dead_letters.parked(self.projection.name, stream)
        if parked is None:
            return False
        if parked.version <= seen:  # it came again after a fix, and was applied
            await self._dead_letters.release(self.projection.name, stream)
            return False
        if version != parked.version:
            await self._dead_letters.hold(self.projection.name, stream, version)
        return True

    async def _fold(
        self, commits: AsyncIterator[Commit], document: D | None, seen: int
    ) -> tuple[D | None, Commit | None, Poison | None]:
        """The document, the last commit that it shows, and the poison that comes next."""
        last = None
        try:
            async for commit in commits:
                try:
                    document = self.projection.apply(document, commit)
                except Exception as error:  # noqa: BLE001 - any bug in a projection parks its stream, not the service
                    return document, last, Poison(commit.version, commit.body, error)
                last = commit
        except CorruptDataError as error:  # the log's own document cannot be decoded
            return document, last, Poison((last.version if last else seen) + 1, b"", error)
        return document, last, None


async def bring(
    generations: Sequence[Documents[Any, Any]], stream: str, version: int, commit: Commit | None, attempts: int
) -> list[Outcome]:
    """Bring the stream's document to this version in each generation, in one write for all of them: whoever reads
    either of them never sees less than somebody else saw in the other. What is parked in one does not hold the others.
    """
    for _ in range(attempts):
        steps = [await each.plan(stream, version, commit) for each in generations]
        try:
            return await _write(generations, steps, stream, version)
        except ConcurrencyError:
            for each in generations:
                each.forget(stream)
        except (TooLargeError, CorruptDataError):  # which one of them no store takes is found out one by one
            return [(await bring([each], stream, version, commit, attempts))[0] for each in generations]
    raise UnavailableError(f"{generations[0].projection.name}: {stream} is written too often by others")


async def _write(
    generations: Sequence[Documents[Any, Any]], steps: Sequence[Step], stream: str, version: int
) -> list[Outcome]:
    """What came before a poison commit is written all the same."""
    due = {each.projection.collection: step.row for each, step in zip(generations, steps, strict=True) if step.row}
    try:
        stored = await generations[0].rows.put_all(due) if due else {}
    except (TooLargeError, CorruptDataError) as error:
        if len(generations) > 1:
            raise
        stored, steps = {}, [_unstorable(steps[0], error)]
    for each, step in zip(generations, steps, strict=True):
        if (row := stored.get(each.projection.collection)) is not None:
            each.remember(stream, row)
        if step.poison is not None:
            await each.park(stream, version, step.poison)
    return [step.outcome for step in steps]


def _unstorable(step: Step, error: Exception) -> Step:
    """No store will ever take this document."""
    assert step.last is not None  # noqa: S101 - there is a row, made of a commit
    return Step(Outcome.PARKED, poison=Poison(step.last.version, step.last.body, error))


def _is_shown(row: Row | None, seen: int) -> bool:
    """Whether the stored document is what the next commit can be applied to: not if it has to be folded again."""
    return (row.version if row else 0) == seen


async def _only(commit: Commit) -> AsyncIterator[Commit]:
    yield commit
