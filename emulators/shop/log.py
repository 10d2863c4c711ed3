"""The log as a witness: commits of each category, folded as the write side folds them. No read model is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from emulators.feed.books import AFTER_ALL
from emulators.shop.compare import Sums, Witness
from emulators.shop.selling import Sold
from emulators.shop.witnesses import (
    entry,
    of_basket,
    of_sku,
    said_back,
    said_pieces,
    said_refund,
    said_stock,
    said_sums,
)
from functions.cart.decider import CART, Cart
from functions.inventory.decider import RESERVATION, STOCK
from functions.inventory.state import Reservation, Stock
from functions.orders.amounts import pieces
from functions.orders.decider import ORDER
from functions.orders.state import Order, ReturnStatus
from functions.payments.decider import PAYMENT
from functions.payments.state import Payment, RefundStatus
from functions.payments.state import Status as PaymentStatus
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import entity_of

NAME = "log"
S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """The states of everything in the log, by id."""

    carts: Mapping[str, Cart]
    orders: Mapping[str, Order]
    payments: Mapping[str, Payment]
    reservations: Mapping[str, Reservation]
    stock: Mapping[str, Stock]


async def read_log(log: EventStore) -> Logged:
    """CorruptDataError if a commit cannot be understood."""
    return Logged(
        carts=await _folded(log, CART),
        orders=await _folded(log, ORDER),
        payments=await _folded(log, PAYMENT),
        reservations=await _folded(log, RESERVATION),
        stock=await _folded(log, STOCK),
    )


async def _folded(log: EventStore, decider: Decider[Any, Any, S]) -> dict[str, S]:
    states: dict[str, S] = {}
    async for fed in log.feed(decider.category, until=AFTER_ALL):
        commit = fed.commit
        key = entity_of(commit.stream)
        states[key] = decider.fold(states.get(key) or decider.initial_state(), [commit])
    return states


def log_witness(logged: Logged, sold: Mapping[str, Sold], received: Mapping[str, int]) -> Witness:
    """What it says of these baskets and products."""
    says = {of_basket(basket): _basket(logged, it) for basket, it in sold.items()}
    says |= {
        of_sku(sku): said_stock(pieces - state.on_hand, state.on_hand, state.reserved)
        for sku, pieces in received.items()
        if (state := logged.stock.get(sku))
    }
    about = frozenset(
        {"cart", "line", "order", "payment", "paid", "refunded", "pieces", "moved", "on-hand", "reserved", "back"}
    )
    return Witness(name=NAME, about=about, says=says, sums=_sums(logged, sold))


def _basket(logged: Logged, sold: Sold) -> dict[str, str]:
    facts: dict[str, str] = {}
    if cart := logged.carts.get(sold.cart_id):
        facts["cart"] = cart.status.value
        facts |= {
            f"line {sku}": entry(line.quantity, line.charged.amount if line.charged else 0)
            for sku, line in cart.lines.items()
        }
    if order := logged.orders.get(sold.checkout_id):
        facts["order"] = order.status.value
        facts |= said_back(pieces(order.opened(ReturnStatus.COMPLETED)))
    facts |= said_pieces(_left(logged, sold))
    payment = logged.payments.get(sold.checkout_id)
    if payment and payment.request:
        facts |= {
            "payment": payment.status.value,
            **said_sums(_captured(payment), 0),
            **said_refund(_refunded(payment)),
        }
    return facts


def _left(logged: Logged, sold: Sold) -> list[tuple[str, int]]:
    """What left the reservation with a shipment."""
    reservation = logged.reservations.get(sold.checkout_id)
    if reservation is None or not reservation.shipments:
        return []
    return [(sku, count - reservation.kept.get(sku, 0)) for sku, count in reservation.lines.items()]


def _captured(payment: Payment) -> int:
    if payment.status is not PaymentStatus.CAPTURED:
        return 0
    return payment.asked.amount.amount - _refunded(payment)


def _refunded(payment: Payment) -> int:
    given = {RefundStatus.COMPLETED, RefundStatus.PAID_OTHERWISE}
    return sum(each.amount.amount for each in payment.refunds.values() if each.status in given)


def _sums(logged: Logged, sold: Mapping[str, Sold]) -> Sums:
    left = [lines for it in sold.values() if (lines := _left(logged, it))]
    payments = [logged.payments.get(it.checkout_id) for it in sold.values()]
    return Sums(
        baskets=len(left),
        lines=sum(map(len, left)),
        pieces=sum(quantity for lines in left for _, quantity in lines),
        cents=sum(_captured(payment) for payment in payments if payment),
    )
