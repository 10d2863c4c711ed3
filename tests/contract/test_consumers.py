"""Between producers and consumers: every event that a service reacts to is published so that it can be read."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from pydantic_core import to_json

import functions
from shared.bootstrap import EventSourcedService
from shared.contracts.asyncapi import integration_events
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.reaction import Reaction
from shared.http.json_schema import json_schema
from shared.topology import ReactsTo, Service, discover

MANIFESTS = {manifest.name: manifest for manifest in discover(functions)}
COMPOSED = {name: import_module(f"functions.{name}.main").SERVICE for name in MANIFESTS}
PUBLISHED: dict[tuple[str, str], type[IntegrationEvent]] = {
    (name, event.TYPE): event
    for name, service in COMPOSED.items()
    if isinstance(service, EventSourcedService)
    for event in integration_events(service)
}


def reactions() -> Iterator[Any]:
    for name, service in COMPOSED.items():
        for reaction in getattr(service, "reactions", ()):
            yield pytest.param(service, reaction, id=f"{name}-{reaction.service}.{reaction.type}")


def filters() -> Iterator[Any]:
    """Every type that a subscription to another service's topic lets through."""
    for name, manifest in MANIFESTS.items():
        for subscription in manifest.subscriptions:
            for type_name in subscription.filter.split('"')[1::2]:
                yield pytest.param(manifest, type_name, id=f"{name}-{type_name}")


@pytest.mark.parametrize(("service", "reaction"), list(reactions()))
class TestAReaction:
    def test_is_to_an_event_that_is_published(self, service: EventSourcedService, reaction: Reaction) -> None:
        """The producer's mapping can return an event of this type."""
        assert (reaction.service, reaction.type) in PUBLISHED

    def test_reads_only_what_is_always_there(self, service: EventSourcedService, reaction: Reaction) -> None:
        """Each field that the consumer needs is one that the producer's schema requires."""
        schema = json_schema(PUBLISHED[reaction.service, reaction.type], "serialization", reaction.type)
        needed = {name for name, field in reaction.reads.model_fields.items() if field.is_required()}

        assert needed <= set(schema["required"])
        assert set(reaction.reads.model_fields) <= set(schema["properties"])

    def test_reads_the_documented_example(self, service: EventSourcedService, reaction: Reaction) -> None:
        """What the producer shows as an example, the consumer understands."""
        event = PUBLISHED[reaction.service, reaction.type]
        examples = json_schema(event, "serialization", event.TYPE)["examples"]

        assert examples
        for example in examples:
            reaction.reads.model_validate_json(to_json(example))

    def test_is_subscribed_to(self, service: EventSourcedService, reaction: Reaction) -> None:
        """The subscription of the manifest lets the event through, and pushes it to a function."""
        wanted = ReactsTo(reaction.service, (reaction.type,)).subscription(service.manifest.name)
        found = {each.name: each for each in service.manifest.subscriptions}[wanted.name]

        assert not found.filter or wanted.filter in found.filter
        assert service.manifest.pushed_to(found.name) is not None


@pytest.mark.parametrize(("manifest", "type_name"), list(filters()))
def test_what_is_let_through_is_meant_for_somebody(manifest: Service, type_name: str) -> None:
    """A filter names events that are reacted to, or commands of the service's own commits: nothing is sent in vain."""
    service = COMPOSED[manifest.name]
    wanted = {f"commerce.{each.service}.{each.type}" for each in getattr(service, "reactions", ())}
    commands = {subscription.filter for subscription in manifest.subscriptions if "ce-command" in subscription.filter}

    assert type_name in wanted or any(type_name in each for each in commands)
