"""The dead-letter store in this process's memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

from shared.eventsourcing.message import category_of
from shared.eventsourcing.projector import Parked


@dataclass(frozen=True, slots=True)
class Buried:
    """A message that named no commit."""

    error: str
    body: bytes
    at: datetime


class MemoryDeadLetters:
    """`DeadLetters`."""

    def __init__(self) -> None:
        self.buried: dict[str, Buried] = {}
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

    async def bury(self, message_id: str, *, error: str, body: bytes, at: datetime) -> None:
        self.buried.setdefault(message_id, Buried(error, body, at))
