"""The read side: pure projections and the port to the read models that they make."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Final, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from shared.eventsourcing.codec import Codec
from shared.eventsourcing.message import Commit, Event, entity_of
from shared.eventsourcing.shape import mark_of

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)
Scalar = str | int | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """A read-model document as stored.

    `version` is the stream's version that it shows; `body` its JSON, None where the projection removed it (the version
    must outlive the document); `fields` what queries may filter and order by; `token` guards the next write; `schema`
    names the shape of the document, "" for what is none.
    """

    key: str
    version: int
    recorded_at: datetime
    body: bytes | None
    fields: Mapping[str, Scalar]
    token: object = None
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Rows whose fields equal `where`, ordered by one field and then by key, after the row (field value, key)."""

    where: Mapping[str, Scalar]
    order_by: str
    descending: bool = False
    limit: int = 50
    after: tuple[Scalar, str] | None = None


class ReadStore(Protocol):
    """The port to the read models. Raises UnavailableError within a bounded time when the store is down. A collection's
    name may have a path before it, `generations/2/carts`: the indexes are those of its last part.
    """

    async def get(self, collection: str, key: str) -> Row | None: ...

    async def get_many(self, collection: str, keys: Sequence[str]) -> Mapping[str, Row]:
        """Those that exist, by key, in one round trip."""
        ...

    async def find(self, collection: str, find: Find) -> Sequence[Row]: ...

    async def put(self, collection: str, row: Row) -> Row:
        """Write if nobody wrote since `row.token` was read (None: the row is new); else ConcurrencyError. Returns the
        row with its new token. Raises TooLargeError or CorruptDataError for a row that the store can never hold.
        A write whose acknowledgement was lost is no conflict with itself: what is there is what was to be written.
        """
        ...

    async def put_all(self, rows: Mapping[str, Row]) -> Mapping[str, Row]:
        """By collection: all of them as `put` does, in one write, or none of them."""
        ...

    async def create_many(self, collection: str, rows: Sequence[Row]) -> Sequence[str]:
        """Write those that do not exist yet, each by itself and not together; at most `MAX_BULK` at once. Returns the
        keys of those that the store can never hold.
        """
        ...

    async def delete_many(self, collection: str, keys: Sequence[str]) -> None:
        """Those of these that exist, each by itself; at most `MAX_BULK` at once."""
        ...

    async def scan(self, collection: str, *, after: str | None = None, limit: int) -> Sequence[Row]:
        """The next rows in the store's own order of keys, which is always the same one."""
        ...


MAX_BULK = 500
MAX_FOLDED: Final = 2_000
"""Commits that one query folds at most. What a customer changes stays below: a cart of the web takes 1,100."""


@cache
def _schema_of(document_type: type[BaseModel]) -> str:
    """Worked out once, for all generations."""
    return mark_of(document_type.model_json_schema())


@dataclass(frozen=True, kw_only=True)
class Projection(Generic[E, D]):
    """One read model: a document per stream.

    `project(document, event)` is pure: None in, if there is no document yet; None out, to remove it.
    `fields(document)` are the values that queries filter and order by.
    """

    category: str
    collection: str
    document_type: type[D]
    codec: Codec[E]
    project: Callable[[D | None, E], D | None]
    fields: Callable[[D], Mapping[str, Scalar]]

    @property
    def name(self) -> str:
        return f"{self.category}.{self.collection}"

    @cached_property
    def schema(self) -> str:
        """Names the shape of the documents."""
        return _schema_of(self.document_type)

    def apply(self, document: D | None, commit: Commit) -> D | None:
        for stored in commit.events:
            document = self.project(document, self.codec.decode(stored))
        return document

    def restore(self, row: Row | None) -> tuple[D | None, int]:
        """The stored document and its version. A document of another shape, written by another release, counts as none
        at version 0: it is folded again from the start.
        """
        if row is None or row.schema != self.schema:
            return None, 0
        if row.body is None:
            return None, row.version
        try:
            return self.document_type.model_validate_json(row.body), row.version
        except ValidationError:
            return None, 0

    def row(self, stream: str, document: D | None, commit: Commit, token: object) -> Row:
        """The document as `commit`, the last one that it shows, has left it."""
        return self.row_at(stream, document, commit.version, commit.recorded_at, token=token)

    def row_at(
        self, stream: str, document: D | None, version: int, recorded_at: datetime, *, token: object = None
    ) -> Row:
        """The same, without the commit."""
        return Row(
            key=entity_of(stream),
            version=version,
            recorded_at=recorded_at,
            body=document.model_dump_json().encode() if document is not None else None,
            fields=self.fields(document) if document is not None else {},
            token=token,
            schema=self.schema,
        )
