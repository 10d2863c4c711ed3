"""What the platform says of a run, asked over HTTP: first until all of it has settled, then all that is left."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from emulators.feed.tills import CARTS, Progress
from emulators.feed.workers import for_each
from emulators.shop.cancelling import CANCELLATIONS
from emulators.shop.choose import Fate, Sale
from emulators.shop.returning import RETURNS
from emulators.shop.selling import Sold
from emulators.shop.staff import Clerk
from functions.notifications.reactor import mail_id

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
Settled = Callable[[Any], bool]


@dataclass(slots=True)
class Answers:
    """Documents by id; those that are not there are left out. `mails` come as often as the list has them, `sink` is
    what the mail server got, None where nobody can tell. `behind` are the baskets that had not settled in time.
    """

    carts: dict[str, Any] = field(default_factory=dict)
    orders: dict[str, Any] = field(default_factory=dict)
    payments: dict[str, Any] = field(default_factory=dict)
    redemptions: dict[str, Any] = field(default_factory=dict)
    ledger: dict[str, Any] = field(default_factory=dict)
    shipments: list[Any] = field(default_factory=list)
    reservations: dict[str, Any] = field(default_factory=dict)
    stock: dict[str, Any] = field(default_factory=dict)
    returns: dict[str, Any] = field(default_factory=dict)
    cancellations: dict[str, Any] = field(default_factory=dict)
    mails: list[Any] = field(default_factory=list)
    sink: Any = None
    behind: list[str] = field(default_factory=list)
    settled_seconds: float = 0.0


def status(*wanted: str) -> Settled:
    return lambda body: body is not None and body["status"] in wanted


def awaited(sale: Sale, sold: Sold) -> dict[str, Settled]:
    """By path: when everything about a basket has come to rest. What is not to be is not waited for."""
    cart, order = f"{CARTS}/{sold.cart_id}", f"/orders/v1/orders/{sold.checkout_id}"
    if sale.fate is Fate.EMPTY:
        return {cart: status("open", "expired")}
    if not sold.completed:
        return {
            cart: status("open"),
            order: status("cancelled"),
            f"/notifications/v1/mails/order_cancelled.{sold.checkout_id}": status("sent"),
        }
    if sold.cancellation_id:
        coupons = {f"/promotions/v1/redemptions/{sold.checkout_id}": status("released")} if sale.coupons else {}
        return {cart: status("checked-out"), **_of_cancellation(sold.checkout_id, sold.cancellation_id), **coupons}
    return {
        cart: status("checked-out"),
        f"/inventory/v1/reservations/{sold.checkout_id}": status("shipped"),
        f"/notifications/v1/mails/order_placed.{sold.checkout_id}": status("sent"),
        f"/notifications/v1/mails/shipment_dispatched.{sold.checkout_id}-1": status("sent"),
        order: status("delivered"),
        **(_of_return(sold.checkout_id, sold.return_id) if sold.return_id else {}),
    }


def _of_cancellation(order_id: str, cancellation_id: str) -> dict[str, Settled]:
    """The goods are free again, and the order knows of its money; the customer was told."""
    refund = mail_id("payment_refunded", order_id, cancellation_id)
    return {
        f"/inventory/v1/reservations/{order_id}": status("released"),
        f"/notifications/v1/mails/order_placed.{order_id}": status("sent"),
        f"/notifications/v1/mails/order_cancelled.{order_id}": status("sent"),
        f"/notifications/v1/mails/{refund}": status("sent"),
        f"/orders/v1/orders/{order_id}": lambda body: bool(body and body["refunded"]["amount"]),
    }


def _of_return(order_id: str, return_id: str) -> dict[str, Settled]:
    """The order has what is back, and its money; the customer was told."""
    refund = mail_id("payment_refunded", order_id, return_id)
    return {
        f"{RETURNS}/{return_id}": status("completed"),
        f"/orders/v1/orders/{order_id}": lambda body: bool(
            body and body["refunded"]["amount"] and any(line["returned"] for line in body["lines"])
        ),
        f"/notifications/v1/mails/return_approved.{return_id}": status("sent"),
        f"/notifications/v1/mails/{refund}": status("sent"),
    }


async def settle(
    operator: Clerk,
    sales: Sequence[Sale],
    sold: Mapping[str, Sold],
    *,
    workers: int,
    patience: float,
    progress: Progress,
) -> Answers:
    """Wait until all read models show what must come, at most `patience` seconds; say who was behind then."""
    found, began = Answers(), perf_counter()
    waiting = {sale.id for sale in sales}

    async def one(sale: Sale) -> None:
        for path, settled in awaited(sale, sold[sale.id]).items():
            await _until(operator, path, settled)
        waiting.discard(sale.id)
        progress("settling", len(sales) - len(waiting), len(sales))

    try:
        async with asyncio.timeout(patience):
            await for_each(sales, one, workers=workers)
    except TimeoutError:
        found.behind = sorted(waiting)
    found.settled_seconds = perf_counter() - began
    return found


async def _until(operator: Clerk, path: str, settled: Settled) -> None:
    pause = FIRST_PAUSE
    while not settled(await operator.find(path)):
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def ask(
    operator: Clerk,
    sales: Sequence[Sale],
    sold: Mapping[str, Sold],
    found: Answers,
    *,
    workers: int,
    progress: Progress,
) -> None:
    """Everything about these baskets, into `found`: one by one where it is theirs, as lists where it is the shop's."""
    done = 0

    async def one(sale: Sale) -> None:
        nonlocal done
        it = sold[sale.id]
        await _keep(operator, found.carts, it.cart_id, CARTS)
        await _keep(operator, found.orders, it.checkout_id, "/orders/v1/orders")
        await _keep(operator, found.payments, it.checkout_id, "/payments/v1/payments")
        if it.return_id:
            await _keep(operator, found.returns, it.return_id, RETURNS)
        if it.cancellation_id:
            await _keep(operator, found.cancellations, it.cancellation_id, CANCELLATIONS)
        if sale.coupons:
            await _keep(operator, found.redemptions, it.checkout_id, "/promotions/v1/redemptions")
        done += 1
        progress("questions", done, len(sales))

    await for_each(sales, one, workers=workers)
    found.ledger = {each["id"]: each for each in await operator.listed("/payments/v1/ledger?currency=USD")}
    found.shipments = await operator.listed("/fulfillment/v1/shipments?")
    found.mails = await operator.listed("/notifications/v1/mails?")
    for state in ("reserved", "allocated", "released", "expired", "shipped"):
        listed = await operator.listed(f"/inventory/v1/reservations?status={state}")
        found.reservations |= {each["id"]: each for each in listed}
    for state in ("available", "sold-out"):
        listed = await operator.listed(f"/inventory/v1/stock?status={state}")
        found.stock |= {each["id"]: each for each in listed}
    found.sink = await operator.find("/_local/mails") or None


async def _keep(operator: Clerk, documents: dict[str, Any], key: str, collection: str) -> None:
    body = await operator.find(f"{collection}/{key}")
    if body is not None:
        documents[key] = body
