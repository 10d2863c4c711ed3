"""The documents in `schemas/`: true of the code, valid, and fit for what is really stored, published and returned."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic_core import from_json, to_json

from emulators import contracts
from emulators.contracts import FOLDER, Composed
from shared.bootstrap import Aggregate
from shared.bootstrap.workflow import WorkflowService
from shared.contracts import documents
from shared.contracts.asyncapi import integration_events
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.eventsourcing.message import Context, StoredEvent
from shared.eventsourcing.publishing import Message
from shared.eventsourcing.workflow.events import DeclineCode
from shared.http.openapi import documents_returned
from tests.contract.schema_values import smallest, values

SERVICES = {service.manifest.name: service for service in contracts.services()}
FILES = sorted(FOLDER.rglob("*.json"))
SCHEMAS = [file for file in FILES if file.parts[len(FOLDER.parts)] not in {"openapi", "asyncapi"}]
FEW = settings(max_examples=15)
ENDS = {"WorkflowCompleted.v1", "WorkflowFailed.v1", "DecisionMade.v1"}
KNOWN = {
    "checkout_id": "k1",
    "return_id": "r1",
    "lines": [{"sku": "milk", "quantity": 1}],
    "customer_id": "900",
    "order_id": "o1",
    "payment_id": "p1",
    "total": {"amount": 399, "currency": "USD"},
    "refund": {"amount": 399, "currency": "USD"},
    "at": None,
}
"""What workflows know at their end, each in its own words."""
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def name_of(file: Path) -> str:
    return file.relative_to(FOLDER).as_posix()


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_bytes())
    return document


def below(folder: str) -> list[Path]:
    return [file for file in FILES if name_of(file).startswith(folder)]


def service_of(file: Path) -> Composed:
    return SERVICES[file.parent.name]


def valid(schema: dict[str, Any], value: object) -> None:
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def published(service: Composed, event: StoredEvent) -> list[Message]:
    """The integration messages of a commit that holds this event."""
    context = Context(command="C", command_id="k1", correlation_id="f1", actor="pos:1", occurred_at=NOW)
    aggregate = keeper(service, event.type)
    commit = decode_commit(encode_commit(f"{aggregate.category}-42", 7, context, [event]), NOW)
    publication = aggregate.publication(service.manifest)
    return publication.messages(commit).get(service.manifest.integration_topic, [])


def keeper(service: Composed, type_name: str) -> Aggregate[Any, Any, Any]:
    """The aggregate whose streams hold events of this type."""
    (found,) = [each for each in service.aggregates if type_name in each.decider.codec.types]
    return found


def told(file: Path) -> dict[str, Any]:
    """What the end of a workflow and its decisions say: its own declaration makes that, of what it knows."""
    service = service_of(file)
    if not isinstance(service, WorkflowService) or file.stem not in ENDS:
        return {}
    return {"result": service.workflow.result(KNOWN)}


def ways(file: Path) -> list[dict[str, Any]]:
    """How else an event of a workflow can be told of: at each step that waits, and turned back by each person."""
    service = service_of(file)
    if isinstance(service, WorkflowService) and file.stem == "DecisionMade.v1":
        return [{"step": step.name} for step in service.workflow.steps if step.waits]
    if isinstance(service, WorkflowService) and file.stem == "WorkflowFailed.v1":
        return [{}, *({"code": code} for code in get_args(DeclineCode))]
    return [{}]


def test_the_documents_are_true() -> None:
    """What lies in `schemas/` is what the code says; `make schemas` brings it up to date."""
    assert contracts.check(contracts.services()) == []


@pytest.mark.parametrize("file", SCHEMAS, ids=name_of)
def test_a_schema_is_valid(file: Path) -> None:
    """Every schema is one of draft 2020-12."""
    Draft202012Validator.check_schema(read(file))


@pytest.mark.parametrize("file", [*below("stored/"), *below("events/"), *below("queries/")], ids=name_of)
def test_what_is_written_is_complete_and_closed(file: Path) -> None:
    """What we write has all of its fields and no others, in every object: null is said, not left out."""
    document = read(file)
    objects = [node for node in (document, *document.get("$defs", {}).values()) if node["type"] == "object"]

    assert all(set(node["required"]) == set(node["properties"]) for node in objects)
    assert all(node["additionalProperties"] is False for node in objects)


@pytest.mark.parametrize("file", below("commands/"), ids=name_of)
def test_a_body_takes_no_unknown_field(file: Path) -> None:
    """What we take is closed too: a misspelt field is refused, not ignored."""
    assert read(file)["additionalProperties"] is False


class TestStored:
    @pytest.mark.parametrize("file", below("stored/"), ids=name_of)
    @given(data=st.data())
    @FEW
    def test_everything_ever_promised_can_be_loaded(self, file: Path, data: st.DataObject) -> None:
        """Any event that its schema allows is decoded; one of the current version is encoded to the same again."""
        codec, value = keeper(service_of(file), file.stem).decider.codec, data.draw(values(read(file)))

        event = codec.decode(StoredEvent(file.stem, value))

        (again,) = codec.encode([event])
        assert again == StoredEvent(file.stem, value) or again.type != file.stem

    @pytest.mark.parametrize("file", below("stored/"), ids=name_of)
    @given(data=st.data())
    @FEW
    def test_what_is_published_of_it_fits(self, file: Path, data: st.DataObject) -> None:
        """Whatever is stored, the integration messages made of it fit their published schemas."""
        service = service_of(file)
        event = StoredEvent(file.stem, {**data.draw(values(read(file))), **told(file)})

        for message in published(service, event):
            type_name = message.attributes["ce-type"].removeprefix(f"commerce.{service.manifest.name}.")
            valid(read(FOLDER / "events" / service.manifest.name / f"{type_name}.json"), from_json(message.data))


class TestPublished:
    @pytest.mark.parametrize("file", below("events/"), ids=name_of)
    def test_an_example_shows_it(self, file: Path) -> None:
        """Every published event has an example that fits its schema."""
        examples = read(file)["examples"]

        assert examples
        for example in examples:
            valid(read(file), example)

    @pytest.mark.parametrize("file", below("events/"), ids=name_of)
    def test_an_example_survives_the_trip(self, file: Path) -> None:
        """An example read as the event and sent again is the same."""
        classes = {cls.TYPE: cls for cls in integration_events(service_of(file))}
        if (cls := classes.get(file.stem)) is None:
            pytest.skip("no longer published")

        for example in read(file)["examples"]:
            assert from_json(to_json(cls.model_validate(example))) == example


class TestReturned:
    @pytest.mark.parametrize("file", below("queries/"), ids=name_of)
    @given(data=st.data())
    @FEW
    def test_what_the_schema_says_is_what_the_model_writes(self, file: Path, data: st.DataObject) -> None:
        """A returned document is the same after its model read and wrote it."""
        (model,) = [each for each in documents_returned(service_of(file).query_apis) if each.__name__ == file.stem]
        value = data.draw(values(read(file)))

        assert from_json(to_json(model.model_validate_json(to_json(value)))) == value


class TestOpenApi:
    @pytest.mark.parametrize("file", below("openapi/"), ids=name_of)
    def test_is_valid(self, file: Path) -> None:
        """A client generator can read it."""
        OpenAPIV31SpecValidator(read(file)).validate()


@pytest.mark.parametrize("file", below("asyncapi/"), ids=name_of)
class TestAsyncApi:
    def test_every_reference_leads_somewhere(self, file: Path) -> None:
        """Inside the document and to the published schemas beside it."""
        document, references = read(file), list(references_in(read(file)))

        assert references
        for reference in references:
            path, _, pointer = reference.partition("#")
            found: Any = read((file.parent / path).resolve()) if path else document
            for name in filter(None, pointer.split("/")):
                found = found[name]

    def test_has_one_channel_that_sends_every_published_event(self, file: Path) -> None:
        """Subscribers find every event of the service, and nothing else."""
        document, service = read(file), SERVICES[file.stem]
        (channel,) = document["channels"].values()
        (operation,) = document["operations"].values()

        assert channel["address"] == service.manifest.integration_topic
        assert channel["messages"].keys() == {cls.TYPE for cls in integration_events(service)}
        assert len(operation["messages"]) == len(channel["messages"])

    def test_an_event_is_sent_with_these_attributes(self, file: Path) -> None:
        """The attributes of every message are as described: none is missing, none is unknown."""
        components, service = read(file)["components"], SERVICES[file.stem]
        described = {message["name"]: message["headers"] for message in components["messages"].values()}
        stored = [
            StoredEvent(each.stem, {**smallest(read(each)), **told(each), **way})
            for each in below(f"stored/{file.stem}/")
            for way in ways(each)
        ]
        sent = [message.attributes for event in stored for message in published(service, event)]

        assert {attributes["ce-type"] for attributes in sent} == described.keys()
        for attributes in sent:
            valid({**described[attributes["ce-type"]], "components": components}, attributes)
            assert attributes.keys() <= components["schemas"]["Attributes"]["properties"].keys()


def references_in(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references_in(value)]
    return [found for value in node for found in references_in(value)] if isinstance(node, list) else []


def test_documents_of_all_kinds_are_made() -> None:
    """A service has documents of each kind, so that none of the tests here ran on nothing."""
    kinds = {path.split("/")[0] for service in SERVICES.values() for path in documents(service)}

    assert kinds == {"stored", "events", "commands", "queries", "openapi", "asyncapi"}
    assert kinds == {name_of(file).split("/")[0] for file in FILES}
