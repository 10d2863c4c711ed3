"""Generations of a read model: built beside one another, kept beside one another, one of them live.

A rebuild makes a new one while the live one goes on answering. Which one is live is an alias: changing it takes one
write, and so does changing it back, because projectors keep every generation that is listed.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.eventsourcing.errors import ConcurrencyError, UnavailableError
from shared.eventsourcing.projection import ReadStore, Row

FIRST: Final = ""
"""The generation that a read model begins with: the collection itself."""
ALIASES: Final = "aliases"
REMEMBERED: Final = timedelta(seconds=5)
"""How long an instance goes by what it read: within this time after a change all instances know of it."""
_ATTEMPTS: Final = 10


class Generations(BaseModel):
    """Of one read model: `live` answers queries, `kept` are brought up to date, those that are `ready` hold all of
    history, `before` was live before. `made` counts all that ever were: no number is used twice. `scratch` are those as
    of a time, which nobody keeps.
    """

    model_config = ConfigDict(frozen=True)
    live: str = FIRST
    kept: tuple[str, ...] = (FIRST,)
    ready: tuple[str, ...] = (FIRST,)
    before: str | None = None
    made: int = 1
    scratch: tuple[str, ...] = ()

    @property
    def newest(self) -> str:
        """The name of the one that was made last."""
        return FIRST if self.made == 1 else str(self.made)

    def begun(self) -> "Generations":
        """A new one, kept up to date from now on: `newest`."""
        made = self.made + 1
        return self.model_copy(update={"made": made, "kept": (*self.kept, str(made))})

    def completed(self, generation: str) -> "Generations":
        """It holds all of history now. ValueError for one that nobody keeps any more."""
        if generation not in self.kept:
            raise ValueError(f"generation {generation} was dropped while it was built")
        return self if generation in self.ready else self.model_copy(update={"ready": (*self.ready, generation)})

    def living(self, generation: str) -> "Generations":
        """Another one answers; the one that did is kept. ValueError for one that is not there, or not yet."""
        if generation not in self.kept or generation not in self.ready:
            built = "is still being built" if generation in self.kept else "is not kept up to date"
            raise ValueError(f"generation {generation or 1} {built}")
        return self.model_copy(update={"live": generation, "before": self.live}) if generation != self.live else self

    def noting(self, scratch: str) -> "Generations":
        """There is one of this name as of a time."""
        return self if scratch in self.scratch else self.model_copy(update={"scratch": (*self.scratch, scratch)})

    def without(self, generation: str) -> "Generations":
        """It is kept no longer. ValueError for the one that answers."""
        if generation == self.live:
            raise ValueError(f"generation {generation or 1} is live")
        return self.model_copy(
            update={
                "kept": tuple(each for each in self.kept if each != generation),
                "ready": tuple(each for each in self.ready if each != generation),
                "scratch": tuple(each for each in self.scratch if each != generation),
                "before": None if self.before == generation else self.before,
            }
        )


def place(collection: str, generation: str) -> str:
    """The collection that holds a generation; its indexes are those of the first one, because its last name is."""
    return f"generations/{generation}/{collection}" if generation else collection


class Aliases:
    """Which generations there are, by read model. An instance remembers what it read for `remembered`."""

    def __init__(self, rows: ReadStore, clock: Callable[[], datetime], *, remembered: timedelta = REMEMBERED) -> None:
        self._rows = rows
        self._clock = clock
        self.remembered = remembered
        self._known: dict[str, tuple[datetime, Generations]] = {}
        self._reading = asyncio.Lock()

    async def of(self, collection: str) -> Generations:
        """As of now, or of a moment ago."""
        if (known := self._fresh(collection)) is not None:
            return known
        async with self._reading:  # many may ask at once: one reads
            if (known := self._fresh(collection)) is not None:
                return known
            asked_at = self._clock()
            return self._learn(collection, _read(await self._rows.get(ALIASES, collection)), asked_at)

    async def change(self, collection: str, change: Callable[[Generations], Generations]) -> Generations:
        """Make it so, whoever else changes it at the same time; what `change` raises is raised."""
        for _ in range(_ATTEMPTS):
            asked_at, row = self._clock(), await self._rows.get(ALIASES, collection)
            wanted = change(_read(row))
            try:
                await self._rows.put(ALIASES, self._row(collection, wanted, row))
            except ConcurrencyError:
                continue
            return self._learn(collection, wanted, asked_at)
        raise UnavailableError(f"the generations of {collection} are changed too often by others")

    def _fresh(self, collection: str) -> Generations | None:
        read_at, known = self._known.get(collection, (None, None))
        return known if read_at is not None and self._clock() < read_at + self.remembered else None

    def _learn(self, collection: str, found: Generations, asked_at: datetime) -> Generations:
        """It may have been changed as soon as it was asked for, however long the answer took."""
        self._known[collection] = asked_at, found
        return found

    def _row(self, collection: str, wanted: Generations, row: Row | None) -> Row:
        return Row(
            key=collection,
            version=(row.version if row else 0) + 1,
            recorded_at=self._clock(),
            body=wanted.model_dump_json().encode(),
            fields={},
            token=row.token if row else None,
        )


def _read(row: Row | None) -> Generations:
    return Generations.model_validate_json(row.body) if row and row.body else Generations()
