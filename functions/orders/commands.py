"""What can be asked of an order."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.orders.events import MovedLine, OrderDiscount
from shared.eventsourcing.message import Command
from shared.eventsourcing.money import Currency, Money
from shared.eventsourcing.personal import Sealed


class PricedLine(BaseModel):
    """A product, what one costs (if there is such a price), and what all of them cost before discounts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sku: str
    quantity: int
    unit_price: Money | None
    total: Money


class CreateOrder(Command):
    """`total` is what the caller is going to take for it, if it says so: it must be what the order comes to."""

    order_id: str
    customer_id: str
    checkout_id: str
    currency: Currency
    lines: tuple[PricedLine, ...]
    discounts: tuple[OrderDiscount, ...]
    shipping: Money
    tax: Money
    total: Money | None = None
    shipping_address: Sealed
    reservation_id: str
    payment_id: str
    at: AwareDatetime


class ConfirmOrder(Command):
    at: AwareDatetime


class PlaceOrder(Command):
    """The money was taken: `captured` by this payment."""

    payment_id: str
    captured: Money
    at: AwareDatetime


class CancelOrder(Command):
    """Its checkout gives up the order, which is not placed yet; one that was not created yet is never to be created."""

    order_id: str
    reason: str
    at: AwareDatetime


class CancelLines(Command):
    """Fulfillment has stopped these pieces: they are here, and are not going to be sent."""

    cancellation_id: str
    lines: tuple[MovedLine, ...]
    reason: str
    at: AwareDatetime


class RecordShipment(Command):
    """A shipment left with these lines."""

    shipment_id: str
    lines: tuple[MovedLine, ...]
    at: AwareDatetime


class RecordDelivery(Command):
    """A shipment of these lines arrived."""

    shipment_id: str
    lines: tuple[MovedLine, ...]
    at: AwareDatetime


class RecordLoss(Command):
    """A shipment of these lines was lost."""

    shipment_id: str
    lines: tuple[MovedLine, ...]
    at: AwareDatetime


class OpenReturn(Command):
    """These pieces have come back."""

    return_id: str
    lines: tuple[MovedLine, ...]
    reason: str
    at: AwareDatetime


class CompleteReturn(Command):
    """The goods are back, and their refund was asked for."""

    return_id: str
    at: AwareDatetime


class _OfPayment(Command):
    """What a payment tells. Only the one that the order was paid by counts."""

    payment_id: str
    amount: Money
    at: AwareDatetime


class RecordRefund(_OfPayment):
    refund_id: str


class RecordRefundFailure(_OfPayment):
    refund_id: str
    code: str


class RecordRefundResolution(_OfPayment):
    refund_id: str
    paid_otherwise: bool


class RecordDispute(_OfPayment):
    dispute_id: str
    reason: str


class RecordDisputeEnd(_OfPayment):
    """It may come before the news that there is a dispute."""

    dispute_id: str
    outcome: Literal["won", "lost"]


MoneyCommand = RecordRefund | RecordRefundFailure | RecordRefundResolution | RecordDispute | RecordDisputeEnd
OrderCommand = (
    CreateOrder
    | ConfirmOrder
    | PlaceOrder
    | CancelOrder
    | CancelLines
    | RecordShipment
    | RecordDelivery
    | RecordLoss
    | OpenReturn
    | CompleteReturn
    | MoneyCommand
)
