"""The write side's HTTP edge: requests made into commands, and their answers."""

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
from shared.eventsourcing.errors import KeyReusedError
from shared.eventsourcing.event_store import Answer
from shared.eventsourcing.joint import JointHandler, Read, Target, Versions
from shared.eventsourcing.message import Context
from shared.eventsourcing.personal import PersonalData
from shared.eventsourcing.precondition import Precondition
from shared.eventsourcing.workflow.calls import Caller
from shared.http.auth import Principal, TokenVerifier, Verifier, require_role
from shared.http.command_api import Call, CommandApi, CommandEndpoint, Endpoint, JointEndpoint, Others
from shared.http.conditions import Conditions, conditions_of
from shared.http.in_flight import WAIT, InFlight
from shared.http.problems import etag_of
from shared.http.requests import (
    Parameters,
    flow_id,
    idempotency_key,
    parse_body,
    parse_parameters,
    path_of,
    read_body,
    target_of,
)
from shared.http.routing import Routable, Router, upper_cased
from shared.observability.facts import note
from shared.observability.timing import measure
from shared.observability.tracing import begin_span, current_traceparent

Effect = Callable[[str, str, Context], Awaitable[Mapping[str, object]]]
"""What follows a command that was handled: given category, entity id and the command's context, it brings what the
command asked for of the outside to its outcome, and returns what to tell the caller. It must be safe to repeat."""


class Writers(Others, Protocol):
    """How the commands of a service are carried out."""

    def handler(self, category: str) -> CommandHandler[Any, Any, Any]: ...

    @property
    def joint(self) -> JointHandler: ...

    @property
    def personal(self) -> PersonalData: ...

    @property
    def services(self) -> Caller: ...

    @property
    def effect(self) -> Effect | None: ...

    async def answered(self, key: str) -> Answer | None:
        """The first answer under this idempotency key."""
        ...


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
    conditions: Conditions | None

    @property
    def entity(self) -> tuple[str, str] | None:
        """Category and id of the entity that the command is about; None if its path names none, as a list of prices."""
        named = self.endpoint.creates or self.api.id_parameter in self.call.path
        return (self.api.stream_category, self.call.entity_id) if named else None

    @property
    def precondition(self) -> Precondition | None:
        return self.conditions.of_version if self.conditions else None

    def about(self, entity_id: str) -> "_Asked":
        """The same, about this entity."""
        return replace(self, call=replace(self.call, entity_id=entity_id))

    def answer(self, version: int) -> Answer:
        """With the entity's version and place, unless there is none: version 0."""
        etag, entity_id = etag_of(version), self.call.entity_id
        return Answer(
            key=self.identity.key or "",
            fingerprint=self.identity.fingerprint,
            status=202,
            headers={"ETag": etag, "Location": self.api.location(entity_id)} if etag else {},
            body=to_json({"id": entity_id, "version": version} if etag else {"id": entity_id}),
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
    twice. `elsewhere` are the endpoints of the service's other functions.

    What is wrong with the request itself (its token, headers, parameters and body) is refused without a look at the
    store. Whatever is raised after that, by a builder, a plan, a guard or a rule, depends on what is stored or on the
    time: the store is asked for the first answer before it is told.
    """

    apis: Sequence[CommandApi[Any]]
    writers: Writers
    verifier: Verifier | TokenVerifier
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    wait_in_flight: float = WAIT
    elsewhere: Sequence[Routable] = ()

    def __post_init__(self) -> None:
        routes = [_Route(api, endpoint) for api in self.apis for endpoint in api.endpoints]
        self._router = Router(self.apis[0].prefix, routes, self.elsewhere)
        self._in_flight = InFlight[_Done](self.wait_in_flight)

    async def __call__(self, request: Request) -> Response:
        asked = await self._understand(request)
        done = await self._once(asked)
        if done.answer.fingerprint != asked.identity.fingerprint:
            raise KeyReusedError("this idempotency key was used for another request")
        return _response(done)

    async def _understand(self, request: Request) -> _Asked:
        route, found = self._router.find(request.method, path_of(request))
        api, endpoint = route.api, route.endpoint
        path = upper_cased(found, api.any_case)
        principal = await self.verifier.principal(request.headers.get("authorization"))
        begin_span(trusted=principal.is_service)
        require_role(principal, endpoint.roles)
        key, conditions = idempotency_key(request), conditions_of(request.headers)
        parse_parameters(Parameters, request)
        raw = await read_body(request)
        identity = self._identify(request, principal, key, raw)
        entity_id = self.new_id() if endpoint.creates else path.get(api.id_parameter) or next(iter(path.values()), "")
        call = Call(
            principal=principal,
            now=self.clock(),
            entity_id=entity_id,
            path=path,
            personal=self.writers.personal,
            services=self.writers.services,
            conditional=bool(conditions and conditions.if_match),
        )
        body = parse_body(endpoint.body, request, raw)
        return _Asked(
            request=request, api=api, endpoint=endpoint, call=call, body=body, identity=identity, conditions=conditions
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
        try:
            built = endpoint.build(asked.body, call)
            command = await built if isawaitable(built) else built
            if endpoint.admit is not None:
                await endpoint.admit(call, self.writers, asked.context("Admit", call.now))
        except Exception as refusal:  # noqa: BLE001 - whatever it is, the first answer comes before it
            return await self._refused(asked, endpoint, refusal)
        context = asked.context(type(command).__name__, command.at)
        handled = await self.writers.handler(category).handle(
            f"{category}-{call.entity_id}",
            command,
            context,
            begins=endpoint.creates,
            precondition=asked.precondition,
            guard=lambda state: api.guard(call.principal, state),
            answer=asked.answer if asked.identity.key else None,
        )
        return _Done(handled.answer or asked.answer(handled.version), handled.replayed, context)

    async def _refused(self, asked: _Asked, endpoint: CommandEndpoint, refusal: Exception) -> _Done:
        """A repeated request whose first try succeeded cannot be built now: its first answer stands."""
        key = asked.identity.key
        first = await self.writers.answered(key) if key else None
        if first is None:
            raise refusal
        return _Done(first, True, asked.context(endpoint.build.__name__.strip("_"), asked.call.now))

    async def _jointly(self, asked: _Asked, endpoint: JointEndpoint) -> _Done:
        now = asked.call.now
        context = asked.context(endpoint.plan.__name__.strip("_"), now)
        targets: Sequence[Target] = ()

        async def plan(read: Read) -> Sequence[Target]:
            nonlocal targets
            targets = await endpoint.plan(asked.body, asked.call, read)
            return targets

        def answer(versions: Versions) -> Answer:
            """Asked for, too, where the plan was refused: then nobody hears it."""
            named = asked.about(targets[0].entity_id) if endpoint.creates and targets else asked
            return named.answer(_version(versions, named.entity))

        handled = await self.writers.joint.handle(
            plan,
            context,
            entity=asked.entity,
            precondition=asked.precondition,
            answer=answer if asked.identity.key else None,
        )
        happened_at = getattr(targets[0].command, "at", now) if targets else now
        return _Done(
            handled.answer or answer(handled.versions), handled.replayed, replace(context, occurred_at=happened_at)
        )

    async def _once(self, asked: _Asked) -> _Done:
        if (key := asked.identity.key) is None:
            return await self._carry_out(asked)
        done, joined = await self._in_flight.once(key, asked.identity.fingerprint, lambda: self._carry_out(asked))
        return replace(done, replayed=True) if joined else done

    def _identify(self, request: Request, principal: Principal, key: str | None, body: bytes) -> _Identity:
        # With the key, of which only a hash is kept: from a bare hash of a body, who lives where could be guessed.
        fingerprint = sha256(f"{key}\n{request.method} {target_of(request)}\n".encode() + body).hexdigest()
        if key is None:
            return _Identity(key=None, fingerprint=fingerprint, command_id=self.new_id())
        service = self.apis[0].service
        scoped = sha256(f"{service}\n{principal.subject}\n{key}".encode()).hexdigest()
        return _Identity(key=scoped, fingerprint=fingerprint, command_id=scoped[:32])


def _version(versions: Versions, entity: tuple[str, str] | None) -> int:
    """0 if there is no such entity, or nobody looked at it."""
    return versions.get(entity, 0) if entity else 0


def _response(done: _Done) -> Response:
    answer = done.answer
    headers = {**answer.headers, "Idempotent-Replayed": "true"} if done.replayed else answer.headers
    body = to_json({**from_json(answer.body), **done.told}) if done.told else answer.body
    return Response(body, answer.status, headers, "application/json")
