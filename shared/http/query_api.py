"""What can be asked of a read model over HTTP, as data; `query_edge` serves it."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field, create_model

from shared.eventsourcing.message import Event
from shared.eventsourcing.projection import Projection
from shared.http.requests import Moment, Parameters

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)
MAX_LIMIT = 200
MAX_VERSION = 9_999_999_999
MAX_FILTER_CHARS = 300
"""At four bytes each they stay below the 1,500 that Firestore takes in a query."""


class EntityParameters(Parameters):
    """`min_version` asks for at least that version (read your writes); `version` and `as_of` for an earlier state, by
    the stream's version or by the time at which the log recorded it.
    """

    min_version: int | None = Field(None, ge=1, le=MAX_VERSION)
    version: int | None = Field(None, ge=1, le=MAX_VERSION)
    as_of: Moment | None = None


class HistoryParameters(Parameters):
    """Commits with a version above `after`, at most `limit` of them."""

    after: int = Field(0, ge=0, le=MAX_VERSION)
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class ListParameters(Parameters):
    """A page: at most `limit` documents, from where the last page's `next` says."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True)
class QueryApi(Generic[E, D]):
    """A read model over HTTP, as data.

    `entity` is the path of one document below `/<service>/v1`, `collection` that of their list, which can be filtered
    by `filters` (equal) and comes newest `order_by` first. `owner` is the field that holds the customer whose the
    document is: a customer's queries are limited to their own. `required` filters must be given by staff.
    """

    service: str
    projection: Projection[E, D]
    entity: str
    collection: str
    owner: str
    filters: tuple[str, ...]
    required: tuple[str, ...]
    order_by: str

    @property
    def prefix(self) -> str:
        return f"/{self.service}/v1"

    @property
    def id_parameter(self) -> str:
        return self.entity.rpartition("{")[2].rstrip("}")

    def list_parameters(self) -> type[ListParameters]:
        """The list's query parameters, filters included."""
        filters: dict[str, Any] = dict.fromkeys(self.filters, (str | None, Field(None, max_length=MAX_FILTER_CHARS)))
        return create_model(f"{self.projection.document_type.__name__}List", __base__=ListParameters, **filters)
