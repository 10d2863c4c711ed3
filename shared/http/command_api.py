"""The write side's HTTP edge: endpoints declared as data, requests made into commands, and their answers."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.eventsourcing.command_handler import CommandHandler, Handled
from shared.eventsourcing.errors import InFlightError, KeyReusedError
from shared.eventsourcing.event_store import Answer
from shared.eventsourcing.message import Context, Event
from shared.http.auth import EVERYONE, Principal, Role, TokenVerifier, require_role
from shared.http.problems import ProblemError, bad_field
from shared.http.requests import Body, expected_version, flow_id, idempotency_key, parse_body, path_of, read_body
from shared.http.routing import Router
from shared.observability.tracing import current_traceparent

C = TypeVar("C", bound="TimedCommand")
E = TypeVar("E", bound=Event)
S = TypeVar("S")
_FUTURE_TOLERANCE = timedelta(minutes=5)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_WAIT_IN_FLIGHT = 5.0


class TimedCommand(Protocol):
    """Every command carries its business time."""

    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a command is built from besides its body: who calls, when, and the id of the entity in question (a new one
    where the endpoint creates it).
    """

    principal: Principal
    now: datetime
    entity_id: str
    path: Mapping[str, str]

    def at(self, stated: datetime | None, *, field: str = "at") -> datetime:
        """The business time: as stated in `field`, but neither in the future nor before 1970 (no store holds the very
        first times that can be written down); now if nothing was stated.
        """
        if stated is not None and stated > self.now + _FUTURE_TOLERANCE:
            raise bad_field(field, "lies in the future")
        if stated is not None and stated < _EARLIEST:
            raise bad_field(field, "lies before 1970")
        return stated.astimezone(UTC) if stated else self.now

    def reserve(self, *roles: Role, **fields: object) -> None:
        """A 403 problem that names the first of these fields that was stated by a caller without the role."""
        for name, value in fields.items():
            if value is not None and not self.principal.has(*roles):
                raise ProblemError(
                    403, "field-reserved", f"only {', '.join(roles)} may state {name}", errors=[(name, "not yours")]
                )


class NoBody(Body):
    """For commands that say everything by their path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEndpoint:
    """One way to send one command. `build(body, call)` makes the command; `creates` takes a new id for the entity."""

    method: str
    path: str
    build: Callable[[Any, Call], Any]
    summary: str
    body: type[BaseModel] = NoBody
    roles: frozenset[Role] = EVERYONE
    creates: bool = False


@dataclass(frozen=True, kw_only=True)
class CommandApi(Generic[S]):
    """A service's commands over HTTP, as data.

    `entity` is the path of one entity below `/<service>/v1`, its only parameter the id. `guard(principal, state)`
    raises if this caller may not touch this entity.
    """

    service: str
    entity: str
    guard: Callable[[Principal, S], None]
    endpoints: tuple[CommandEndpoint, ...]

    @property
    def prefix(self) -> str:
        return f"/{self.service}/v1"

    @property
    def id_parameter(self) -> str:
        return self.entity.rpartition("{")[2].rstrip("}")

    def location(self, entity_id: str) -> str:
        return self.prefix + self.entity.replace(f"{{{self.id_parameter}}}", entity_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """One request's identity: its idempotency key made global, and what the key stands for."""

    key: str | None
    fingerprint: str
    command_id: str


@dataclass
class CommandEdge(Generic[C, E, S]):
    """Serves a `CommandApi`. Same key and same request: the same answer, for ever, and nothing done twice."""

    api: CommandApi[S]
    category: str
    handler: CommandHandler[C, E, S]
    verifier: TokenVerifier
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    wait_in_flight: float = _WAIT_IN_FLIGHT
    _in_flight: dict[str, tuple[str, asyncio.Future[Handled]]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._router = Router(self.api.prefix, self.api.endpoints)

    async def __call__(self, request: Request) -> Response:
        endpoint, path = self._router.find(request.method, path_of(request))
        principal = await self.verifier.principal(request.headers.get("authorization"))
        require_role(principal, endpoint.roles)
        key, version = idempotency_key(request), expected_version(request)
        raw = await read_body(request)
        identity = self._identify(request, principal, key, raw)
        entity_id = self.new_id() if endpoint.creates else path[self.api.id_parameter]
        call = Call(principal=principal, now=self.clock(), entity_id=entity_id, path=path)
        command = endpoint.build(parse_body(endpoint.body, request, raw), call)
        context = self._context(request, principal, identity, command)

        async def carry_out() -> Handled:
            return await self.handler.handle(
                f"{self.category}-{entity_id}",
                command,
                context,
                begins=endpoint.creates,
                expected_version=version,
                guard=lambda state: self.api.guard(principal, state),
                answer=(lambda v: self._answer(identity, entity_id, v)) if identity.key else None,
            )

        handled = await self._once(identity, carry_out)
        return _response(handled, self._answer(identity, entity_id, handled.version), identity)

    async def _once(self, identity: _Identity, carry_out: Callable[[], Any]) -> Handled:
        """Requests with the same key wait for the first of them, within bounds, instead of racing it to the store."""
        if identity.key is None:
            handled: Handled = await carry_out()
            return handled
        if running := self._in_flight.get(identity.key):
            return await self._join(identity, *running)
        future: asyncio.Future[Handled] = asyncio.get_running_loop().create_future()
        self._in_flight[identity.key] = (identity.fingerprint, future)
        try:
            handled = await carry_out()
        except BaseException as error:
            if not future.cancelled():
                future.set_exception(error if isinstance(error, Exception) else InFlightError("the first was cut off"))
                future.exception()  # seen: nobody may be waiting
            raise
        else:
            future.set_result(handled)
            return handled
        finally:
            del self._in_flight[identity.key]

    async def _join(self, identity: _Identity, fingerprint: str, future: asyncio.Future[Handled]) -> Handled:
        if fingerprint != identity.fingerprint:
            raise KeyReusedError("this idempotency key is in use for another request")
        try:
            async with asyncio.timeout(self.wait_in_flight):
                return await asyncio.shield(future)
        except TimeoutError as error:
            raise InFlightError("the same request is still being handled") from error

    def _identify(self, request: Request, principal: Principal, key: str | None, body: bytes) -> _Identity:
        fingerprint = sha256(f"{request.method} {path_of(request)}\n".encode() + body).hexdigest()
        if key is None:
            return _Identity(key=None, fingerprint=fingerprint, command_id=self.new_id())
        scoped = sha256(f"{self.api.service}\n{principal.subject}\n{key}".encode()).hexdigest()
        return _Identity(key=scoped, fingerprint=fingerprint, command_id=scoped[:32])

    def _context(self, request: Request, principal: Principal, identity: _Identity, command: C) -> Context:
        return Context(
            command=type(command).__name__,
            command_id=identity.command_id,
            correlation_id=flow_id(request, "X-Correlation-Id") or identity.command_id,
            causation_id=flow_id(request, "X-Causation-Id"),
            actor=principal.actor,
            occurred_at=command.at,
            traceparent=current_traceparent(),
        )

    def _answer(self, identity: _Identity, entity_id: str, version: int) -> Answer:
        return Answer(
            key=identity.key or "",
            fingerprint=identity.fingerprint,
            status=202,
            headers={"ETag": f'"{version}"', "Location": self.api.location(entity_id)},
            body=to_json({"id": entity_id, "version": version}),
        )


def _response(handled: Handled, plain: Answer, identity: _Identity) -> Response:
    answer = handled.answer or plain
    if answer.fingerprint != identity.fingerprint:
        raise KeyReusedError("this idempotency key was used for another request")
    headers = {**answer.headers, "Idempotent-Replayed": "true"} if handled.replayed else answer.headers
    return Response(answer.body, answer.status, headers, "application/json")
