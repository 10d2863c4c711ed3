"""The hand-written messages are Google's own: each field has the name, the number and the type of the published one."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.types import DocumentTransform, StructuredQuery
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from shared.adapters.firestore import messages
from shared.adapters.firestore.messages import SCHEMA

ROOTS = ("Commit", "BatchWrite", "RunQuery", "BatchGetDocuments")


def pairs(ours: Descriptor, theirs: Descriptor, seen: set[str]) -> Iterator[tuple[Descriptor, Descriptor]]:
    """Our message, Google's message, and all that they consist of."""
    if ours.full_name in seen:
        return
    seen.add(ours.full_name)
    yield ours, theirs
    for field in ours.fields:
        other = theirs.fields_by_number.get(field.number)
        if field.message_type is not None and other is not None and other.message_type is not None:
            yield from pairs(field.message_type, other.message_type, seen)


def wire_type(field: FieldDescriptor) -> tuple[int, bool]:
    kind = FieldDescriptor.TYPE_INT32 if field.type == FieldDescriptor.TYPE_ENUM else field.type
    return kind, field.is_repeated


@pytest.mark.parametrize("root", [f"{name}{suffix}" for name in ROOTS for suffix in ("Request", "Response")])
def test_messages_match_googles(root: str) -> None:
    """From the requests and responses down to the last value."""
    published = getattr(types, root).pb().DESCRIPTOR

    for ours, theirs in pairs(SCHEMA[root].DESCRIPTOR, published, set()):
        for field in ours.fields:
            other = theirs.fields_by_number[field.number]
            assert (field.name, wire_type(field)) == (other.name, wire_type(other)), ours.full_name


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (messages.REQUEST_TIME, DocumentTransform.FieldTransform.ServerValue.REQUEST_TIME),
        (messages.EQUAL, StructuredQuery.FieldFilter.Operator.EQUAL),
        (messages.LESS_THAN, StructuredQuery.FieldFilter.Operator.LESS_THAN),
        (messages.GREATER_THAN_OR_EQUAL, StructuredQuery.FieldFilter.Operator.GREATER_THAN_OR_EQUAL),
        (messages.AND, StructuredQuery.CompositeFilter.Operator.AND),
        (messages.IS_NULL, StructuredQuery.UnaryFilter.Operator.IS_NULL),
        (messages.ASCENDING, StructuredQuery.Direction.ASCENDING),
        (messages.DESCENDING, StructuredQuery.Direction.DESCENDING),
    ],
)
def test_constants_match_googles(ours: int, theirs: Any) -> None:
    """Enumerations are small numbers on the wire."""
    assert ours == int(theirs)


def test_a_false_that_was_set_is_sent() -> None:
    """Explicit presence: `exists: false` is a precondition, not the absence of one."""
    write = SCHEMA["Write"]()
    write.current_document.exists = False

    sent = types.Write.pb().FromString(write.SerializeToString())

    assert sent.current_document.WhichOneof("condition_type") == "exists"
