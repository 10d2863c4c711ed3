"""OpenAPI 3.1 of one service, from the same declarations that serve it."""

from collections.abc import Mapping, Sequence
from inspect import getdoc
from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.ids import ID
from shared.eventsourcing.workflow.commands import Decide, Decline
from shared.http.auth import Role
from shared.http.command_api import CommandApi, Endpoint, JointEndpoint, NoBody
from shared.http.json_schema import ContractSchema
from shared.http.openapi_components import CONVENTIONS, PROBLEMS, SCHEMAS, components, headers, problems, ref
from shared.http.query_api import (
    AnyQueries,
    CustomQuery,
    EntityParameters,
    HistoryParameters,
    ProvenanceParameters,
    QueryApi,
    StateQueryApi,
)

_QUERY_PROBLEMS = ("400", "401", "403", "404", "409", "412", "414", "422", "431", "500", "503")
_LIST_PROBLEMS = ("400", "401", "403", "412", "414", "431", "500", "503")
_BODY_PROBLEMS = ("408", "413", "415")
_COMMAND_PROBLEMS = tuple(PROBLEMS)
_CREATING_PROBLEMS = tuple(status for status in PROBLEMS if status != "404")
_CONDITIONS = ("If-Match", "If-None-Match")
_ANSWERED = ("ETag", "Location", "Idempotent-Replayed")


def openapi(description: str, commands: Sequence[CommandApi[Any]], queries: Sequence[AnyQueries]) -> dict[str, Any]:
    """The whole document, ready to be written as JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for api in commands:
        for endpoint in api.endpoints:
            paths.setdefault(api.prefix + endpoint.path, {})[endpoint.method.lower()] = _command(endpoint)
    for queried in queries:
        for path, operation in _any_queries(queried).items():
            if queried.method == "GET":
                operation["parameters"] += [ref("parameters", name) for name in _CONDITIONS]
            paths.setdefault(queried.prefix + path, {})[queried.method.lower()] = operation
    title = (*commands, *queries)[0].service
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": f"{description}\n\n{CONVENTIONS}"},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": components(_schemas(commands, queries)),
    }


def bodies(commands: Sequence[CommandApi[Any]]) -> list[type[BaseModel]]:
    """The models of all commands' request bodies, by name."""
    models = {endpoint.body for api in commands for endpoint in api.endpoints} - {NoBody}
    return sorted(models, key=lambda model: model.__name__)


def questions(queries: Sequence[AnyQueries]) -> list[type[BaseModel]]:
    """The models of all queries' request bodies, in the order in which they are declared."""
    return list(dict.fromkeys(api.body for api in queries if isinstance(api, CustomQuery) and api.body))


def documents_returned(queries: Sequence[AnyQueries]) -> list[type[BaseModel]]:
    """The models of all answers to queries, in the order in which they are declared."""
    return list(dict.fromkeys(_returned(api) for api in queries))


def _returned(api: AnyQueries) -> type[BaseModel]:
    if isinstance(api, QueryApi):
        document: type[BaseModel] = api.projection.document_type
        return document
    return api.returns


def _schemas(commands: Sequence[CommandApi[Any]], queries: Sequence[AnyQueries]) -> dict[str, Any]:
    """All models by name; one that is both taken and sent, and differs by that, would have no name of its own."""
    inputs: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for model in dict.fromkeys([*bodies(commands), *questions(queries)])
    ]
    models = [*inputs, *((model, "serialization") for model in documents_returned(queries))]
    references, found = models_json_schema(
        models, ref_template="#/components/schemas/{model}", schema_generator=ContractSchema
    )
    schemas: dict[str, Any] = found["$defs"]
    for (model, _), reference in references.items():
        if reference != ref("schemas", model.__name__) or model.__name__ in SCHEMAS:
            raise TopologyError(f"two schemas of {commands[0].service} are called {model.__name__}")
    return schemas


def _command(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _command_id(endpoint),
        "summary": endpoint.summary,
        "description": _roles(endpoint.roles),
        "parameters": [*_path_parameters(endpoint.path), *_command_headers(endpoint)],
        "responses": {
            "202": {
                "description": "Accepted and durable; read models follow.",
                "headers": headers(_ANSWERED),
                "content": {"application/json": {"schema": ref("schemas", "Accepted")}},
            },
            **problems(_CREATING_PROBLEMS if endpoint.creates else _COMMAND_PROBLEMS),
        },
    }
    if endpoint.body is not NoBody:
        content = {"application/json": {"schema": ref("schemas", endpoint.body.__name__)}}
        operation["requestBody"] = {"required": _is_required(endpoint.body), "content": content}
    return operation


def _roles(roles: frozenset[Role]) -> str:
    return f"Roles: {', '.join(sorted(roles))}."


def _command_headers(endpoint: Endpoint) -> list[dict[str, str]]:
    key = "Idempotency-Key" if endpoint.method == "POST" else "Optional-Idempotency-Key"
    conditions = () if endpoint.creates else _CONDITIONS
    return [ref("parameters", name) for name in (*conditions, key, "X-Correlation-Id", "X-Causation-Id")]


def _command_id(endpoint: Endpoint) -> str:
    """`addItem`: the operation is called like the command that it builds; a joint one like its plan; what a person
    decides in a workflow like its path, for one command says all of that.
    """
    if isinstance(endpoint, JointEndpoint):
        first, *more = endpoint.plan.__name__.strip("_").split("_")
        return first + "".join(word.capitalize() for word in more)
    command = get_type_hints(endpoint.build).get("return")
    if not isinstance(command, type):
        raise TopologyError(f"the builder of {endpoint.method} {endpoint.path} does not say which command it returns")
    if issubclass(command, Decide | Decline):
        return endpoint.path.rpartition("/")[2]
    return command.__name__[0].lower() + command.__name__[1:]


def _is_required(body: type[BaseModel]) -> bool:
    """An absent body is an empty object, which only some commands are content with."""
    return any(field.is_required() for field in body.model_fields.values())


def _any_queries(api: AnyQueries) -> dict[str, dict[str, Any]]:
    match api:
        case QueryApi():
            return _queries(api)
        case StateQueryApi():
            return {api.entity: _state_query(api)}
        case CustomQuery():
            return {api.path: _custom_query(api)}


def _state_query(api: StateQueryApi) -> dict[str, Any]:
    name = api.returns.__name__
    return {
        "operationId": f"get{name}",
        "summary": "One document, now.",
        "description": _roles(api.roles),
        "parameters": [*_path_parameters(api.entity)],
        "responses": _answers(ref("schemas", name), _QUERY_PROBLEMS, ("ETag",)),
    }


def _custom_query(api: CustomQuery) -> dict[str, Any]:
    name = api.returns.__name__
    operation: dict[str, Any] = {
        "operationId": f"query{name}",
        "summary": api.summary,
        "description": f"{_prose(api.body or api.parameters)} {_roles(api.roles)}",
        "parameters": [*_path_parameters(api.path), *_parameters(api.parameters)],
        "responses": _answers(ref("schemas", name), _QUERY_PROBLEMS),
    }
    if api.body is None:
        return operation
    content = {"application/json": {"schema": ref("schemas", api.body.__name__)}}
    operation["requestBody"] = {"required": _is_required(api.body), "content": content}
    operation["responses"] |= problems(_BODY_PROBLEMS)
    del operation["responses"]["304"]
    return operation


def _queries(api: QueryApi[Any, Any]) -> dict[str, dict[str, Any]]:
    name = api.projection.document_type.__name__
    roles = {path: f" {_roles(each)}" for path, each in api.roles().items()}
    history, provenance = f"{api.entity}/history", f"{api.entity}/provenance"
    document, entry = ref("schemas", name), ref("schemas", "HistoryEntry")
    cursor = {"type": ["string", "null"], "description": "The next page's `cursor`; null on the last page."}
    after = {"type": ["integer", "null"], "description": "The next page's `after`; null on the last page."}
    return {
        api.entity: {
            "operationId": f"get{name}",
            "summary": "One document, now or as it was.",
            "description": _prose(EntityParameters) + roles[api.entity],
            "parameters": [*_path_parameters(api.entity), *_parameters(EntityParameters)],
            "responses": _answers(document, _QUERY_PROBLEMS, ("ETag",)),
        },
        history: {
            "operationId": f"get{name}History",
            "summary": "Who changed what, when and why.",
            "description": _prose(HistoryParameters) + roles[history],
            "parameters": [*_path_parameters(history), *_parameters(HistoryParameters)],
            "responses": _answers(_page(entry, after), _QUERY_PROBLEMS),
        },
        provenance: {
            "operationId": f"get{name}Provenance",
            "summary": "The events that set each field.",
            "description": _prose(ProvenanceParameters) + roles[provenance],
            "parameters": [*_path_parameters(provenance), *_parameters(ProvenanceParameters)],
            "responses": _answers(ref("schemas", "Provenance"), _QUERY_PROBLEMS, ("ETag",)),
        },
        api.collection: {
            "operationId": f"list{name}s",
            "summary": f"A page of documents, {'newest' if api.newest_first else 'lowest'} `{api.order_by}` first.",
            "description": _prose(api.list_parameters()) + _one_of(api) + roles[api.collection],
            "parameters": _list_parameters(api),
            "responses": _answers(_page(document, cursor), _LIST_PROBLEMS),
        },
    }


def _prose(model: type[BaseModel]) -> str:
    """Its docstring: how the parameters go together."""
    return " ".join((getdoc(model) or "").split())


def _one_of(api: QueryApi[Any, Any]) -> str:
    names = ", ".join(f"`{name}`" for name in api.required_one_of)
    return f" At least one of {names} must be stated." if names else ""


def _list_parameters(api: QueryApi[Any, Any]) -> list[dict[str, Any]]:
    parameters = _parameters(api.list_parameters())
    for parameter in parameters:
        name = parameter["name"]
        required = name in api.required
        if name == api.owner:
            parameter["description"] = "Whose documents. A customer sees only their own and may leave it out" + (
                "; everybody else must state it." if required else "."
            )
        elif name in api.filters:
            parameter["description"] = "Only documents with this value."
            parameter["required"] = required
    return parameters


def _parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    fields = model.model_json_schema(schema_generator=ContractSchema)
    required = set(fields.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _stated(schema)}
        for name, schema in fields.get("properties", {}).items()
    ]


def _stated(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter is stated or left out, never null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    stated = {key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)}
    return {**stated, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})}


def _answers(schema: Mapping[str, Any], statuses: Sequence[str], names: Sequence[str] = ()) -> dict[str, Any]:
    answer = {"description": "OK", "headers": headers(names), "content": {"application/json": {"schema": schema}}}
    return {"200": answer, "304": ref("responses", "NotModified"), **problems(statuses)}


def _page(items: Mapping[str, Any], following: Mapping[str, Any]) -> dict[str, Any]:
    """`next` is null on the last page."""
    properties = {"items": {"type": "array", "items": items}, "next": following}
    return {"type": "object", "required": ["items", "next"], "properties": properties}


def _path_parameters(path: str) -> Sequence[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    schema = {"type": "string", "pattern": f"^{ID}$"}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]
