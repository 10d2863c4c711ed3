"""The write side's HTTP edge: requests made into commands, and their answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from inspect import isawaitable
from typing import Any, Protocol

from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.eventsourcing.command_handler import CommandHandler
from shared.eventsourcing.errors import InFlightError, KeyReusedError
from shared.eventsourcing.event_store import Answer
from shared.eventsourcing.joint import JointHandler, Read, Target
from shared.eventsourcing.message import Context
from shared.eventsourcing.personal import PersonalData
from shared.http.auth import Principal, TokenVerifier, Verifier, require_role
from shared.http.command_api import Call, CommandApi, CommandEndpoint, Endpoint, JointEndpoint
from shared.http.problems import bad_field
from shared.http.requests import expected_version, flow_id, idempotency_key, parse_body, path_of, read_body
from shared.http.routing import Router
from shared.observability.facts import note
from shared.observability.timing import measure
from shared.observability.tracing import begin_span, current_traceparent

_WAIT_IN_FLIGHT = 5.0
Effect = Callable[[str, str, Context], Awaitable[Mapping[str, object]]]
"""What follows a command that was handled: given category, entity id and the command's context, it brings what the
command asked for of the outside to its outcome, and returns what to tell the caller. It must be safe to repeat."""


class Writers(Protocol):
    """How the commands of a service are carried out."""

    def handler(self, category: str) -> CommandHandler[Any, Any, Any]: ...

    @property
    def joint(self) -> JointHandler: ...

    @property
    def personal(self) -> PersonalData: ...

    @property
    def effect(self) -> Effect | None: ...


@dataclass(frozen=True, slots=True)
class _Route:
    """An endpoint of one of the service's APIs, as the router wants it."""

    api: CommandApi[Any]
    endpoint: Endpoint

    @property
    def method(self) -> str:
        return self.endpoint.method

    @property
    def path(self) -> str:
        return self.endpoint.path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """One request's identity: its idempotency key made global, and what the key stands for."""

    key: str | None
    fingerprint: str
    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One request, understood: what is asked of which entity, by whom."""

    request: Request
    api: CommandApi[Any]
    endpoint: Endpoint
    call: Call
    body: Any
    identity: _Identity
    version: int | None

    def answer(self, version: int) -> Answer:
        call, api = self.call, self.api
        located = api.id_parameter in call.path or self.endpoint.creates
        return Answer(
            key=self.identity.key or "",
            fingerprint=self.identity.fingerprint,
            status=202,
            headers={"ETag": f'"{version}"', **({"Location": api.location(call.entity_id)} if located else {})},
            body=to_json({"id": call.entity_id, "version": version}),
        )

    def context(self, command: str, at: datetime) -> Context:
        """Flow and cause are known to services; what others say of them is nobody's fact, and is not written down."""
        context = Context(
            command=command,
            command_id=self.identity.command_id,
            correlation_id=self._told("X-Correlation-Id") or self.identity.command_id,
            causation_id=self._told("X-Causation-Id"),
            actor=self.call.principal.actor,
            occurred_at=at,
            traceparent=current_traceparent(),
        )
        note("correlation_id", context.correlation_id)
        return context

    def _told(self, header: str) -> str | None:
        return flow_id(self.request, header) if self.call.principal.is_service else None


@dataclass(frozen=True, slots=True)
class _Done:
    """The first answer to a request, whether it was given before, and what the effect adds to its body."""

    answer: Answer
    replayed: bool
    context: Context
    told: Mapping[str, object] = field(default_factory=dict)


@dataclass
class CommandEdge:
    """Serves the command APIs of a service. Same key and same request: the same answer, for ever, and nothing done
    twice.
    """

    apis: Sequence[CommandApi[Any]]
    writers: Writers
    verifier: Verifier | TokenVerifier
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    wait_in_flight: float = _WAIT_IN_FLIGHT
    _in_flight: dict[str, tuple[str, asyncio.Future[_Done]]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        routes = [_Route(api, endpoint) for api in self.apis for endpoint in api.endpoints]
        self._router = Router(self.apis[0].prefix, routes)

    async def __call__(self, request: Request) -> Response:
        asked = await self._understand(request)
        done = await self._once(asked.identity, lambda: self._carry_out(asked))
        if done.answer.fingerprint != asked.identity.fingerprint:
            raise KeyReusedError("this idempotency key was used for another request")
        return _response(done)

    async def _understand(self, request: Request) -> _Asked:
        route, path = self._router.find(request.method, path_of(request))
        api, endpoint = route.api, route.endpoint
        principal = await self.verifier.principal(request.headers.get("authorization"))
        begin_span(trusted=principal.is_service)
        require_role(principal, endpoint.roles)
        key, version = idempotency_key(request), expected_version(request)
        if version is not None and isinstance(endpoint, JointEndpoint):
            raise bad_field("If-Match", "is not possible here: the command is about more than one version")
        raw = await read_body(request)
        identity = self._identify(request, principal, key, raw)
        entity_id = self.new_id() if endpoint.creates else path.get(api.id_parameter) or next(iter(path.values()), "")
        call = Call(
            principal=principal, now=self.clock(), entity_id=entity_id, path=path, personal=self.writers.personal
        )
        body = parse_body(endpoint.body, request, raw)
        return _Asked(
            request=request, api=api, endpoint=endpoint, call=call, body=body, identity=identity, version=version
        )

    async def _carry_out(self, asked: _Asked) -> _Done:
        endpoint, effect = asked.endpoint, self.writers.effect
        if isinstance(endpoint, JointEndpoint):
            done = await self._jointly(asked, endpoint)
        else:
            done = await self._singly(asked, endpoint)
        if effect is None or not endpoint.settles or done.answer.fingerprint != asked.identity.fingerprint:
            return done
        first = from_json(done.answer.body)["id"]  # that of the first request, where the key was used before
        with measure("settle"):
            told = await effect(asked.api.stream_category, first, done.context)
        return _Done(done.answer, done.replayed, done.context, told)

    async def _singly(self, asked: _Asked, endpoint: CommandEndpoint) -> _Done:
        api, call, category = asked.api, asked.call, asked.api.stream_category
        built = endpoint.build(asked.body, call)
        command = await built if isawaitable(built) else built
        context = asked.context(type(command).__name__, command.at)
        handled = await self.writers.handler(category).handle(
            f"{category}-{call.entity_id}",
            command,
            context,
            begins=endpoint.creates,
            expected_version=asked.version,
            guard=lambda state: api.guard(call.principal, state),
            answer=asked.answer if asked.identity.key else None,
        )
        return _Done(handled.answer or asked.answer(handled.version), handled.replayed, context)

    async def _jointly(self, asked: _Asked, endpoint: JointEndpoint) -> _Done:
        entity = (asked.api.stream_category, asked.call.entity_id)
        now = asked.call.now
        context = asked.context(endpoint.plan.__name__.strip("_"), now)
        targets: Sequence[Target] = ()

        async def plan(read: Read) -> Sequence[Target]:
            nonlocal targets
            targets = await endpoint.plan(asked.body, asked.call, read)
            return targets

        handled = await self.writers.joint.handle(
            plan,
            context,
            answer=(lambda versions: asked.answer(versions.get(entity, 0))) if asked.identity.key else None,
        )
        answer = handled.answer or asked.answer(handled.versions.get(entity, 0))
        happened_at = getattr(targets[0].command, "at", now) if targets else now
        return _Done(answer, handled.replayed, replace(context, occurred_at=happened_at))

    async def _once(self, identity: _Identity, carry_out: Callable[[], Awaitable[_Done]]) -> _Done:
        """Requests with the same key wait for the first of them, within bounds, instead of racing it to the store."""
        if identity.key is None:
            return await carry_out()
        if running := self._in_flight.get(identity.key):
            return await self._join(identity, *running)
        future: asyncio.Future[_Done] = asyncio.get_running_loop().create_future()
        self._in_flight[identity.key] = (identity.fingerprint, future)
        try:
            done = await carry_out()
        except BaseException as error:
            if not future.cancelled():
                future.set_exception(error if isinstance(error, Exception) else InFlightError("the first was cut off"))
                future.exception()  # seen: nobody may be waiting
            raise
        else:
            future.set_result(done)
            return done
        finally:
            del self._in_flight[identity.key]

    async def _join(self, identity: _Identity, fingerprint: str, future: asyncio.Future[_Done]) -> _Done:
        if fingerprint != identity.fingerprint:
            raise KeyReusedError("this idempotency key is in use for another request")
        try:
            async with asyncio.timeout(self.wait_in_flight):
                return await asyncio.shield(future)
        except TimeoutError as error:
            raise InFlightError("the same request is still being handled") from error

    def _identify(self, request: Request, principal: Principal, key: str | None, body: bytes) -> _Identity:
        # With the key, of which only a hash is kept: from a bare hash of a body, who lives where could be guessed.
        fingerprint = sha256(f"{key}\n{request.method} {path_of(request)}\n".encode() + body).hexdigest()
        if key is None:
            return _Identity(key=None, fingerprint=fingerprint, command_id=self.new_id())
        service = self.apis[0].service
        scoped = sha256(f"{service}\n{principal.subject}\n{key}".encode()).hexdigest()
        return _Identity(key=scoped, fingerprint=fingerprint, command_id=scoped[:32])


def _response(done: _Done) -> Response:
    answer = done.answer
    headers = {**answer.headers, "Idempotent-Replayed": "true"} if done.replayed else answer.headers
    body = to_json({**from_json(answer.body), **done.told}) if done.told else answer.body
    return Response(body, answer.status, headers, "application/json")
