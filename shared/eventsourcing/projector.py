"""Keeps a read model right whatever is delivered, in whatever order, however often."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from shared.eventsourcing.cache import LruCache
from shared.eventsourcing.dead_letters import DeadLetters, Parked, reason_of
from shared.eventsourcing.errors import ConcurrencyError, CorruptDataError, TooLargeError, UnavailableError
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import Commit, Event, entity_of
from shared.eventsourcing.projection import Projection, ReadStore, Row
from shared.eventsourcing.turns import Turns

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)


class Outcome(StrEnum):
    """What became of a delivery. Each of them is an acknowledgement."""

    APPLIED = "applied"
    HEALED = "healed"
    DUPLICATE = "duplicate"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class _Poison:
    version: int
    body: bytes
    error: Exception


class Keeper(Protocol):
    """Keeps one read model: in one generation (`Projector`), or in all that there are (`Projectors`)."""

    @property
    def projection(self) -> Projection[Any, Any]: ...

    async def deliver(self, commit: Commit) -> Outcome: ...

    async def heal(self, stream: str, version: int) -> Outcome: ...

    async def kept(self) -> "list[Projector[Any, Any]]": ...


class Projector(Generic[E, D]):
    """Brings the documents of one read model to the end of their streams.

    The stream's version lives in the document and is written with it: a duplicate is dropped, a hole is filled from the
    log, a lost race starts again. A poison commit parks its stream and no other. Transient faults raise
    UnavailableError: the message must come again.
    """

    def __init__(
        self,
        projection: Projection[E, D],
        log: EventStore,
        rows: ReadStore,
        dead_letters: DeadLetters,
        clock: Callable[[], datetime],
        *,
        attempts: int = 10,
        cached_rows: int = 1024,
    ) -> None:
        self._projection = projection
        self._log = log
        self._rows = rows
        self._dead_letters = dead_letters
        self._clock = clock
        self._attempts = attempts
        self._cache: LruCache[str, Row] = LruCache(cached_rows)
        self._turns = Turns()

    @property
    def projection(self) -> Projection[E, D]:
        return self._projection

    async def kept(self) -> "list[Projector[E, D]]":
        """This one: it keeps no more than one generation."""
        return [self]

    async def deliver(self, commit: Commit) -> Outcome:
        """One message of the domain topic."""
        return await self._bring(commit.stream, commit.version, commit)

    async def heal(self, stream: str, version: int) -> Outcome:
        """Bring the document to this version at least, from the log: what the catch-up sweep calls."""
        return await self._bring(stream, version, None)

    async def redrive(self, stream: str, *, dry_run: bool) -> tuple[D | None, D | None]:
        """Let a parked stream go on, in order: (document before, document after). A dry run changes nothing. Raises
        what the projection raises if it still fails.
        """
        async with self._turns.of(stream):
            row = await self._rows.get(self.projection.collection, entity_of(stream))
            before, seen = self.projection.restore(row)
            after, last = before, None
            async for commit in self._log.read(stream, after=seen):
                after, last = self.projection.apply(after, commit), commit
            if not dry_run:
                if last is not None:
                    await self._store(stream, after, last, row)
                await self._dead_letters.release(self.projection.name, stream)
        if not dry_run:  # what was held while this went on was acknowledged: nobody else brings it
            await self.heal(stream, (last.version if last else seen) + 1)
        return before, after

    async def _bring(self, stream: str, version: int, commit: Commit | None) -> Outcome:
        """In turns: commits of a stream that arrive together would otherwise each fill the same gap."""
        async with self._turns.of(stream):
            return await self._try(stream, version, commit)

    async def _try(self, stream: str, version: int, commit: Commit | None) -> Outcome:
        for _ in range(self._attempts):
            row = await self._row(stream)
            seen = row.version if row else 0
            if version <= seen:
                return Outcome.DUPLICATE
            follows = commit is not None and version == seen + 1
            if not follows and await self._is_held(stream, version, seen):
                return Outcome.PARKED
            try:
                poison = await self._advance(stream, row, commit if follows else None)
            except ConcurrencyError:
                self._cache.pop(stream)
                continue
            if poison is not None:
                await self._park(stream, poison)
                if version > poison.version:  # the one that found out waits behind it, too
                    await self._dead_letters.hold(self.projection.name, stream, version)
                return Outcome.PARKED
            return Outcome.APPLIED if follows else Outcome.HEALED
        raise UnavailableError(f"{self.projection.name}: {stream} is written too often by others")

    async def _row(self, stream: str) -> Row | None:
        """A cached row may be old: then the guarded write fails and the row is read again."""
        return self._cache.get(stream) or await self._rows.get(self.projection.collection, entity_of(stream))

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

    async def _advance(self, stream: str, row: Row | None, next_commit: Commit | None) -> _Poison | None:
        """Apply in order, write once; what came before a poison commit is written all the same."""
        document, seen = self.projection.restore(row)
        direct = next_commit is not None and next_commit.version == seen + 1
        commits = _only(next_commit) if direct and next_commit else self._log.read(stream, after=seen)
        last, poison = None, None
        try:
            async for commit in commits:
                try:
                    document = self.projection.apply(document, commit)
                except Exception as error:  # noqa: BLE001 - any bug in a projection parks its stream, not the service
                    poison = _Poison(commit.version, commit.body, error)
                    break
                last = commit
        except CorruptDataError as error:  # the log's own document cannot be decoded
            poison = _Poison((last.version if last else seen) + 1, b"", error)
        if last is not None:
            try:
                await self._store(stream, document, last, row)
            except (TooLargeError, CorruptDataError) as error:  # no store will ever take this document
                return _Poison(last.version, last.body, error)
        return poison

    async def _store(self, stream: str, document: D | None, last: Commit, row: Row | None) -> None:
        new = self.projection.row(stream, document, last, row.token if row else None)
        self._cache.put(stream, await self._rows.put(self.projection.collection, new))

    async def _park(self, stream: str, poison: _Poison) -> None:
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


async def _only(commit: Commit) -> AsyncIterator[Commit]:
    yield commit
