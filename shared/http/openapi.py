"""OpenAPI 3.1 of one service, from the same declarations that serve it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.eventsourcing.errors import KitError
from shared.http.command_api import CommandApi, CommandEndpoint
from shared.http.problems import MEDIA_TYPE
from shared.http.query_api import EntityParameters, HistoryParameters, QueryApi

_REF = "#/components/schemas/{model}"
_COMMAND_PROBLEMS = {
    "400": "The input is wrong; `errors` names the fields.",
    "401": "No good token.",
    "403": "Not allowed.",
    "404": "No such entity, or not yours.",
    "409": "A rule refuses it, or the same request is in flight.",
    "412": "`If-Match` names another version.",
    "413": "Too large.",
    "422": "The idempotency key belongs to another request.",
    "503": "A dependency is down; try again after `Retry-After` seconds.",
}
_QUERY_PROBLEMS = {code: _COMMAND_PROBLEMS[code] for code in ("400", "401", "403", "404", "503")}
_ACCEPTED = {
    "type": "object",
    "required": ["id", "version"],
    "properties": {"id": {"type": "string"}, "version": {"type": "integer", "minimum": 1}},
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def openapi(description: str, commands: CommandApi[Any], queries: QueryApi[Any, Any]) -> dict[str, Any]:
    """The whole document, ready to be written as JSON."""
    bodies = {endpoint.body for endpoint in commands.endpoints}
    schemas = _schemas(sorted(bodies, key=lambda model: model.__name__), [queries.projection.document_type])
    schemas |= {"Accepted": _ACCEPTED, "Problem": _PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in commands.endpoints:
        paths.setdefault(commands.prefix + endpoint.path, {})[endpoint.method.lower()] = _command(endpoint)
    for path, operation in _queries(queries).items():
        paths.setdefault(queries.prefix + path, {})["get"] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": commands.service, "version": "1", "description": description},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _schemas(bodies: Iterable[type[BaseModel]], documents: Iterable[type[BaseModel]]) -> dict[str, Any]:
    _, body_schemas = models_json_schema([(model, "validation") for model in bodies], ref_template=_REF)
    _, view_schemas = models_json_schema([(model, "serialization") for model in documents], ref_template=_REF)
    ours, theirs = body_schemas.get("$defs", {}), view_schemas.get("$defs", {})
    for name in ours.keys() & theirs.keys():
        if ours[name] != theirs[name]:
            raise KitError(f"two schemas are called {name}")
    return {**ours, **theirs}


def _command(endpoint: CommandEndpoint) -> dict[str, Any]:
    headers = [_header("If-Match", required=False, about="Carry out only on this version.")]
    if endpoint.method == "POST":
        headers.append(_header("Idempotency-Key", required=True, about="Same key, same request: same answer."))
    return {
        "summary": endpoint.summary,
        "description": "Roles: " + ", ".join(sorted(endpoint.roles)) + ".",
        "parameters": [*_path_parameters(endpoint.path), *headers],
        "requestBody": {"content": {"application/json": {"schema": _ref(endpoint.body.__name__)}}},
        "responses": {
            "202": {
                "description": "Accepted and durable; read models follow.",
                "headers": {name: {"schema": {"type": "string"}} for name in ("ETag", "Location")},
                "content": {"application/json": {"schema": _ref("Accepted")}},
            },
            **_problems(_COMMAND_PROBLEMS),
        },
    }


def _queries(api: QueryApi[Any, Any]) -> dict[str, dict[str, Any]]:
    document = _ref(api.projection.document_type.__name__)
    page = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": document}, "next": {"type": ["string", "null"]}},
    }
    history = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": {"type": "object"}}, "next": {"type": ["integer", "null"]}},
    }
    return {
        api.entity: _query("One document, now or as it was.", api.entity, EntityParameters, document),
        f"{api.entity}/history": _query(
            "Who changed what, when and why.", f"{api.entity}/history", HistoryParameters, history
        ),
        api.collection: _query("A page of documents, newest first.", api.collection, api.list_parameters(), page),
    }


def _query(summary: str, path: str, model: type[BaseModel], answer: Mapping[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema()
    parameters = [
        {"name": name, "in": "query", "required": False, "schema": _without_title(field)}
        for name, field in schema["properties"].items()
    ]
    return {
        "summary": summary,
        "parameters": [*_path_parameters(path), *parameters],
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {"schema": answer}}},
            **_problems(_QUERY_PROBLEMS),
        },
    }


def _problems(table: Mapping[str, str]) -> dict[str, Any]:
    return {
        status: {"description": text, "content": {MEDIA_TYPE: {"schema": _ref("Problem")}}}
        for status, text in table.items()
    }


def _path_parameters(path: str) -> Sequence[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _header(name: str, *, required: bool, about: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "description": about, "schema": {"type": "string"}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=name)}


def _without_title(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "title"}
