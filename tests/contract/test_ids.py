"""Every id that the edge takes leads to ids, keys and names that whoever gets them takes as well, in all services."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json, to_jsonable_python

from emulators import contracts
from functions.fulfillment.state import MAX_SHIPMENTS, shipment_id
from functions.notifications.events import MailKind
from functions.notifications.reactor import mail_id
from functions.promotions.events import use_id
from shared.adapters.firestore.values import document_id
from shared.bootstrap import EventSourcedService
from shared.bootstrap.workflow import WorkflowService
from shared.contracts.asyncapi import integration_events
from shared.eventsourcing.ids import ID, MAX_ID_CHARS, MAX_SUBJECT_CHARS, derived_id, subject_id
from shared.eventsourcing.joint import Target
from shared.eventsourcing.message import message_id
from shared.eventsourcing.projection import Row, Scalar
from shared.eventsourcing.reaction import Delivery, Reaction
from shared.eventsourcing.workflow.runner import step_key
from shared.http.cursor import cursor_after, parse_cursor
from shared.http.query_api import MAX_VERSION
from shared.http.requests import FLOW_ID, MAX_KEY_CHARS

SERVICES = contracts.services()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONGEST = "z" * MAX_ID_CHARS
LONG = [LONGEST, LONGEST[1:], "a|" + "@" * (MAX_ID_CHARS - 2)]
MAX_DOCUMENT_ID_BYTES = 1500
"""Firestore's own limit, and Pub/Sub's for the value of an attribute is below."""
MAX_ATTRIBUTE_BYTES = 1024
MAX_EVENTS = 999
"""Of one commit: more than any has."""

ids = st.from_regex(ID, fullmatch=True) | st.sampled_from(LONG)


def reactions() -> Iterator[Any]:
    for service in SERVICES:
        for reaction in service.reactions:
            yield pytest.param(service, reaction, id=f"{service.manifest.name}-{reaction.service}.{reaction.type}")


def example_of(reaction: Reaction) -> dict[str, Any]:
    """What the producer documents."""
    published = integration_events(import_module(f"functions.{reaction.service}.main").SERVICE)
    (event,) = [each for each in published if reaction.type == each.TYPE]
    found: dict[str, Any] = event.model_json_schema()["examples"][0]
    return found


def with_ids(value: Any, identity: str, name: str = "") -> Any:
    """The same JSON with this id in the place of each of its own."""
    if isinstance(value, Mapping):
        return {key: with_ids(each, identity, key) for key, each in value.items()}
    if isinstance(value, list):
        return [with_ids(each, identity, name) for each in value]
    return identity if is_id(name) and isinstance(value, str) and value else value


def is_id(name: str) -> bool:
    return name.endswith("_id") or name in {"id", "sku", "code"}


def ids_in(value: Any, name: str = "") -> Iterator[str]:
    """All ids of a JSON value."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from ids_in(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from ids_in(each, name)
    elif is_id(name) and value:
        yield value


async def targets_of(service: EventSourcedService, reaction: Reaction, event: BaseModel) -> Sequence[Target]:
    """Where a plan reads, there is nothing yet."""
    deciders = {each.decider.category: each.decider for each in service.aggregates}

    async def read(category: str, _: str) -> Any:
        return deciders[category].initial_state()

    delivery = Delivery(id=f"order-{LONGEST}@1.0", subject=LONGEST, at=NOON, correlation_id=LONGEST)
    asked = reaction.react(event, delivery)
    return await asked(read) if callable(asked) else asked


@pytest.mark.parametrize("identity", LONG)
@pytest.mark.parametrize(("service", "reaction"), list(reactions()))
async def test_a_reaction_makes_ids_of_the_longest_ones(
    service: EventSourcedService, reaction: Reaction, identity: str
) -> None:
    """The entities that it writes to, and all that it hands on, can be named in a path and in a body."""
    example = with_ids(example_of(reaction) | {"placed": True}, identity)
    event = reaction.reads.model_validate_json(to_json(example))

    for target in await targets_of(service, reaction, event):
        found = [target.entity_id, *ids_in(to_jsonable_python(target.command))]
        assert [each for each in found if not re.fullmatch(ID, each)] == []


@given(ids, st.integers(1, MAX_SHIPMENTS))
def test_shipments_have_ids_of_their_own(order_id: str, number: int) -> None:
    """Each number gives another id, whatever the order's."""
    found = {shipment_id(order_id, each) for each in range(1, MAX_SHIPMENTS + 1)}

    assert len(found) == MAX_SHIPMENTS
    assert re.fullmatch(ID, shipment_id(order_id, number))


@given(ids, ids)
def test_a_mail_and_a_use_of_a_coupon_have_ids(one: str, other: str) -> None:
    """Of whatever they are about."""
    kinds = get_args(MailKind)

    assert kinds
    for identity in [use_id(one, other), *(mail_id(kind, one) for kind in kinds), mail_id(kinds[0], one, other)]:
        assert re.fullmatch(ID, identity)


@given(ids, ids)
def test_ids_that_differ_stay_different(one: str, other: str) -> None:
    """Also where only their ends differ, which are cut off; one that is short enough can be read."""
    made, another = (derived_id(f"cancelled-{each}") for each in (one, other))

    assert (made == another) is (one == other)
    assert made == f"cancelled-{one}" or len(f"cancelled-{one}") > MAX_ID_CHARS


subjects = (
    st.text(st.characters().filter(str.isprintable), min_size=1, max_size=MAX_SUBJECT_CHARS)
    | st.text("a~02F/é_", min_size=1, max_size=8)
    | st.sampled_from(["x" * 90 + "/" * 40 + tail for tail in ("a", "b")])
    | ids
)


@given(subjects)
def test_every_subject_has_an_id(subject: str) -> None:
    """Whatever an identity provider calls people by."""
    assert re.fullmatch(ID, subject_id(subject))


@given(subjects, subjects)
def test_no_two_subjects_have_one_id(one: str, other: str) -> None:
    """Nobody becomes somebody else by what they are called, nor by being called like somebody's id."""
    assert (subject_id(one) == subject_id(other)) is (one == other)


@pytest.mark.parametrize(
    ("subject", "identity"),
    [
        ("900", "900"),
        ("auth0|900", "auth0|900"),
        ("https://id.example/u/900?a=b", "https:~2F~2Fid.example~2Fu~2F900~3Fa~3Db"),
        ("a b", "a~20b"),
        ("é", "0~~~C3~A9"),
        ("_x", "0~~~5Fx"),
        ("0~~~5Fx", "0~7E~7E~7E5Fx"),
        ("x" * 128, "x" * 128),
    ],
)
def test_an_id_can_be_told_from_its_subject(subject: str, identity: str) -> None:
    """What is an id is its own."""
    assert subject_id(subject) == identity


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.manifest.name)
def test_streams_and_messages_have_names_that_stores_take(service: EventSourcedService) -> None:
    """As documents, as attributes of messages and as headers of requests."""
    for category in service.manifest.categories:
        stream = f"{category}-{LONG[-1]}"
        message = message_id(stream, MAX_VERSION, MAX_EVENTS)
        parked = f"generations/{MAX_VERSION}/{category}.{'x' * 100}@{stream}"

        assert re.fullmatch(FLOW_ID, message)
        assert len(message.encode()) <= MAX_ATTRIBUTE_BYTES
        assert max(len(document_id(each).encode()) for each in (stream, message, parked)) <= MAX_DOCUMENT_ID_BYTES


@pytest.mark.parametrize(
    "service",
    [service for service in SERVICES if isinstance(service, WorkflowService)],
    ids=lambda service: service.manifest.name,
)
@pytest.mark.parametrize("undo", [False, True])
def test_the_steps_of_a_workflow_have_keys(service: WorkflowService, undo: bool) -> None:
    """Each of them one that the edge takes."""
    keys = {step_key(LONGEST, step.name, undo=undo) for step in service.workflow.steps}

    assert len(keys) == len(service.workflow.steps)
    assert max(map(len, keys)) <= MAX_KEY_CHARS


@given(ids, st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - above
def test_a_list_takes_the_cursor_that_it_gave(identity: str, at: datetime) -> None:
    """Of any row, by its time or by its id."""
    row = Row(identity, 1, NOON, b"{}", {"at": at, "id": identity})
    by_time: TypeAdapter[Scalar] = TypeAdapter(datetime)
    by_id: TypeAdapter[Scalar] = TypeAdapter(str)

    assert parse_cursor(cursor_after(row, "at"), by_time) == (at, identity)
    assert parse_cursor(cursor_after(row, "id"), by_id) == (identity, identity)
