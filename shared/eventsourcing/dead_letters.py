"""The port to the dead-letter store: streams that a projection cannot get past, and messages that nobody could take."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

MAX_ERROR_CHARS = 4096
"""Of a kept reason: a document holds it beside the commit or the message."""
MAX_KEPT_BYTES = 1_000_000
"""Of a kept message, attributes included: a document of the store holds it. No commit is as large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A stream that one projection cannot get past: the commit at fault, why, and which versions wait behind it."""

    projection: str
    stream: str
    version: int
    error: str
    body: bytes
    parked_at: datetime
    held: tuple[int, ...]


class Origin(StrEnum):
    """Who gave a message up."""

    HANDLER = "handler"
    """The function: it can never take the message."""
    DEAD_LETTER_TOPIC = "dead-letter topic"
    """Pub/Sub: its attempts are spent."""


class Place(NamedTuple):
    """Where a message is buried: there is one entry for each message of each subscription."""

    service: str
    subscription: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Buried:
    """A message that could not be taken, with all that is needed to deliver it again.

    `function` of the service takes it, "" if its subscription is pushed to none. `attempts` are Pub/Sub's own, None if
    it did not say. It was buried `times` times, first and last at these moments, and re-driven in vain `redrives`
    times; all else is of the newest copy. A `cut` one was too large to be kept whole and cannot be delivered again.
    """

    service: str
    function: str
    subscription: str
    message_id: str
    attributes: Mapping[str, str] = field(hash=False)
    body: bytes
    error: str
    origin: Origin
    attempts: int | None
    first_at: datetime
    last_at: datetime
    times: int = 1
    redrives: int = 0
    cut: bool = False

    @property
    def place(self) -> Place:
        return Place(self.service, self.subscription, self.message_id)


class DeadLetters(Protocol):
    """Raises UnavailableError within a bounded time when the store is down."""

    async def park(self, parked: Parked) -> None:
        """Hold a stream at its poison; the first to park it wins, another try changes nothing."""
        ...

    async def hold(self, projection: str, stream: str, version: int) -> None:
        """Queue a later version behind a parked stream."""
        ...

    async def parked(self, projection: str, stream: str) -> Parked | None: ...

    async def release(self, projection: str, stream: str) -> None: ...

    def list(self, category: str) -> AsyncIterator[Parked]: ...

    async def bury(self, message: Buried) -> None:
        """Keep a message, the newest copy of it: an earlier one may have been garbled on its way. Of what was buried at
        its place before stay when that was first, how often, and how often it was re-driven in vain.
        """
        ...

    async def message(self, place: Place) -> Buried | None: ...

    def messages(self, service: str) -> AsyncIterator[Buried]:
        """All that are buried for a service, by subscription and id."""
        ...

    async def failed(self, place: Place, *, error: str, at: datetime) -> None:
        """It was delivered again, in vain: the reason of now, and one more such try. Nothing happens if it is gone."""
        ...

    async def release_message(self, place: Place) -> None:
        """It was taken; to release it twice is no error."""
        ...


def fitting(message: Buried) -> Buried:
    """As a store can hold it: whole, or the beginning of its body and the word that it was cut."""
    taken = sum(len(name.encode()) + len(value.encode()) for name, value in message.attributes.items())
    room = max(MAX_KEPT_BYTES - taken, 0)
    return message if len(message.body) <= room else replace(message, body=message.body[:room], cut=True)


def reason_of(error: Exception) -> str:
    """As it is kept: the kind of error and what it says."""
    return f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS]
