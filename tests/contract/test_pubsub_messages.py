"""The Pub/Sub messages declared here are Google's: same names, numbers, types."""

from typing import Any

import pytest
from google.pubsub_v1 import types

from shared.adapters.pubsub.messages import SCHEMA

DECLARED = SCHEMA["Topic"].DESCRIPTOR.file.message_types_by_name


def kind(field: Any) -> tuple[str, int, int, bool, str | None]:
    type_name = field.message_type.full_name if field.message_type else None
    return field.name, field.number, field.type, field.is_repeated, type_name


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_message_is_compatible_with_googles(name: str) -> None:
    """Each declared field exists in Google's published message with the same number and type."""
    theirs = getattr(types, name).pb().DESCRIPTOR.fields_by_name

    assert {kind(field) for field in DECLARED[name].fields} <= {kind(field) for field in theirs.values()}


def test_bytes_are_read_by_google() -> None:
    """What is sent from here is read by Google's classes, attributes included."""
    ours = SCHEMA["PublishRequest"](topic="t", messages=[{"data": b"x", "attributes": {"ce-id": "ä"}}])

    theirs = types.PublishRequest.deserialize(ours.SerializeToString())

    assert theirs == types.PublishRequest(topic="t", messages=[{"data": b"x", "attributes": {"ce-id": "ä"}}])
