"""The documents that the checkout's queries return."""

from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.projection import WorkflowView


class CheckoutView(WorkflowView):
    """A checkout. `total` is null until it is known; `order_id` until there is an order."""

    cart_id: str
    customer_id: str
    order_id: str | None = None
    total: Money | None = None
