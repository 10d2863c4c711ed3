"""A service that takes what others publish and keeps nothing of its own in the log."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from shared.adapters.system import utc_now
from shared.bootstrap.runtime import callers, dependencies, environment
from shared.bootstrap.service import Edge, FunctionsOfService
from shared.config import Settings
from shared.eventsourcing.errors import CorruptDataError, DomainError
from shared.eventsourcing.message import MAX_COMMIT_BYTES
from shared.http.platform_api import bury
from shared.http.requests import read_body
from shared.topology import Service

Consume = Callable[[Mapping[str, str], bytes], Awaitable[None]]
"""Takes one event: its CloudEvents attributes by header name (`ce-id`, `ce-type`, ...) and its JSON."""
_NEVER = (CorruptDataError, DomainError, ValidationError, KeyError, ValueError)


@dataclass(frozen=True, kw_only=True)
class ConsumerService(FunctionsOfService):
    """`consume(settings)` makes what takes the events. It must be safe to repeat. UnavailableError makes a message come
    again; what can never be taken is kept among the dead letters.
    """

    manifest: Service
    consume: Callable[[Settings], Consume]

    def _consumer(self) -> Edge:
        consume, dead_letters, name = self.consume(environment()), dependencies().dead_letters, self.manifest.name

        async def take(request: Request) -> Response:
            await callers().check(request.headers.get("authorization"))
            body = await read_body(request, MAX_COMMIT_BYTES)
            outcome = "done"
            try:
                await consume(request.headers, body)
            except _NEVER as error:
                outcome = "buried"
                await bury(dead_letters, name, request.headers, body, error=error, at=utc_now())
            return Response(status_code=204, headers={"Outcome": outcome})

        return take
