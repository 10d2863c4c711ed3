"""The state of an order: what its commands need to know."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from functions.orders.events import OrderCreated, ReturnOpened


class Status(StrEnum):
    ABSENT = "absent"
    CREATED = "created"
    CONFIRMED = "confirmed"
    PLACED = "placed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class ReturnStatus(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Return(BaseModel):
    """`opened` is how it began: None of one that was cancelled before."""

    model_config = ConfigDict(frozen=True)
    status: ReturnStatus
    opened: ReturnOpened | None


class Order(BaseModel):
    """An order as its commands need to know it. `created` is how it began; `shipped` counts pieces by product."""

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    created: OrderCreated | None = None
    shipped: dict[str, int] = {}
    shipments: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()
    returns: dict[str, Return] = {}

    @property
    def terms(self) -> OrderCreated:
        """Of any order that was ever created."""
        if self.created is None:
            raise ValueError("this order was never created")
        return self.created

    def opened(self, *statuses: ReturnStatus) -> tuple[ReturnOpened, ...]:
        """The returns of these statuses, as they were opened."""
        return tuple(each.opened for each in self.returns.values() if each.opened and each.status in statuses)

    @property
    def coming_back(self) -> tuple[ReturnOpened, ...]:
        """All that were not cancelled."""
        return self.opened(ReturnStatus.OPEN, ReturnStatus.COMPLETED)


def is_closed(order: Order) -> bool:
    """Delivered, back or cancelled, and nothing on its way back. A return may still be opened."""
    ended = order.status in {Status.DELIVERED, Status.RETURNED, Status.CANCELLED}
    return ended and not order.opened(ReturnStatus.OPEN)
