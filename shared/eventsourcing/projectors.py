"""One read model in all its generations: each is kept by a projector of its own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.eventsourcing.generations import Aliases, place
from shared.eventsourcing.message import Commit, Event
from shared.eventsourcing.projection import Projection
from shared.eventsourcing.projector import Outcome, Projector

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)


def in_generation(projection: Projection[E, D], generation: str) -> Projection[E, D]:
    """The same projection into that generation's collection."""
    return replace(projection, collection=place(projection.collection, generation))


class Projectors(Generic[E, D]):
    """What a `Projector` does, for every generation of the read model that is kept. `make` makes the projector of one.

    The live generation comes first, and what this tells is what became of it.
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

    @property
    def projection(self) -> Projection[E, D]:
        return self._projection

    async def deliver(self, commit: Commit) -> Outcome:
        """One message of the domain topic."""
        live, *others = await self.kept()
        outcome = await live.deliver(commit)
        for other in others:
            await other.deliver(commit)
        return outcome

    async def heal(self, stream: str, version: int) -> Outcome:
        """Bring the documents to this version at least, from the log."""
        live, *others = await self.kept()
        outcome = await live.heal(stream, version)
        for other in others:
            await other.heal(stream, version)
        return outcome

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
