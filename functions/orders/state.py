"""The state of an order: what its commands need to know."""

from enum import StrEnum
from typing import Literal, assert_never

from pydantic import BaseModel, ConfigDict

from functions.orders.events import LinesCancelled, OrderCreated, OrderShipmentLost, ReturnOpened


class Status(StrEnum):
    ABSENT = "absent"
    CREATED = "created"
    CONFIRMED = "confirmed"
    PLACED = "placed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"
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


class RefundStatus(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    PAID_OTHERWISE = "paid-otherwise"
    RESOLVED = "resolved"


class Refund(BaseModel):
    model_config = ConfigDict(frozen=True)
    status: RefundStatus
    amount: int


class Dispute(BaseModel):
    """`outcome` is None while it is open."""

    model_config = ConfigDict(frozen=True)
    amount: int
    outcome: Literal["won", "lost"] | None = None


GivenUp = ReturnOpened | LinesCancelled | OrderShipmentLost
"""Goods that the customer does not have, or gives back, with what comes back for them."""


class Order(BaseModel):
    """An order as its commands need to know it. `created` is how it began; `shipped` counts pieces by product, and so
    does each of the `shipments`; `delivered` are those that arrived, `losses` those that were lost, and may have
    arrived all the same. `refunds` and `disputes` are what its payment told.
    """

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    created: OrderCreated | None = None
    shipped: dict[str, int] = {}
    shipments: dict[str, dict[str, int]] = {}
    delivered: tuple[str, ...] = ()
    losses: dict[str, OrderShipmentLost] = {}
    cancellations: dict[str, LinesCancelled] = {}
    returns: dict[str, Return] = {}
    refunds: dict[str, Refund] = {}
    disputes: dict[str, Dispute] = {}

    @property
    def terms(self) -> OrderCreated:
        """Of any order that was ever created."""
        if self.created is None:
            raise ValueError("this order was never created")
        return self.created

    @property
    def arrived(self) -> dict[str, int]:
        """Pieces by product that the customer has got."""
        counted: dict[str, int] = {}
        for shipment_id in self.delivered:
            for sku, quantity in self.shipments.get(shipment_id, {}).items():
                counted[sku] = counted.get(sku, 0) + quantity
        return counted

    def opened(self, *statuses: ReturnStatus) -> tuple[ReturnOpened, ...]:
        """The returns of these statuses, as they were opened."""
        return tuple(each.opened for each in self.returns.values() if each.opened and each.status in statuses)

    @property
    def coming_back(self) -> tuple[ReturnOpened, ...]:
        """All that were not cancelled."""
        return self.opened(ReturnStatus.OPEN, ReturnStatus.COMPLETED)

    @property
    def given_up(self) -> tuple[GivenUp, ...]:
        """All goods that are refunded."""
        return (*self.coming_back, *self.cancellations.values(), *self.losses.values())

    @property
    def still_lost(self) -> tuple[OrderShipmentLost, ...]:
        """Without those that turned up."""
        return tuple(lost for shipment_id, lost in self.losses.items() if shipment_id not in self.delivered)

    @property
    def never_arriving(self) -> tuple[LinesCancelled | OrderShipmentLost, ...]:
        """Goods that the customer is not going to have."""
        return (*self.cancellations.values(), *self.still_lost)

    @property
    def left(self) -> int:
        """Cents of the total that have neither gone back, as far as is known here, nor are about to: for goods, by
        refunds of another reason, or by lost disputes. A refund that failed gave nothing, unless a person did. Below
        zero if more went back by a dispute than was left.
        """
        stated = {_refund_id(each): each.refund.amount for each in self.given_up}
        in_vain = {name for name, x in self.refunds.items() if x.status in {RefundStatus.FAILED, RefundStatus.RESOLVED}}
        goods = sum(cents for name, cents in stated.items() if name not in in_vain)
        other = sum(x.amount for name, x in self.refunds.items() if name not in in_vain | stated.keys())
        lost = sum(each.amount for each in self.disputes.values() if each.outcome == "lost")
        return self.terms.total.amount - goods - other - lost


def _refund_id(given_up: GivenUp) -> str:
    match given_up:
        case ReturnOpened(return_id=name) | LinesCancelled(cancellation_id=name) | OrderShipmentLost(refund_id=name):
            return name
        case _:
            assert_never(given_up)
