"""Structured queries, written down in the order in which they are read."""

from typing import Any

from shared.adapters.firestore import messages
from shared.adapters.firestore.messages import StructuredQuery
from shared.adapters.firestore.values import set_scalar
from shared.eventsourcing.projection import Scalar

NAME = "__name__"


class Query:
    """Documents of one collection, in the order of their names unless told otherwise. `message` is what is sent.

    `group` takes all collections of that name, whatever their parent.
    """

    def __init__(self, collection: str, *, group: bool = False) -> None:
        self.message = StructuredQuery()
        self.message.from_.add(collection_id=collection, all_descendants=group)

    def select(self, *fields: str) -> "Query":
        for field in fields:
            self.message.select.fields.add(field_path=field)
        return self

    def where(self, field: str, operator: int) -> Any:
        """The value to compare with, to be filled in by the caller."""
        condition = self._condition().field_filter
        condition.field.field_path = field
        condition.op = operator
        return condition.value

    def where_null(self, field: str) -> None:
        condition = self._condition().unary_filter
        condition.field.field_path = field
        condition.op = messages.IS_NULL

    def order_by(self, *fields: str, descending: bool = False) -> "Query":
        for field in (*fields, NAME):
            direction = messages.DESCENDING if descending else messages.ASCENDING
            self.message.order_by.add(direction=direction).field.field_path = field
        return self

    def limit(self, documents: int) -> "Query":
        self.message.limit.value = documents
        return self

    def after(self, name: str, value: Scalar | None = None) -> "Query":
        """Start behind the document of this name, which has this value in the field that the query is ordered by."""
        if len(self.message.order_by) > 1:
            set_scalar(self.message.start_at.values.add(), value)
        self.message.start_at.values.add(reference_value=name)
        return self

    def up_to(self, name: str) -> "Query":
        self.message.end_at.values.add(reference_value=name)
        return self

    def resume(self, last: Any, read: int) -> bool:
        """Go on after a document of this query, of which `read` documents came already; False if those were all."""
        self.message.ClearField("start_at")
        for order in self.message.order_by[:-1]:
            self.message.start_at.values.add().CopyFrom(last.fields[order.field.field_path])
        self.message.start_at.values.add(reference_value=last.name)
        if not self.message.HasField("limit"):
            return True
        self.message.limit.value -= read
        return bool(self.message.limit.value)

    def _condition(self) -> Any:
        self.message.where.composite_filter.op = messages.AND
        return self.message.where.composite_filter.filters.add()
