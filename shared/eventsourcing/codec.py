"""Events and commits to JSON and back: one table of type names, old shapes made current on the way in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar, cast, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from shared.eventsourcing.errors import CorruptDataError, TooLargeError, TopologyError
from shared.eventsourcing.message import (
    MAX_COMMIT_BYTES,
    MAX_EVENT_BYTES,
    Commit,
    Context,
    Event,
    StoredEvent,
    message_id,
)

E = TypeVar("E", bound=Event)
Upcaster = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Makes one stored shape into its next version: pure, total, never edited once released."""


def split_type(type_name: str) -> tuple[str, int]:
    """`("ItemAddedToCart", 1)` of `ItemAddedToCart.v1`."""
    name, _, version = type_name.rpartition(".v")
    if not name or not version.isdigit():
        raise TopologyError(f"event type {type_name!r} is not of the form Name.v1")
    return name, int(version)


class Codec(Generic[E]):
    """The events of one category: encodes the current shape, decodes every shape that was ever stored.

    `union` is the union of the event classes (or the only class); `upcasters` maps an old type name to the function
    that yields the next version. A gap in a chain is a TopologyError when the module is imported.
    """

    def __init__(self, union: Any, upcasters: Mapping[str, Upcaster] | None = None) -> None:
        self.classes: tuple[type[E], ...] = cast("tuple[type[E], ...]", get_args(union) or (union,))
        self._by_type: dict[str, type[E]] = {cls.TYPE: cls for cls in self.classes}
        if len(self._by_type) != len(self.classes):
            raise TopologyError(f"two events share a type name: {[cls.TYPE for cls in self.classes]}")
        self._upcasters = dict(upcasters or {})
        self._check_chains()

    @property
    def types(self) -> frozenset[str]:
        """Every type name that can be decoded, those of earlier versions included."""
        return frozenset({*self._by_type, *self._upcasters})

    def encode(self, events: Iterable[E]) -> list[StoredEvent]:
        """The stored form."""
        return [StoredEvent(event.TYPE, event.model_dump(mode="json")) for event in events]

    def decode(self, stored: StoredEvent) -> E:
        """The event in its current shape; raises CorruptDataError if it is none of this category's."""
        type_name, data = stored
        while (cls := self._by_type.get(type_name)) is None:
            upcaster = self._upcasters.get(type_name)
            if upcaster is None:
                raise CorruptDataError(f"no event is called {type_name!r}")
            try:
                data = upcaster(data)
            except Exception as error:  # a bug there is as final as a bad document
                raise CorruptDataError(f"the upcaster of {type_name} failed on {stored.type}: {error!r}") from error
            type_name = _next_version(type_name)
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise CorruptDataError(f"stored {stored.type} does not fit its schema: {error}") from error

    def decode_text(self, type_name: str, data: str) -> E:
        """As `decode`, from the event's JSON as text: half the work where there are many."""
        read = self._readers.get(type_name)
        try:
            return read(data) if read is not None else self.decode(StoredEvent(type_name, from_json(data)))
        except ValueError as error:
            raise CorruptDataError(f"stored {type_name} does not fit its schema: {error}") from error

    @cached_property
    def _readers(self) -> Mapping[str, Callable[[str], E]]:
        """By type name: from JSON to the event, without a step between."""
        return {name: TypeAdapter(cls).validator.validate_json for name, cls in self._by_type.items()}

    def _check_chains(self) -> None:
        names = {split_type(type_name)[0] for type_name in self._by_type}
        for old in self._upcasters:
            if split_type(old)[0] not in names:
                raise TopologyError(f"upcaster for {old!r}, but no event has that name")
            if old in self._by_type:
                raise TopologyError(f"{old!r} is current and has an upcaster")
        for type_name in self._by_type:
            name, current = split_type(type_name)
            for version in range(1, current):
                if f"{name}.v{version}" not in self._upcasters:
                    raise TopologyError(f"no upcaster leads from {name}.v{version} to v{version + 1}")


def _next_version(type_name: str) -> str:
    name, version = split_type(type_name)
    return f"{name}.v{version + 1}"


def encode_commit(stream: str, version: int, context: Context, events: Sequence[StoredEvent]) -> bytes:
    """The commit's JSON document; raises TooLargeError if it exceeds 900 KiB or one of its events 256 KiB."""
    body = to_json(
        {
            "stream": stream,
            "version": version,
            "command": context.command,
            "command_id": context.command_id,
            "correlation_id": context.correlation_id,
            "causation_id": context.causation_id,
            "actor": context.actor,
            "occurred_at": context.occurred_at,
            "traceparent": context.traceparent,
            "events": [{"type": event.type, "data": event.data} for event in events],
        }
    )
    if len(body) > MAX_EVENT_BYTES:  # below that, no part can be too large either
        _check_sizes(message_id(stream, version), body, events)
    return body


def _check_sizes(commit_id: str, body: bytes, events: Sequence[StoredEvent]) -> None:
    if len(body) > MAX_COMMIT_BYTES:
        raise TooLargeError(f"{commit_id} has {len(body)} bytes, the limit is {MAX_COMMIT_BYTES}")
    for event in events:
        if (size := len(to_json(event.data))) > MAX_EVENT_BYTES:
            raise TooLargeError(f"{event.type} in {commit_id} has {size} bytes, the limit is {MAX_EVENT_BYTES}")


def decode_commit(body: bytes, recorded_at: datetime) -> Commit:
    """The inverse of `encode_commit`: one JSON parse, no model; events stay in stored form until a codec reads them."""
    try:
        raw = from_json(body)
        return Commit(
            stream=raw["stream"],
            version=raw["version"],
            events=tuple(StoredEvent(event["type"], event["data"]) for event in raw["events"]),
            context=Context(
                command=raw["command"],
                command_id=raw["command_id"],
                correlation_id=raw["correlation_id"],
                actor=raw["actor"],
                occurred_at=datetime.fromisoformat(raw["occurred_at"]),
                causation_id=raw["causation_id"],
                traceparent=raw["traceparent"],
            ),
            recorded_at=recorded_at,
            body=body,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptDataError(f"a stored commit cannot be decoded: {error!r}") from error
