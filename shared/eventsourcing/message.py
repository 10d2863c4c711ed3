"""What is written and sent: events, the commit that holds them, and who caused it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from zlib import crc32

from pydantic import BaseModel, ConfigDict

from shared.eventsourcing.errors import TopologyError

SHARDS = 16
"""Shards of one category's feed. Fixed for ever: `shard` is part of stored, immutable documents."""

EVENT_NAMESPACE = "commerce"
MAX_EVENT_BYTES = 256 * 1024
MAX_COMMIT_BYTES = 900 * 1024


class Event(BaseModel):
    """A fact, named in the past tense.

    `TYPE` is its stored name with its schema version, such as `ItemAddedToCart.v1`: a promise that outlives the
    class name. A stored shape never changes under the same version; see `codec.Upcaster`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    TYPE: ClassVar[str]


class IntegrationEvent(BaseModel):
    """A fact as other services see it: a published contract, mapped from a private event by a pure function."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    TYPE: ClassVar[str]


class Command(BaseModel):
    """A request to change one stream, in the imperative. Time, ids and prices come with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredEvent(NamedTuple):
    """An event as it lies in the log: its type name and its JSON object."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who asks for what, when and why: the metadata of one command and of all that it causes.

    `occurred_at` is business time (aware UTC); the store adds `recorded_at`, its own time. `command_id` identifies
    the command, not a commit: several instances may handle one command, and each makes a commit of its own.
    """

    command: str
    command_id: str
    correlation_id: str
    actor: str
    occurred_at: datetime
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One accepted command as the log keeps it: its events and their metadata. A stream's version counts these."""

    stream: str
    version: int
    events: tuple[StoredEvent, ...]
    context: Context
    recorded_at: datetime
    body: bytes
    """The JSON document as stored and as published on the domain topic."""

    @property
    def id(self) -> str:
        return message_id(self.stream, self.version)


def message_id(stream: str, version: int, index: int | None = None) -> str:
    """`cart-42@7` is a commit, `cart-42@7.0` its first event: the same wherever it turns up."""
    return f"{stream}@{version}" if index is None else f"{stream}@{version}.{index}"


def parse_message_id(text: str) -> tuple[str, int, int | None]:
    """The inverse of `message_id`; raises ValueError on anything else."""
    stream, _, rest = text.rpartition("@")
    version, dot, index = rest.partition(".")
    if not stream:
        raise ValueError(f"not a message id: {text!r}")
    return stream, int(version), int(index) if dot else None


def event_type(service: str, type_name: str) -> str:
    """The `ce-type` of an integration event: `commerce.orders.OrderPlaced.v1`."""
    return f"{EVENT_NAMESPACE}.{service}.{type_name}"


def commits_collection(category: str) -> str:
    """Where a store with collections keeps the commits of a category."""
    return f"{category}-commits"


def outbox_collection(category: str) -> str:
    """Where a store with collections keeps what a category's commits owe."""
    return f"{category}-outbox"


def checked_category(name: str) -> str:
    """The name, if a stream's name can be split after it; TopologyError otherwise."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise TopologyError(f"category {name!r} must be of lower-case letters, digits and _")
    return name


def category_of(stream: str) -> str:
    """`cart` of `cart-42`."""
    return stream.partition("-")[0]


def entity_of(stream: str) -> str:
    """`42` of `cart-42`."""
    return stream.partition("-")[2]


def shard_of(stream: str) -> str:
    """The shard of its category's feed that a stream belongs to, such as `cart-07`: always the same one."""
    return _shard(category_of(stream), crc32(stream.encode()) % SHARDS)


def shards_of(category: str) -> list[str]:
    """All shards of a category's feed."""
    return [_shard(category, number) for number in range(SHARDS)]


def _shard(category: str, number: int) -> str:
    return f"{category}-{number:02d}"
