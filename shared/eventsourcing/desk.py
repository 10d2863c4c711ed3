"""A function's desk: takes the messages that are pushed to it, keeps what it can never take, and takes that again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from shared.eventsourcing.dead_letters import Buried, DeadLetters, Origin, reason_of
from shared.eventsourcing.errors import CorruptDataError

_PUBSUB = "x-goog-pubsub-"
_KEPT = ("ce-", _PUBSUB)
_KEPT_WHOLE = frozenset({"traceparent", "content-type"})


class UnreadableError(CorruptDataError):
    """A message says nothing that its function could understand."""


class Taker(Protocol):
    """What a function does with a message. Headers have lower-case names: `ce-id`, `ce-type`, ..."""

    @property
    def never(self) -> tuple[type[Exception], ...]:
        """Errors of `take` after which it is of no use to try again by itself."""
        ...

    async def take(self, headers: Mapping[str, str], body: bytes) -> str:
        """What became of the message, in a word or two. It must be safe to repeat."""
        ...

    def reads(self, headers: Mapping[str, str], body: bytes) -> str:
        """What would take the message, without any effect; raises if it cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Redriven:
    """What a re-drive came to, or in a dry run what would take the message; `failed` with the reason."""

    outcome: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Of one function of one service."""

    service: str
    function: str
    taker: Taker
    dead_letters: DeadLetters
    clock: Callable[[], datetime]

    async def deliver(self, headers: Mapping[str, str], body: bytes) -> str:
        """A pushed message: what became of it. Whatever is raised makes it come again."""
        try:
            return await self.taker.take(headers, body)
        except self.taker.never as error:
            await self.dead_letters.bury(self._letter(headers, body, error))
            return "buried"

    async def letters(self) -> list[Buried]:
        """What is buried for this function."""
        return [each async for each in self.dead_letters.messages(self.service) if each.function == self.function]

    async def redrive(self, letter: Buried, *, dry_run: bool) -> Redriven:
        """Take a buried message as if it were delivered now. What was taken is released; of what fails again the store
        keeps the reason. A dry run has no effect, on the store neither.
        """
        if letter.cut:
            return Redriven("it was too large to be kept whole", failed=True)
        headers = {name.lower(): value for name, value in letter.attributes.items()}
        try:
            if dry_run:
                return Redriven(self.taker.reads(headers, letter.body))
            outcome = await self.taker.take(headers, letter.body)
        except Exception as error:  # noqa: BLE001 - whatever it was, the operator is told
            if not dry_run:
                await self.dead_letters.failed(letter.place, error=reason_of(error), at=self.clock())
            return Redriven(reason_of(error), failed=True)
        await self.dead_letters.release_message(letter.place)
        return Redriven(outcome)

    def _letter(self, headers: Mapping[str, str], body: bytes, error: Exception) -> Buried:
        """Of what came with the message: not the token that proved who brought it."""
        attributes = {name: value for name, value in headers.items() if _is_kept(name)}
        now, attempts = self.clock(), headers.get(f"{_PUBSUB}delivery-attempt", "")
        return Buried(
            service=self.service,
            function=self.function,
            subscription=self._subscription(headers),
            message_id=identity_of(attributes, body),
            attributes=attributes,
            body=body,
            error=reason_of(error),
            origin=Origin.HANDLER,
            attempts=int(attempts) if attempts.isdecimal() else None,
            first_at=now,
            last_at=now,
        )

    def _subscription(self, headers: Mapping[str, str]) -> str:
        """As the manifest calls it, after the service, without the environment that comes before it in the cloud; the
        function's name stands in if Pub/Sub does not say.
        """
        name = headers.get(f"{_PUBSUB}subscription-name", "").rpartition("/")[2]
        _, own, rest = f"-{name}".rpartition(f"-{self.service}-")
        return own[1:] + rest if own else name or f"{self.service}-{self.function}"


def identity_of(attributes: Mapping[str, str], body: bytes) -> str:
    """What a message is buried under: its own id, the broker's, or else what it consists of."""
    if found := attributes.get("ce-id") or attributes.get(f"{_PUBSUB}message-id"):
        return found
    parts = "\n".join(f"{name}: {value}" for name, value in sorted(attributes.items()))
    return sha256(parts.encode() + b"\n\n" + body).hexdigest()[:32]


def _is_kept(name: str) -> bool:
    return name in _KEPT_WHOLE or name.startswith(_KEPT)
