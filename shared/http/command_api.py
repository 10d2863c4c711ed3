"""What can be asked of a service's write side over HTTP, as data; `command_edge` serves it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar, get_args
from urllib.parse import quote

from pydantic import BaseModel

from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.message import Context
from shared.eventsourcing.personal import PersonalData
from shared.eventsourcing.workflow.calls import Caller, NoServices
from shared.http.auth import Principal, Role
from shared.http.problems import ProblemError, bad_field
from shared.http.requests import Body, ShopReason, WorkflowReason

S = TypeVar("S")
_FUTURE_TOLERANCE = timedelta(minutes=5)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a command is built from besides its body: who calls, when, and the id of the entity in question (a new one
    where the endpoint creates it). `personal` seals what must not be written down as it is, `services` are the others.
    `conditional` says that the caller stated the version that they saw.
    """

    principal: Principal
    now: datetime
    entity_id: str
    path: Mapping[str, str]
    personal: PersonalData
    services: Caller = field(default_factory=NoServices)
    conditional: bool = False

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

    def reason(self, stated: str, *, of_services: object = WorkflowReason) -> str:
        """As stated; a 400 problem if it is none of a service's, or of the shop's people, whichever calls."""
        words = get_args(of_services if self.principal.is_service else ShopReason)
        if stated not in words:
            raise bad_field("reason", f"must be one of {', '.join(words)}")
        return stated


class Others(Protocol):
    """The other entities of the service, beside the one that a command is about."""

    async def state(self, category: str, entity_id: str) -> Any:
        """As the log has it now; the initial state of what does not exist."""
        ...

    async def handle(self, category: str, entity_id: str, command: Any, context: Context) -> object:
        """Carry a command out that `context` caused, in a commit of its own."""
        ...


class NoBody(Body):
    """For commands that say everything by their path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEndpoint:
    """One way to send one command. `build(body, call)` makes the command, or awaits it; `creates` takes a new id for
    the entity. `settles` says that the service's effect follows before the answer. `roles` may send it, nobody else;
    of what a customer may touch says the guard of the API. `admit` comes before the command is carried out, and raises
    if that is not to be now; the id of its context's command is the same whenever the request comes again.
    """

    method: str
    path: str
    build: Callable[[Any, Call], Any]
    summary: str
    roles: frozenset[Role]
    body: type[BaseModel] = NoBody
    creates: bool = False
    settles: bool = False
    admit: Callable[[Call, Others, Context], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JointEndpoint:
    """One way to send commands to several streams, which take all of them or none.

    `plan(body, call, read)` says which; after a lost race it is asked again, on what `read` says then. `creates` says
    that the first target is the entity that is answered with: the plan finds its id.
    """

    method: str
    path: str
    plan: Callable[[Any, Call, Read], Awaitable[Sequence[Target]]]
    summary: str
    roles: frozenset[Role]
    body: type[BaseModel] = NoBody
    creates: bool = False
    settles: bool = False


Endpoint = CommandEndpoint | JointEndpoint


@dataclass(frozen=True, kw_only=True)
class CommandApi(Generic[S]):
    """The commands of one category over HTTP, as data.

    `entity` is the path of one entity below `/<service>/v1`, its only parameter the id. `guard(principal, state)`
    raises if this caller may not touch this entity. `category` is the service's own name where nothing else is said.
    A joint endpoint is about several entities and asks no guard: TopologyError where there is one to be asked.
    Parameters of the path that are `any_case` do not mind case: they are taken in upper case, as `AnyCaseId` is.
    """

    service: str
    entity: str
    guard: Callable[[Principal, S], None]
    endpoints: tuple[Endpoint, ...]
    category: str = ""
    any_case: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        joint = any(isinstance(endpoint, JointEndpoint) for endpoint in self.endpoints)
        if joint and self.guard is not open_to_its_roles:
            raise TopologyError(f"{self.service}{self.entity}: a joint endpoint would go past the guard")

    @property
    def prefix(self) -> str:
        return f"/{self.service}/v1"

    @property
    def id_parameter(self) -> str:
        return self.entity.rpartition("{")[2].rstrip("}")

    @property
    def stream_category(self) -> str:
        return self.category or self.service

    def location(self, entity_id: str) -> str:
        return self.prefix + self.entity.replace(f"{{{self.id_parameter}}}", quote(entity_id, safe="@:+"))


def open_to_its_roles(principal: Principal, state: object) -> None:
    """The guard of an API whose endpoints' roles say all there is to say."""
