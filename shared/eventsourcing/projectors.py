"""One read model in all its generations, which are kept together."""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.eventsourcing.advance import bring
from shared.eventsourcing.generations import Aliases, place
from shared.eventsourcing.message import Commit, Event
from shared.eventsourcing.projection import Projection
from shared.eventsourcing.projector import ATTEMPTS, Outcome, Projector
from shared.eventsourcing.turns import Turns

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)


def in_generation(projection: Projection[E, D], generation: str) -> Projection[E, D]:
    """The same projection into that generation's collection."""
    return replace(projection, collection=place(projection.collection, generation))


class Projectors(Generic[E, D]):
    """What a `Projector` does, for every generation of the read model that is kept. `make` makes the projector of one.

    A document is written in all of them at once, or in none: then it does not matter which one a query takes for live,
    and a flip never goes back. What this tells is what became of the live one.
    """

    def __init__(
        self,
        projection: Projection[E, D],
        aliases: Aliases,
        make: Callable[[Projection[E, D]], Projector[E, D]],
    ) -> None:
        self._projection = projection
        self._aliases = aliases
        self._make = make
        self._made: dict[str, Projector[E, D]] = {}
        self._turns = Turns()

    @property
    def projection(self) -> Projection[E, D]:
        return self._projection

    async def deliver(self, commit: Commit) -> Outcome:
        """One message of the domain topic."""
        return await self._bring(commit.stream, commit.version, commit)

    async def heal(self, stream: str, version: int) -> Outcome:
        """Bring the documents to this version at least, from the log."""
        return await self._bring(stream, version, None)

    async def kept(self) -> list[Projector[E, D]]:
        """The projectors of all generations that are kept now, the live one's first."""
        generations = await self._aliases.of(self.projection.collection)
        names = sorted(generations.kept, key=lambda name: name != generations.live)
        return [self.of(name) for name in names]

    def of(self, generation: str) -> Projector[E, D]:
        """The projector of one generation, kept or not."""
        if generation not in self._made:
            self._made[generation] = self._make(in_generation(self.projection, generation))
        return self._made[generation]

    async def _bring(self, stream: str, version: int, commit: Commit | None) -> Outcome:
        async with self._turns.of(stream):
            kept = [each.documents for each in await self.kept()]
            live, *_ = await bring(kept, stream, version, commit, ATTEMPTS)
        return live
