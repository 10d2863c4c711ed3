"""Empties Pub/Sub's dead-letter topics into the dead-letter store, where operators see them and can deliver again."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.eventsourcing.dead_letters import MAX_ERROR_CHARS, Buried, DeadLetters, Origin
from shared.eventsourcing.desk import identity_of
from shared.eventsourcing.publishing import Received, Subscriber

_SOURCE = "CloudPubSubDeadLetterSource"
_PULLING = timedelta(seconds=20)
_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """From `keeper`, which holds what was given up for `subscription`, to the store; `function` takes its messages, ""
    if none is pushed to. What is not `kept` is only acknowledged.
    """

    keeper: str
    subscription: str
    function: str
    kept: bool = True


@dataclass(frozen=True, slots=True)
class DrainReport:
    """How many messages were buried, and how many were no loss and dropped."""

    buried: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Of one service. A message is acknowledged when it is in the store: one that comes twice is one entry there."""

    service: str
    pipes: Sequence[Pipe]
    subscriber: Subscriber
    dead_letters: DeadLetters
    clock: Callable[[], datetime]

    async def run(self) -> DrainReport:
        """All pipes at once, for 20 seconds at most; what is left then is for the next run. If one fails the others are
        drained all the same, and then its UnavailableError is raised.
        """
        drained = await asyncio.gather(*map(self._drain, self.pipes), return_exceptions=True)
        if failed := next((each for each in drained if isinstance(each, BaseException)), None):
            raise failed
        counted = [(pipe.kept, int(count)) for pipe, count in zip(self.pipes, drained, strict=True)]  # type: ignore[arg-type] # errors were raised
        return DrainReport(
            buried=sum(count for kept, count in counted if kept),
            dropped=sum(count for kept, count in counted if not kept),
        )

    async def _drain(self, pipe: Pipe) -> int:
        drained, end = 0, self.clock() + _PULLING
        async for batch in self.subscriber.pull(pipe.keeper):
            for start in range(0, len(batch), _AT_ONCE):
                few = batch[start : start + _AT_ONCE]
                if pipe.kept:
                    await asyncio.gather(*(self.dead_letters.bury(self._letter(pipe, each)) for each in few))
                await self.subscriber.acknowledge(pipe.keeper, [each.ack_id for each in few])
                drained += len(few)
            if self.clock() > end:
                break
        return drained

    def _letter(self, pipe: Pipe, received: Received) -> Buried:
        attributes, now = received.attributes, self.clock()
        count = attributes.get(f"{_SOURCE}DeliveryCount", "")
        return Buried(
            service=self.service,
            function=pipe.function,
            subscription=pipe.subscription,
            message_id=identity_of(attributes, received.data),
            attributes=attributes,
            body=received.data,
            error=_why(attributes, count),
            origin=Origin.DEAD_LETTER_TOPIC,
            attempts=int(count) if count.isdecimal() else None,
            first_at=now,
            last_at=now,
        )


def _why(attributes: Mapping[str, str], count: str) -> str:
    """Pub/Sub does not keep what a function answered."""
    told = attributes.get(f"{_SOURCE}DeliveryErrorMessage") or "the function's log says why"
    return f"not accepted in {count or 'all'} attempts; {told}"[:MAX_ERROR_CHARS]
