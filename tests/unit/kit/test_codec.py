"""Stored shapes: what is encoded, what is still understood, what is refused at import."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from shared.eventsourcing.codec import Codec, decode_commit, encode_commit
from shared.eventsourcing.errors import CorruptDataError, TooLargeError, TopologyError
from shared.eventsourcing.message import Context, Event, StoredEvent

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
CONTEXT = Context(
    command="Rename",
    command_id="k1",
    correlation_id="f1",
    actor="customer:900",
    occurred_at=AT,
    traceparent="00-a-b-01",
)


class Renamed(Event):
    TYPE: ClassVar = "Renamed.v3"
    first: str
    last: str
    title: str | None


def split_name(old: Mapping[str, Any]) -> Mapping[str, Any]:
    first, _, last = old["name"].partition(" ")
    return {"first": first, "last": last}


def add_title(old: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**old, "title": None}


UPCASTERS = {"Renamed.v1": split_name, "Renamed.v2": add_title}
codec = Codec[Renamed](Renamed, UPCASTERS)


def test_an_event_survives_storage() -> None:
    """What is decoded equals what was encoded."""
    event = Renamed(first="Ada", last="Lovelace", title="Countess")

    assert [codec.decode(stored) for stored in codec.encode([event])] == [event]


def test_the_oldest_shape_passes_all_upcasters() -> None:
    """An event of the first version becomes one of the current version."""
    stored = StoredEvent("Renamed.v1", {"name": "Ada Lovelace"})

    assert codec.decode(stored) == Renamed(first="Ada", last="Lovelace", title=None)


def test_a_later_shape_passes_only_the_rest() -> None:
    """An event of the second version needs one step."""
    stored = StoredEvent("Renamed.v2", {"first": "Ada", "last": "Lovelace"})

    assert codec.decode(stored) == Renamed(first="Ada", last="Lovelace", title=None)


@pytest.mark.parametrize("stored", [StoredEvent("Unknown.v1", {}), StoredEvent("Renamed.v4", {}), StoredEvent("x", {})])
def test_an_unknown_type_is_corrupt_data(stored: StoredEvent) -> None:
    """A name that no class and no upcaster has cannot be decoded."""
    with pytest.raises(CorruptDataError):
        codec.decode(stored)


def test_a_wrong_shape_is_corrupt_data() -> None:
    """A stored event that lacks a field cannot be decoded."""
    with pytest.raises(CorruptDataError, match="Renamed"):
        codec.decode(StoredEvent("Renamed.v3", {"first": "Ada"}))


def test_a_gap_in_the_chain_is_found_at_import() -> None:
    """A missing upcaster is an error before any event is read."""
    with pytest.raises(TopologyError, match=r"Renamed\.v2"):
        Codec[Renamed](Renamed, {"Renamed.v1": split_name})


def test_an_upcaster_for_a_current_shape_is_refused() -> None:
    """A current shape needs no upcaster: one of the two is wrong."""
    with pytest.raises(TopologyError, match="current"):
        Codec[Renamed](Renamed, {**UPCASTERS, "Renamed.v3": add_title})


def test_an_upcaster_for_nothing_is_refused() -> None:
    """An upcaster of an event that no longer exists would lose it silently."""
    with pytest.raises(TopologyError, match="no event has that name"):
        Codec[Renamed](Renamed, {**UPCASTERS, "Gone.v1": add_title})


def test_a_commit_survives_storage() -> None:
    """Events and metadata come back as they were written."""
    events = codec.encode([Renamed(first="Ada", last="Lovelace", title=None)])
    body = encode_commit("person-1", 7, CONTEXT, events)

    commit = decode_commit(body, AT)

    assert (commit.id, commit.context, list(commit.events)) == ("person-1@7", CONTEXT, events)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"stream": "person-1"}', b'{"events": 3}'])
def test_an_unreadable_commit_is_corrupt_data(body: bytes) -> None:
    """Whatever lies in a commit document, reading it raises one kind of error."""
    with pytest.raises(CorruptDataError):
        decode_commit(body, AT)


def test_an_event_has_a_limit() -> None:
    """An event above 256 KiB is refused by name."""
    events = [StoredEvent("Renamed.v3", {"first": "x" * 256 * 1024})]
    with pytest.raises(TooLargeError, match=r"Renamed\.v3"):
        encode_commit("person-1", 1, CONTEXT, events)


def test_a_commit_has_a_limit() -> None:
    """A commit above 900 KiB is refused, however small its events."""
    events = [StoredEvent("Renamed.v3", {"first": "x" * 200 * 1024})] * 5
    with pytest.raises(TooLargeError, match="person-1@1"):
        encode_commit("person-1", 1, CONTEXT, events)
