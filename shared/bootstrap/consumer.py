"""A service that takes what others publish and keeps nothing of its own in the log."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import from_json

from shared.adapters.system import utc_now
from shared.bootstrap.drain import drain_of
from shared.bootstrap.runtime import callers, dependencies, environment
from shared.bootstrap.service import Edge, FunctionsOfService
from shared.config import Settings
from shared.eventsourcing.desk import Desk, UnreadableError
from shared.eventsourcing.errors import CorruptDataError, DomainError
from shared.http.message_edge import MessageEdge
from shared.http.platform_api import ScheduleEdge
from shared.topology import Service

Consume = Callable[[Mapping[str, str], bytes], Awaitable[None]]
"""Takes one event: its CloudEvents attributes by header name (`ce-id`, `ce-type`, ...) and its JSON."""


@dataclass(frozen=True, kw_only=True)
class ConsumerService(FunctionsOfService):
    """`consume(settings)` makes what takes the events. It must be safe to repeat. UnavailableError makes a message come
    again; what can never be taken is kept among the dead letters.
    """

    manifest: Service
    consume: Callable[[Settings], Consume]

    def _consumer(self) -> Edge:
        name = self.manifest.name
        desk = Desk(
            service=name,
            function="consumer",
            taker=_Consuming(name, self.consume(environment())),
            dead_letters=dependencies().dead_letters,
            clock=utc_now,
        )
        jobs = {"/drain": drain_of(self.manifest).run}
        return MessageEdge(callers(), desk, ScheduleEdge(callers(), jobs))


@dataclass(frozen=True, slots=True)
class _Consuming:
    """`Taker` of everything that comes."""

    service: str
    consume: Consume
    never: tuple[type[Exception], ...] = (CorruptDataError, DomainError, ValidationError, KeyError, ValueError)

    async def take(self, headers: Mapping[str, str], body: bytes) -> str:
        await self.consume(headers, body)
        return "done"

    def reads(self, headers: Mapping[str, str], body: bytes) -> str:
        """What only `consume` knows is found out when it is done."""
        try:
            from_json(body)
        except ValueError as error:
            raise UnreadableError(f"its body is no JSON: {error}") from error
        return f"{self.service}: {headers.get('ce-type', 'no type')} {headers.get('ce-id', 'without an id')}"
