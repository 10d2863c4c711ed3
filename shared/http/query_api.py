"""What can be asked of a service's read side over HTTP, as data; `query_edge` serves it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, Field, create_model

from shared.config import Settings
from shared.eventsourcing.event_store import EventStore, StateStore
from shared.eventsourcing.joint import Foresee
from shared.eventsourcing.message import Event
from shared.eventsourcing.personal import PersonalData
from shared.eventsourcing.projection import Projection, ReadStore
from shared.eventsourcing.workflow.calls import Caller
from shared.http.auth import NOBODY, PEOPLE, Principal, Role
from shared.http.requests import BoundedMoment, Moment, Parameters

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)
MAX_LIMIT = 200
MAX_VERSION = 9_999_999_999
MAX_FILTER_CHARS = 300
"""At four bytes each they stay below the 1,500 that Firestore takes in a query."""


class EntityParameters(Parameters):
    """`min_version` asks for at least that version (read your writes): 412 if the entity has not come to it. `version`
    and `as_of` ask for an earlier state, by the stream's version or by the time at which the log recorded it.
    """

    min_version: int | None = Field(None, ge=1, le=MAX_VERSION)
    version: int | None = Field(None, ge=1, le=MAX_VERSION)
    as_of: Moment | None = None


class HistoryParameters(Parameters):
    """Commits with a version above `after`, at most `limit` of them, fewer where they are large."""

    after: int = Field(0, ge=0, le=MAX_VERSION)
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class ProvenanceParameters(Parameters):
    """Of `field` and what lies below it, or of every field: the newest `limit` events that set each, up to `version` or
    to the time `as_of`.
    """

    field: str | None = Field(None, min_length=1, max_length=MAX_FILTER_CHARS)
    version: int | None = Field(None, ge=1, le=MAX_VERSION)
    as_of: Moment | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class ListParameters(Parameters):
    """A page: at most `limit` documents, fewer where they are large, from where the last page's `next` says. A walk to
    the last page sees each document that is there all the time exactly once: what they are ordered by never changes.
    """

    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


class TimedListParameters(ListParameters):
    """A page: at most `limit` documents, fewer where they are large, from where the last page's `next` says. A walk to
    the last page sees each document that is there all the time exactly once: what they are ordered by never changes.
    The time that they are ordered by is not before `since`, and before `until`.
    """

    since: BoundedMoment | None = None
    until: BoundedMoment | None = None


@dataclass(frozen=True, kw_only=True)
class QueryApi(Generic[E, D]):
    """A read model over HTTP, as data.

    `entity` is the path of one document below `/<service>/v1`, `collection` that of their list, which can be filtered
    by `filters` (equal) and comes newest `order_by` first, or lowest if not `newest_first`. That field of a document
    must never change: a walk over the pages would miss what moves meanwhile. A list is asked for with all `required`
    filters and with at least one of `required_one_of`; a customer's own id is among them unasked.

    Who sees what: `seen_by` every document, one by one; `listed_by` lists of them; `begun_by` those that the caller
    began, which only the log knows. `owner` is the field that holds the customer whose a document is: customers see
    their own, in lists and with their history; without one they see nothing. Stored events, with their authors, are for
    people of the shop alone (`PEOPLE`).

    Parameters of the path and filters that are `any_case` do not mind case: they are taken in upper case.
    """

    method: ClassVar = "GET"
    service: str
    projection: Projection[E, D]
    entity: str
    collection: str
    filters: tuple[str, ...]
    order_by: str
    seen_by: frozenset[Role]
    newest_first: bool = True
    listed_by: frozenset[Role] = PEOPLE
    begun_by: frozenset[Role] = NOBODY
    owner: str | None = None
    required: tuple[str, ...] = ()
    required_one_of: tuple[str, ...] = ()
    any_case: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        return f"/{self.service}/v1"

    @property
    def paths(self) -> tuple[str, ...]:
        return self.entity, f"{self.entity}/history", f"{self.entity}/provenance", self.collection

    @property
    def id_parameter(self) -> str:
        return self.entity.rpartition("{")[2].rstrip("}")

    @property
    def by_time(self) -> bool:
        """Whether the list comes newest first."""
        return (
            self.newest_first and self.projection.document_type.model_fields[self.order_by].annotation is AwareDatetime
        )

    @property
    def owners(self) -> frozenset[Role]:
        """Those who see only what is theirs."""
        return frozenset({Role.CUSTOMER}) if self.owner else NOBODY

    def roles(self) -> dict[str, frozenset[Role]]:
        """Path → who may ask there."""
        past = PEOPLE | self.owners
        return {
            self.entity: self.seen_by | self.begun_by | self.owners,
            f"{self.entity}/history": past,
            f"{self.entity}/provenance": past,
            self.collection: self.listed_by | self.owners,
        }

    def list_parameters(self) -> type[ListParameters]:
        """The list's query parameters, filters included."""
        base = TimedListParameters if self.by_time else ListParameters
        return _list_parameters(f"{self.projection.document_type.__name__}List", base, self.filters)


@cache
def _list_parameters(name: str, base: type[ListParameters], names: tuple[str, ...]) -> type[ListParameters]:
    """Made once in a process: a model takes milliseconds."""
    filters: dict[str, Any] = dict.fromkeys(names, (str | None, Field(None, max_length=MAX_FILTER_CHARS)))
    return create_model(name, __base__=base, **filters)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryWiring:
    """What a query may use. `services` are the others, `foresee` tells what a joint command would come to now."""

    rows: ReadStore
    log: EventStore
    states: StateStore
    personal: PersonalData
    clock: Callable[[], datetime]
    settings: Settings
    services: Caller
    foresee: Foresee


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One custom query: who asks, its parameters, what its path names, and its body if it has one."""

    principal: Principal
    parameters: Any
    path: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomQuery:
    """A query that is more than a look at a read model. `answer(wiring)` is called once; what it returns answers, and
    sees to it that customers are told of `own` things only, if it is about such.

    One with a `body` is a POST, for what an address is too short for: it has no idempotency key and stores nothing. Its
    path, which names nothing, stands in the manifest, too.
    """

    service: str
    path: str
    answer: Callable[[QueryWiring], Callable[[Asked], Awaitable[BaseModel]]]
    returns: type[BaseModel]
    summary: str
    roles: frozenset[Role]
    own: bool = False
    parameters: type[Parameters] = Parameters
    body: type[BaseModel] | None = None

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    @property
    def prefix(self) -> str:
        return f"/{self.service}/v1"

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateQueryApi:
    """The state documents of one category (level 2) over HTTP, one by one.

    `state` is what the decider keeps; `view(state, wiring)` makes of it what is returned, or None if there is nothing
    to be seen. `owner` is the field of the state that holds the customer whose it is: of the `roles`, customers see
    only their own. Without one everybody with one of the roles sees it.
    """

    method: ClassVar = "GET"
    service: str
    category: str
    state: type[BaseModel]
    returns: type[BaseModel]
    view: Callable[[Any, QueryWiring], Awaitable[BaseModel | None]]
    entity: str
    roles: frozenset[Role]
    owner: str | None = None

    @property
    def prefix(self) -> str:
        return f"/{self.service}/v1"

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.entity,)

    @property
    def id_parameter(self) -> str:
        return self.entity.rpartition("{")[2].rstrip("}")


AnyQueries = QueryApi[Any, Any] | CustomQuery | StateQueryApi
