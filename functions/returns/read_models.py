"""The documents that the queries of returns return."""

from pydantic import BaseModel, ConfigDict

from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.projection import WorkflowView


class ReturnLineView(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: int


class ReceivedLineView(BaseModel):
    """What arrived of one line: `sound` pieces are in stock again, `missing` ones can be returned later."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    sound: int
    damaged: int
    missing: int


class ReturnView(WorkflowView):
    """A return. `lines` is what was asked for, `received` what arrived, null until staff has looked at it. `refund` is
    what the pieces that arrived come to, null until it is known; what was given for them, the payment says.
    `refund_failed` says that the payment could not give it when it was asked; what a bank sends back later, the order
    shows. Where staff asked for the return, `customer_id` is null until it is known.
    """

    order_id: str
    customer_id: str | None
    return_reason: str | None = None
    lines: list[ReturnLineView]
    received: list[ReceivedLineView] | None = None
    refund: Money | None = None
    refund_failed: bool = False
