"""The contracts of a service as documents: JSON Schemas of what it stores, publishes, takes and returns, its OpenAPI
and its AsyncAPI. Generated from the code, kept in `schemas/`, and compared there: a stored or published shape that was
once written never changes under the same version.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel
from pydantic_core import to_json

from shared.bootstrap import EventSourcedService
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.publishing import EVENT_NAMESPACE
from shared.http.openapi import openapi

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PROMISES = ("events/", "stored/")
"""Folders whose documents are never edited, only added to."""


def documents(service: EventSourcedService[Any, Any, Any]) -> dict[str, dict[str, Any]]:
    """Path below `schemas/` → document."""
    name = service.manifest.name
    stored = {f"stored/{name}/{cls.TYPE}.json": _schema(cls, "serialization") for cls in service.decider.codec.classes}
    public = {f"events/{name}/{cls.TYPE}.json": _schema(cls, "serialization") for cls in integration_events(service)}
    bodies = {endpoint.body for endpoint in service.commands_api.endpoints}
    views = {projection.document_type for projection in service.projections}
    return {
        **stored,
        **public,
        **{f"commands/{name}/{model.__name__}.json": _schema(model, "validation") for model in bodies},
        **{f"queries/{name}/{model.__name__}.json": _schema(model, "serialization") for model in views},
        f"openapi/{name}.json": openapi(service.manifest.description, service.commands_api, service.queries_api),
        f"asyncapi/{name}.json": asyncapi(service),
    }


def integration_events(service: EventSourcedService[Any, Any, Any]) -> tuple[type[IntegrationEvent], ...]:
    """What the service publishes: the types that its mapping can return."""
    returned = get_type_hints(service.to_integration)["return"]
    return tuple(cls for cls in get_args(returned) or (returned,) if cls is not type(None))


def asyncapi(service: EventSourcedService[Any, Any, Any]) -> dict[str, Any]:
    """AsyncAPI 3 of the integration topic: what others may subscribe to."""
    name, topic = service.manifest.name, service.manifest.integration_topic
    messages = {
        cls.TYPE: {
            "name": f"{EVENT_NAMESPACE}.{name}.{cls.TYPE}",
            "contentType": "application/json",
            "summary": (cls.__doc__ or "").strip(),
            "payload": {"$ref": f"../events/{name}/{cls.TYPE}.json"},
        }
        for cls in integration_events(service)
    }
    references = [{"$ref": f"#/channels/{topic}/messages/{type_name}"} for type_name in messages]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": name,
            "version": "1",
            "description": "CloudEvents 1.0 in binary mode: Pub/Sub attributes named `ce-…`, the data is the payload. "
            "At least once, in any order.",
        },
        "channels": {topic: {"address": topic, "messages": messages}},
        "operations": {
            f"send-{topic}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic}"},
                "messages": references,
            }
        },
    }


def drift(folder: Path, fresh: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What `folder` and the code disagree about, a line each; empty if the contracts are true."""
    found = []
    for path, document in fresh.items():
        file = folder / path
        if not file.exists():
            found.append(f"{path} is missing")
        elif file.read_bytes() != render(document):
            found.append(f"{path} differs from the code" + (": give it a new version" if is_promise(path) else ""))
    known = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    return found + [f"{path} has no code behind it" for path in sorted(known - fresh.keys()) if not is_promise(path)]


def is_promise(path: str) -> bool:
    return path.startswith(PROMISES)


def render(document: Mapping[str, Any]) -> bytes:
    return to_json(document, indent=2) + b"\n"


def _schema(model: type[BaseModel], mode: str) -> dict[str, Any]:
    schema = model.model_json_schema(mode="validation" if mode == "validation" else "serialization")
    return {"$schema": DIALECT, **schema}
