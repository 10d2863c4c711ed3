"""The documents that the queries of returns return."""

from pydantic import BaseModel, ConfigDict

from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.projection import WorkflowView


class ReturnLineView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int


class ReturnView(WorkflowView):
    """A return. `refund` is null until it is known; `customer_id` too, if staff asked for it."""

    order_id: str
    customer_id: str | None
    lines: list[ReturnLineView]
    refund: Money | None = None
