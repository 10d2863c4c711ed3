"""Keeps a read model right whatever is delivered, in whatever order, however often."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from shared.eventsourcing.advance import Documents, Outcome, bring
from shared.eventsourcing.dead_letters import DeadLetters
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import Commit, Event
from shared.eventsourcing.projection import Projection, ReadStore
from shared.eventsourcing.turns import Turns

__all__ = ["ATTEMPTS", "Keeper", "Outcome", "Projector"]

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)
ATTEMPTS = 10
"""Lost races of one delivery, before the message has to come again."""


class Keeper(Protocol):
    """Keeps one read model: in one generation (`Projector`), or in all that there are (`Projectors`)."""

    @property
    def projection(self) -> Projection[Any, Any]: ...

    async def deliver(self, commit: Commit) -> Outcome: ...

    async def heal(self, stream: str, version: int) -> Outcome: ...

    async def kept(self) -> "list[Projector[Any, Any]]": ...


class Projector(Generic[E, D]):
    """Brings the documents of one generation of a read model to the end of their streams.

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
        attempts: int = ATTEMPTS,
        cached_rows: int = 1024,
    ) -> None:
        self.documents = Documents(projection, log, rows, dead_letters, clock, cached_rows=cached_rows)
        self._log = log
        self._dead_letters = dead_letters
        self._attempts = attempts
        self._turns = Turns()

    @property
    def projection(self) -> Projection[E, D]:
        return self.documents.projection

    async def kept(self) -> "list[Projector[E, D]]":
        """This one: it keeps no more than one generation."""
        return [self]

    async def deliver(self, commit: Commit) -> Outcome:
        """One message of the domain topic."""
        return await self._bring(commit.stream, commit.version, commit)

    async def heal(self, stream: str, version: int) -> Outcome:
        """Bring the document to this version at least, from the log: what the catch-up sweep calls. It is looked at as
        it is stored, not as it was written last.
        """
        return await self._bring(stream, version, None)

    async def redrive(self, stream: str, *, dry_run: bool) -> tuple[D | None, D | None]:
        """Let a parked stream go on, in order: (document before, document after). A dry run changes nothing. Raises
        what the projection raises if it still fails.
        """
        async with self._turns.of(stream):
            row = await self.documents.read(stream)
            before, seen = self.projection.restore(row)
            after, last = before, None
            async for commit in self._log.read(stream, after=seen):
                after, last = self.projection.apply(after, commit), commit
            if not dry_run:
                if last is not None:
                    new = self.documents.row(stream, after, last, row)
                    self.documents.remember(stream, await self.documents.rows.put(self.projection.collection, new))
                await self._dead_letters.release(self.projection.name, stream)
        if not dry_run:  # what was held while this went on was acknowledged: nobody else brings it
            await self.heal(stream, (last.version if last else seen) + 1)
        return before, after

    async def _bring(self, stream: str, version: int, commit: Commit | None) -> Outcome:
        """In turns: commits of a stream that arrive together would otherwise each fill the same gap."""
        async with self._turns.of(stream):
            (outcome,) = await bring([self.documents], stream, version, commit, self._attempts)
        return outcome
