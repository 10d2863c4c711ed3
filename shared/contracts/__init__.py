"""The contracts of a service as documents: JSON Schemas of what it stores, publishes, takes and returns, its OpenAPI
and its AsyncAPI. Generated from the code, kept in `schemas/`, and compared there.

Stored and published shapes are promises: see `shared.contracts.promises`. They are schemas of what is written
(pydantic's mode `serialization`), and closed: under one version a message has these fields, all of them, and no
others, so that a consumer sees what it may rely on, and any change of shape shows. Consumers read what they need and
ignore the rest.
"""

from pathlib import Path
from typing import Any

from shared.bootstrap import EventSourcedService
from shared.contracts.asyncapi import asyncapi, integration_events
from shared.contracts.promises import EVENTS, STORED
from shared.http.json_schema import json_schema
from shared.http.openapi import bodies, documents_returned, openapi, questions


def documents(service: EventSourcedService) -> dict[str, dict[str, Any]]:
    """Path below `schemas/` → document."""
    name = service.manifest.name
    stored = [cls for aggregate in service.aggregates for cls in aggregate.decider.codec.classes]
    promised = {STORED: stored, EVENTS: integration_events(service)}
    taken = dict.fromkeys([*bodies(service.command_apis), *questions(service.query_apis)])
    returned = documents_returned(service.query_apis)
    return {
        **{
            f"{folder}{name}/{cls.TYPE}.json": json_schema(cls, "serialization", cls.TYPE)
            for folder, classes in promised.items()
            for cls in classes
        },
        **{f"commands/{name}/{cls.__name__}.json": json_schema(cls, "validation", cls.__name__) for cls in taken},
        **{f"queries/{name}/{cls.__name__}.json": json_schema(cls, "serialization", cls.__name__) for cls in returned},
        f"openapi/{name}.json": openapi(service.manifest.description, service.command_apis, service.query_apis),
        f"asyncapi/{name}.json": asyncapi(service),
    }


def unreadable(folder: Path, service: EventSourcedService) -> list[str]:
    """Stored shapes that the code has forgotten, a line each: streams that hold them could not be loaded any more."""
    promised = {path.stem for path in (folder / STORED / service.manifest.name).glob("*.json")}
    known = {name for aggregate in service.aggregates for name in aggregate.decider.codec.types}
    forgotten = sorted(promised - known)
    return [f"{STORED}{service.manifest.name}/{name}.json: {name} has neither class nor upcaster" for name in forgotten]
