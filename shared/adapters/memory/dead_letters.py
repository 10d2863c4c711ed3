"""The dead-letter store in this process's memory."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from shared.eventsourcing.dead_letters import Buried, Parked, Place, fitting
from shared.eventsourcing.message import category_of


class MemoryDeadLetters:
    """`DeadLetters`."""

    def __init__(self) -> None:
        self.buried: dict[Place, Buried] = {}
        self._parked: dict[tuple[str, str], Parked] = {}

    async def park(self, parked: Parked) -> None:
        self._parked.setdefault((parked.projection, parked.stream), parked)

    async def hold(self, projection: str, stream: str, version: int) -> None:
        if (parked := self._parked.get((projection, stream))) is not None:
            held = tuple(sorted({*parked.held, version}))
            self._parked[projection, stream] = replace(parked, held=held)

    async def parked(self, projection: str, stream: str) -> Parked | None:
        return self._parked.get((projection, stream))

    async def release(self, projection: str, stream: str) -> None:
        self._parked.pop((projection, stream), None)

    async def list(self, category: str) -> AsyncIterator[Parked]:
        for _, parked in sorted(self._parked.items()):
            if category_of(parked.stream) == category:
                yield parked

    async def bury(self, message: Buried) -> None:
        kept = fitting(message)
        if (before := self.buried.get(message.place)) is not None:
            kept = replace(kept, first_at=before.first_at, times=before.times + 1, redrives=before.redrives)
        self.buried[message.place] = kept

    async def message(self, place: Place) -> Buried | None:
        return self.buried.get(place)

    async def messages(self, service: str) -> AsyncIterator[Buried]:
        for place, message in sorted(self.buried.items()):
            if place.service == service:
                yield message

    async def failed(self, place: Place, *, error: str, at: datetime) -> None:
        if (found := self.buried.get(place)) is not None:
            self.buried[place] = replace(found, error=error, last_at=at, redrives=found.redrives + 1)

    async def release_message(self, place: Place) -> None:
        self.buried.pop(place, None)
