"""The read side's HTTP edge: documents, their lists, their history, their provenance and their earlier states."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.eventsourcing.errors import NotFoundError
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import Event
from shared.eventsourcing.projection import MAX_FOLDED, Find, ReadStore, Row, Scalar
from shared.eventsourcing.provenance import Trace, changed_fields
from shared.http.auth import PEOPLE, Principal, Role, TokenVerifier, Verifier, require_role
from shared.http.conditions import conditions_of, on_conditions
from shared.http.cursor import cursor_after, parse_cursor
from shared.http.documents import DocumentReader, check_reached, fitting, too_many_commits
from shared.http.history import Entry, history_entry, setter_entry
from shared.http.problems import ProblemError, bad_field
from shared.http.query_api import (
    MAX_VERSION,
    AnyQueries,
    Asked,
    CustomQuery,
    EntityParameters,
    HistoryParameters,
    ProvenanceParameters,
    QueryApi,
    QueryWiring,
    StateQueryApi,
)
from shared.http.requests import Parameters, flow_id, parse_body, parse_parameters, path_of, read_body
from shared.http.routing import Routable, Router
from shared.observability.facts import note
from shared.observability.tracing import begin_span

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One query: the request, who asks, what its path names, and the id in it."""

    request: Request
    principal: Principal
    path: Mapping[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class _Endpoint:
    path: str
    id_parameter: str
    answer: Callable[[_Asked], Awaitable[Response]]
    roles: frozenset[Role]
    method: str = "GET"


class QueryEdge:
    """Serves the read side of a service; HEAD is GET without the body, and conditions are for what has a version, which
    a POST has not. `elsewhere` is the write side.
    """

    def __init__(
        self,
        apis: Sequence[AnyQueries],
        wiring: QueryWiring,
        verifier: Verifier | TokenVerifier,
        elsewhere: Sequence[Routable] = (),
    ) -> None:
        self._verifier = verifier
        endpoints = [endpoint for api in apis for endpoint in _endpoints(api, wiring)]
        self._router = Router(apis[0].prefix, endpoints, elsewhere)

    async def __call__(self, request: Request) -> Response:
        only_headers = request.method == "HEAD"
        endpoint, path = self._router.find("GET" if only_headers else request.method, path_of(request))
        principal = await self._verifier.principal(request.headers.get("authorization"))
        begin_span(trusted=principal.is_service)
        if principal.is_service:
            note("correlation_id", flow_id(request, "X-Correlation-Id"))
        require_role(principal, endpoint.roles)
        conditions = conditions_of(request.headers)
        answer = await endpoint.answer(_Asked(request, principal, path, path.get(endpoint.id_parameter, "")))
        response = answer if endpoint.method == "POST" else on_conditions(conditions, answer)
        if only_headers:
            response.body = b""  # its length stays among the headers
        return response


def _endpoints(api: AnyQueries, wiring: QueryWiring) -> tuple[_Endpoint, ...]:
    match api:
        case QueryApi():
            return ReadModelQueries(api, wiring.rows, wiring.log).endpoints()
        case StateQueryApi():
            return (_Endpoint(api.entity, api.id_parameter, _state_query(api, wiring), api.roles),)
        case CustomQuery():
            return (_Endpoint(api.path, "", _custom_query(api, wiring), api.roles, api.method),)


def _custom_query(api: CustomQuery, wiring: QueryWiring) -> Callable[[_Asked], Awaitable[Response]]:
    answer = api.answer(wiring)

    async def respond(asked: _Asked) -> Response:
        parameters = parse_parameters(api.parameters, asked.request)
        body = parse_body(api.body, asked.request, await read_body(asked.request)) if api.body else None
        found = await answer(Asked(principal=asked.principal, parameters=parameters, path=asked.path, body=body))
        return Response(found.model_dump_json(), 200, {"Cache-Control": "no-cache"}, "application/json")

    return respond


def _state_query(api: StateQueryApi, wiring: QueryWiring) -> Callable[[_Asked], Awaitable[Response]]:
    everybodys = api.roles - {Role.CUSTOMER}

    async def respond(asked: _Asked) -> Response:
        parse_parameters(Parameters, asked.request)
        document = await wiring.states.get(f"{api.category}-{asked.key}")
        if document is None:
            raise _not_found()
        state = api.state.model_validate_json(document.body)
        owner = getattr(state, api.owner) if api.owner else None
        if owner is not None and not asked.principal.has(*everybodys) and owner != asked.principal.subject:
            raise _not_found()
        view = await api.view(state, wiring)
        if view is None:
            raise _not_found()
        headers = {"ETag": f'"{document.version}"', "Cache-Control": "no-cache"}
        return Response(view.model_dump_json(), 200, headers, "application/json")

    return respond


class ReadModelQueries(Generic[E, D]):
    """The kinds of queries on one read model. What a caller may not see is to them as if it were not there."""

    def __init__(self, api: QueryApi[E, D], rows: ReadStore, log: EventStore) -> None:
        self._api = api
        self._rows = rows
        self._log = log
        self._documents = DocumentReader(api.projection, rows, log)
        self._list_parameters = api.list_parameters()
        ordered: Any = api.projection.document_type.model_fields[api.order_by].annotation
        self._order_by: TypeAdapter[Scalar] = TypeAdapter(ordered)

    def endpoints(self) -> tuple[_Endpoint, ...]:
        answers = (self.entity, self.history, self.provenance, self.list)
        asked = zip(self._api.roles().items(), answers, strict=True)
        return tuple(_Endpoint(path, self._api.id_parameter, answer, roles) for (path, roles), answer in asked)

    async def entity(self, asked: _Asked) -> Response:
        """The document, now or as it was."""
        wanted = parse_parameters(EntityParameters, asked.request)
        if sum(value is not None for value in (wanted.min_version, wanted.version, wanted.as_of)) > 1:
            raise bad_field("version", "only one of min_version, version and as_of can be given")
        if wanted.version is not None or wanted.as_of is not None:
            row = await self._past(asked, wanted.version, wanted.as_of)
        else:
            row = await self._present(asked, wanted.min_version or 0)
        if row is None or row.body is None:
            raise _not_found()
        return Response(row.body, 200, {"ETag": f'"{row.version}"', "Cache-Control": "no-cache"}, "application/json")

    async def history(self, asked: _Asked) -> Response:
        """Who changed what, when and why, commit by commit."""
        wanted = parse_parameters(HistoryParameters, asked.request)
        told = self._folded_history if wanted.after <= MAX_FOLDED else self._late_history
        entries = await told(asked, wanted, staff=asked.principal.has(*PEOPLE))
        bodies = fitting([to_json(entry) for entry in entries[: wanted.limit]])
        return _page(bodies, wanted.after + len(bodies) if len(entries) > len(bodies) else None)

    async def _folded_history(self, asked: _Asked, wanted: HistoryParameters, *, staff: bool) -> Sequence[Entry]:
        """What each commit changed is told by the documents before and after it, so all commits before are folded."""
        projection, entries, visible = self._api.projection, [], False
        document: D | None = None
        async for commit in self._log.read(self._stream(asked), up_to=wanted.after + wanted.limit + 1):
            before, document = document, projection.apply(document, commit)
            visible = visible or (document is not None and (staff or self._owns(asked, projection.fields(document))))
            if commit.version > wanted.after:
                entries.append(history_entry(commit, changed_fields(before, document), staff=staff))
        if not visible:
            raise _not_found()
        return entries

    async def _late_history(self, asked: _Asked, wanted: HistoryParameters, *, staff: bool) -> Sequence[Entry]:
        """Behind more commits than a query folds: without the fields that each changed."""
        row = await self._documents.stored(asked.key)
        if row is None or not (staff or self._owns(asked, row.fields)):
            raise _not_found()
        up_to = min(wanted.after + wanted.limit + 1, MAX_VERSION)
        commits = self._log.read(self._stream(asked), after=wanted.after, up_to=up_to)
        return [history_entry(commit, None, staff=staff) async for commit in commits]

    async def provenance(self, asked: _Asked) -> Response:
        """The events that set each field of the document."""
        wanted = parse_parameters(ProvenanceParameters, asked.request)
        if wanted.version is not None and wanted.as_of is not None:
            raise bad_field("version", "only one of version and as_of can be given")
        projection, staff = self._api.projection, asked.principal.has(*PEOPLE)
        trace, seen, visible = Trace(projection, field=wanted.field, limit=wanted.limit), 0, False
        async for commit in self._documents.commits(asked.key, version=wanted.version, as_of=wanted.as_of):
            trace.add(commit)
            document, seen = trace.document, commit.version
            visible = visible or (document is not None and (staff or self._owns(asked, projection.fields(document))))
        if not visible:
            raise _not_found()
        if seen > MAX_FOLDED:
            raise too_many_commits()
        _check_there(seen, wanted.version)
        fields = {
            path: [setter_entry(each, staff=staff) for each in setters] for path, setters in trace.setters().items()
        }
        headers = {"ETag": f'"{seen}"', "Cache-Control": "no-cache"}
        return Response(to_json({"version": seen, "fields": fields}), 200, headers, "application/json")

    async def list(self, asked: _Asked) -> Response:
        """A page of documents."""
        wanted = parse_parameters(self._list_parameters, asked.request)
        find = Find(
            where=self._where(asked.principal, wanted),
            order_by=self._api.order_by,
            descending=self._api.newest_first,
            limit=wanted.limit + 1,
            after=parse_cursor(wanted.cursor, self._order_by) if wanted.cursor else None,
        )
        rows = await self._rows.find(self._api.projection.collection, find)
        shown = fitting([row.body or b"" for row in rows[: wanted.limit]])
        following = cursor_after(rows[len(shown) - 1], self._api.order_by) if len(rows) > len(shown) else None
        return _page([body for body in shown if body], following)

    def _where(self, principal: Principal, wanted: BaseModel) -> dict[str, Scalar]:
        """The filters, limited to what is the caller's own unless they see everybody's."""
        where = {name: getattr(wanted, name) for name in self._api.filters if getattr(wanted, name) is not None}
        owner = None if principal.has(*self._api.listed_by) else self._api.owner
        if owner and where.setdefault(owner, principal.subject) != principal.subject:
            raise ProblemError(403, "forbidden", "you can only see what is yours", errors=[(owner, "not you")])
        for name in self._api.required:
            if name not in where:
                raise bad_field(name, "this filter is required")
        if (one_of := self._api.required_one_of) and not where.keys() & set(one_of):
            raise bad_field(one_of[0], f"at least one of these filters is required: {', '.join(one_of)}")
        return where

    async def _present(self, asked: _Asked, min_version: int) -> Row | None:
        """The read model's document; what it lacks to `min_version` is folded on the fly."""
        found = await self._documents.current(asked.key, min_version)
        row = await self._visible(asked, found.row)
        if row is not None and row.body is not None:
            check_reached(row, min_version, whole=found.whole)
        return row

    async def _past(self, asked: _Asked, version: int | None, as_of: datetime | None) -> Row | None:
        found = await self._documents.past(asked.key, version=version, as_of=as_of)
        row = await self._visible(asked, found.row)
        if row is not None:
            if not found.whole:
                raise too_many_commits()
            _check_there(row.version, version)
        return row

    async def _visible(self, asked: _Asked, row: Row | None) -> Row | None:
        if row is None or asked.principal.has(*self._api.seen_by) or self._owns(asked, row.fields):
            return row
        return row if await self._began(asked) else None

    def _owns(self, asked: _Asked, fields: Mapping[str, Scalar]) -> bool:
        owner, principal = self._api.owner, asked.principal
        return owner is not None and principal.has(Role.CUSTOMER) and fields.get(owner) == principal.subject

    async def _began(self, asked: _Asked) -> bool:
        """Whether the caller, of a role that sees what it began, is the author of the first commit."""
        if not asked.principal.has(*self._api.begun_by):
            return False
        first = self._documents.commits(asked.key, version=1)
        return any([commit.context.actor == asked.principal.actor async for commit in first])

    def _stream(self, asked: _Asked) -> str:
        return self._documents.stream(asked.key)


def _page(items: Sequence[bytes], following: str | int | None) -> Response:
    content = b'{"items":[' + b",".join(items) + b'],"next":' + to_json(following) + b"}"
    return Response(content, 200, media_type="application/json")


def _check_there(newest: int, version: int | None) -> None:
    if version is not None and newest < version:
        raise NotFoundError("version-not-found", f"the newest version is {newest}", field="version")


def _not_found() -> NotFoundError:
    return NotFoundError("not-found", "there is no such document")
