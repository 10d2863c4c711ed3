"""The read side's HTTP edge: one read model's documents, their lists, their history and their earlier states."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, Field, create_model
from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.eventsourcing.errors import NotFoundError, UnavailableError
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import Commit, Event
from shared.eventsourcing.projection import Find, Projection, ReadStore, Row, Scalar
from shared.http.auth import STAFF, Principal, TokenVerifier
from shared.http.problems import ProblemError, bad_field
from shared.http.requests import Parameters, parse_parameters
from shared.http.routing import Router

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)
MAX_LIMIT = 200
MAX_FILTER_CHARS = 300
"""At four bytes each they stay below the 1,500 that Firestore takes in a query."""


class EntityParameters(Parameters):
    """`min_version` asks for at least that version (read your writes); `version` and `as_of` for an earlier state, by
    the stream's version or by the time at which the log recorded it.
    """

    min_version: int | None = Field(None, ge=1)
    version: int | None = Field(None, ge=1)
    as_of: AwareDatetime | None = None


class HistoryParameters(Parameters):
    """Commits with a version above `after`, at most `limit` of them."""

    after: int = Field(0, ge=0)
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class ListParameters(Parameters):
    """A page: at most `limit` documents, from where the last page's `next` says."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True)
class QueryApi(Generic[E, D]):
    """A read model over HTTP, as data.

    `entity` is the path of one document below `/<service>/v1`, `collection` that of their list, which can be filtered
    by `filters` (equal) and comes newest `order_by` first. `owner` is the field that holds the customer whose the
    document is: a customer's queries are limited to their own. `required` filters must be given by staff.
    """

    service: str
    projection: Projection[E, D]
    entity: str
    collection: str
    owner: str
    filters: tuple[str, ...]
    required: tuple[str, ...]
    order_by: str

    @property
    def prefix(self) -> str:
        return f"/{self.service}/v1"

    @property
    def id_parameter(self) -> str:
        return self.entity.rpartition("{")[2].rstrip("}")

    def list_parameters(self) -> type[ListParameters]:
        """The list's query parameters, filters included."""
        filters: dict[str, Any] = dict.fromkeys(self.filters, (str | None, Field(None, max_length=MAX_FILTER_CHARS)))
        return create_model(f"{self.projection.document_type.__name__}List", __base__=ListParameters, **filters)


@dataclass(frozen=True, slots=True)
class QueryEndpoint:
    """One of the three kinds of queries."""

    path: str
    answer: Callable[[Request, Principal, Mapping[str, str]], Any]
    method: str = "GET"


class QueryEdge(Generic[E, D]):
    """Serves a `QueryApi`."""

    def __init__(self, api: QueryApi[E, D], rows: ReadStore, log: EventStore, verifier: TokenVerifier) -> None:
        self._api = api
        self._rows = rows
        self._log = log
        self._verifier = verifier
        self._list_parameters = api.list_parameters()
        self._router = Router(
            api.prefix,
            (
                QueryEndpoint(api.entity, self._entity),
                QueryEndpoint(api.entity + "/history", self._history),
                QueryEndpoint(api.collection, self._list),
            ),
        )

    async def __call__(self, request: Request) -> Response:
        endpoint, path = self._router.find(request.method, request.url.path)
        principal = await self._verifier.principal(request.headers.get("authorization"))
        response: Response = await endpoint.answer(request, principal, path)
        return response

    async def _entity(self, request: Request, principal: Principal, path: Mapping[str, str]) -> Response:
        wanted = parse_parameters(EntityParameters, request)
        key = path[self._api.id_parameter]
        if sum(value is not None for value in (wanted.min_version, wanted.version, wanted.as_of)) > 1:
            raise bad_field("version", "only one of min_version, version and as_of can be given")
        if wanted.version is not None or wanted.as_of is not None:
            row = await self._past(key, wanted.version, wanted.as_of)
        else:
            row = await self._present(key, wanted.min_version or 0)
        if row is None or row.body is None or not self._may_see(principal, row.fields):
            raise NotFoundError("not-found", "there is no such document")
        return Response(row.body, 200, {"ETag": f'"{row.version}"', "Cache-Control": "no-cache"}, "application/json")

    async def _present(self, key: str, min_version: int) -> Row | None:
        """The read model's document; what it lacks to `min_version` is folded on the fly."""
        row = await self._rows.get(self._api.projection.collection, key)
        if row is None and not min_version:
            return None
        if row is not None and row.version >= min_version:
            return row
        read_through = await self._fold(key, row)
        if read_through is None or read_through.version < min_version:
            raise UnavailableError(f"version {min_version} is not there yet")
        return read_through

    async def _past(self, key: str, version: int | None, as_of: datetime | None) -> Row | None:
        row = await self._fold(key, None, version=version, as_of=as_of)
        if row is not None and version is not None and row.version < version:
            raise NotFoundError("version-not-found", f"the newest version is {row.version}", field="version")
        return row

    async def _fold(
        self, key: str, row: Row | None, *, version: int | None = None, as_of: datetime | None = None
    ) -> Row | None:
        """The document after the commits that follow `row`, up to a version or a moment of the log's time."""
        projection, stream = self._api.projection, self._stream(key)
        document, last = projection.document(row), None
        async for commit in self._log.read(stream, after=row.version if row else 0, up_to=version):
            if as_of is not None and commit.recorded_at > as_of:
                break
            document, last = projection.apply(document, commit), commit
        return projection.row(stream, document, last, None) if last is not None else row

    async def _history(self, request: Request, principal: Principal, path: Mapping[str, str]) -> Response:
        """Who changed what, when and why, commit by commit."""
        wanted = parse_parameters(HistoryParameters, request)
        key = path[self._api.id_parameter]
        projection, entries, seen = self._api.projection, [], False
        document: D | None = None
        async for commit in self._log.read(self._stream(key), up_to=wanted.after + wanted.limit):
            before, document = document, projection.apply(document, commit)
            seen = seen or (document is not None and self._may_see(principal, projection.fields(document)))
            if commit.version > wanted.after:
                entries.append(_history_entry(commit, before, document))
        if not seen:
            raise NotFoundError("not-found", "there is no such document")
        following = wanted.after + len(entries) if len(entries) == wanted.limit else None
        return _json({"items": entries, "next": following})

    async def _list(self, request: Request, principal: Principal, path: Mapping[str, str]) -> Response:  # noqa: ARG002 - one shape for all queries
        wanted = parse_parameters(self._list_parameters, request)
        where = {name: getattr(wanted, name) for name in self._api.filters if getattr(wanted, name) is not None}
        self._limit_to_own(principal, where)
        for name in self._api.required:
            if name not in where:
                raise bad_field(name, "this filter is required")
        find = Find(
            where=where,
            order_by=self._api.order_by,
            descending=True,
            limit=wanted.limit + 1,
            after=_parse_cursor(wanted.cursor) if wanted.cursor else None,
        )
        rows = await self._rows.find(self._api.projection.collection, find)
        page, more = rows[: wanted.limit], len(rows) > wanted.limit
        following = to_json(_cursor(page[-1], self._api.order_by) if more else None)
        items = b",".join(row.body for row in page if row.body is not None)
        return Response(b'{"items":[' + items + b'],"next":' + following + b"}", 200, media_type="application/json")

    def _limit_to_own(self, principal: Principal, where: dict[str, Scalar]) -> None:
        if principal.has(*STAFF):
            return
        if where.setdefault(self._api.owner, principal.subject) != principal.subject:
            raise ProblemError(
                403, "forbidden", "you can only see what is yours", errors=[(self._api.owner, "not you")]
            )

    def _may_see(self, principal: Principal, fields: Mapping[str, Scalar]) -> bool:
        return principal.has(*STAFF) or fields.get(self._api.owner) == principal.subject

    def _stream(self, key: str) -> str:
        return f"{self._api.projection.category}-{key}"


def _json(value: object) -> Response:
    return Response(to_json(value), 200, media_type="application/json")


def _history_entry(commit: Commit, before: BaseModel | None, after: BaseModel | None) -> dict[str, Any]:
    context = commit.context
    return {
        "version": commit.version,
        "command": context.command,
        "actor": context.actor,
        "occurred_at": context.occurred_at,
        "recorded_at": commit.recorded_at,
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id,
        "events": [{"type": event.type, "data": event.data} for event in commit.events],
        "changes": _changes(before, after),
    }


def _changes(before: BaseModel | None, after: BaseModel | None) -> dict[str, Sequence[Any]]:
    """Field → [before, after], for the document's fields that differ."""
    old = before.model_dump(mode="json") if before else {}
    new = after.model_dump(mode="json") if after else {}
    names = [*old, *(name for name in new if name not in old)]
    return {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}


def _cursor(row: Row, order_by: str) -> str:
    """Opaque to the caller: where the page ended."""
    return urlsafe_b64encode(to_json([row.fields[order_by], row.key])).decode().rstrip("=")


def _parse_cursor(cursor: str) -> tuple[Scalar, str]:
    try:
        value, key = from_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError) as error:
        raise bad_field("cursor", "is not one that a list returned") from error
    if not isinstance(key, str) or not key or not isinstance(value, str | int):
        raise bad_field("cursor", "is not one that a list returned")
    return (_moment(value) if isinstance(value, str) else value), key


def _moment(text: str) -> Scalar:
    """A cursor's value is JSON; times come back as times."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else text
