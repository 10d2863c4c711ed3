"""AsyncAPI 3 of a service's integration topic: what others may subscribe to."""

from inspect import getdoc
from typing import Any, get_args, get_type_hints

from shared.bootstrap import EventSourcedService
from shared.contracts.promises import EVENTS
from shared.eventsourcing.message import IntegrationEvent, event_type
from shared.http.json_schema import json_schema

_DESCRIPTION = (
    "CloudEvents 1.0 in binary mode: the Pub/Sub attributes (`headers` here, HTTP headers of a push) are the event's "
    "own, the message's data is the payload. Delivered at least once, in any order: drop duplicates by `ce-id`."
)
_TIME = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}


def integration_events(service: EventSourcedService) -> tuple[type[IntegrationEvent], ...]:
    """What the service publishes: the types that its mapping can return."""
    found: dict[type[IntegrationEvent], None] = {}
    for aggregate in service.aggregates:
        returned = get_type_hints(aggregate.to_integration)["return"]
        found |= {cls: None for cls in get_args(returned) or (returned,) if cls is not type(None)}
    return tuple(found)


def asyncapi(service: EventSourcedService) -> dict[str, Any]:
    """The whole document, ready to be written as JSON; payloads refer to the published schemas beside it."""
    name, topic = service.manifest.name, service.manifest.integration_topic
    events = integration_events(service)
    described = next((declared.description for declared in service.manifest.topics if declared.name == topic), "")
    return {
        "asyncapi": "3.0.0",
        "info": {"title": name, "version": "1", "description": f"{service.manifest.description}\n\n{_DESCRIPTION}"},
        "defaultContentType": "application/json",
        "channels": {
            topic: {
                "address": topic,
                "description": described,
                "messages": {cls.TYPE: {"$ref": f"#/components/messages/{cls.TYPE}"} for cls in events},
            }
        },
        "operations": {
            f"send-{topic}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic}"},
                "messages": [{"$ref": f"#/channels/{topic}/messages/{cls.TYPE}"} for cls in events],
            }
        },
        "components": {
            "messages": {cls.TYPE: _message(service, cls) for cls in events},
            "schemas": {"Attributes": _attributes(name)},
        },
    }


def _message(service: EventSourcedService, event: type[IntegrationEvent]) -> dict[str, Any]:
    name = event_type(service.manifest.name, event.TYPE)
    examples = json_schema(event, "serialization", event.TYPE).get("examples", [])
    return {
        "name": name,
        "title": event.TYPE,
        "summary": getdoc(event) or "",
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/Attributes"},
                {"type": "object", "properties": {"ce-type": {"const": name}}},
            ]
        },
        "payload": {"$ref": f"../{EVENTS}{service.manifest.name}/{event.TYPE}.json"},
        "correlationId": {"location": "$message.header#/ce-correlationid"},
        "examples": [{"payload": example} for example in examples],
    }


def _attributes(service: str) -> dict[str, Any]:
    """What `publishing.Publication` puts on every integration message."""
    properties: dict[str, dict[str, Any]] = {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {
            **_TEXT,
            "description": "Stream, version and index of the event, the same at each delivery.",
            "examples": [f"{service}-42@7.0"],
        },
        "ce-type": {**_TEXT, "description": "What to filter by."},
        "ce-source": {"const": f"/{service}"},
        "ce-subject": {**_TEXT, "description": "The id of the entity that the event is about."},
        "ce-time": {**_TIME, "description": "Business time."},
        "ce-recordedtime": {**_TIME, "description": "When the log recorded it."},
        "ce-correlationid": {**_TEXT, "description": "Names the flow that the event belongs to."},
        "ce-causationid": {**_TEXT, "description": "Names the command that caused it."},
        "content-type": {"const": "application/json"},
    }
    traceparent = {**_TEXT, "description": "W3C trace context of the request that caused it; absent without one."}
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, "traceparent": traceparent},
    }
