"""What `shop_contradictions` finds in a log: each kind of contradiction, planted, and nothing in a log without one."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.e2e.embedded_shop import Json, usd
from tests.e2e.shop_contradictions import contradictions

Told = tuple[str, str, str, Json]
"""Category, entity, type and data of an event."""


class Log:
    """A log with these events."""

    def __init__(self, *told: Told) -> None:
        self._told = told

    @property
    def log(self) -> Any:
        return self

    async def feed(self, category: str, *, until: object) -> AsyncIterator[Any]:
        for number, (of, entity, kind, data) in enumerate(self._told):
            if of == category:
                event = SimpleNamespace(type=f"{kind}.v1", data=data)
                stream = f"{category}-{entity}"
                yield SimpleNamespace(commit=SimpleNamespace(stream=stream, version=number, events=[event]))


def pieces(quantity: int) -> Json:
    return {"lines": [{"sku": "milk", "quantity": quantity}]}


PLACED: tuple[Told, ...] = (
    (
        "order",
        "o1",
        "OrderPlaced",
        {
            "payment_id": "p1",
            "checkout_id": "o1",
            "total": usd(1499),
            "lines": [{"sku": "milk", "quantity": 4, "due": usd(1000)}],
        },
    ),
    ("payment", "p1", "PaymentCaptured", {"amount": usd(1499)}),
    ("redemption", "o1", "CouponsRedeemed", {"customer_id": "900", "coupons": [{"code": "THIRTY"}]}),
    ("shipment", "o1-1", "ShipmentDispatched", {"order_id": "o1", **pieces(4)}),
)
RELEASED: Told = ("redemption", "o1", "RedemptionReleased", {})
LOST: Told = ("order", "o1", "OrderLost", {})


def lost(quantity: int, cents: int) -> Told:
    return ("order", "o1", "OrderShipmentLost", {"refund_id": "r1", "refund": usd(cents), **pieces(quantity)})


def refunded(cents: int) -> Told:
    return ("payment", "p1", "RefundCompleted", {"refund_id": "r1", "amount": usd(cents)})


def refund_failed(cents: int) -> Told:
    return ("payment", "p1", "RefundFailed", {"refund_id": "r1", "amount": usd(cents)})


@pytest.mark.parametrize(
    "more",
    [
        (),
        (lost(1, 250), refunded(250)),
        (lost(1, 250), refund_failed(250)),
        (lost(4, 1499), LOST, refunded(1499), RELEASED),
    ],
    ids=["an order", "a part is lost", "its refund failed", "all is lost"],
)
async def test_a_shop_that_agrees_with_itself_has_none(more: tuple[Told, ...]) -> None:
    """Whatever became of the order."""
    assert await contradictions(Log(*PLACED, *more)) == []


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ((lost(4, 1499), LOST, refunded(1499)), "order o1 came to nothing, and its coupons are used"),
        ((lost(1, 250), refunded(250), RELEASED), "order o1 stands, and its coupons were given back"),
        (
            (lost(4, 1499), refunded(1499)),
            "order o1: all pieces are cancelled or lost, and it is not lost",
        ),
        (
            (lost(1, 200), refunded(200)),
            "order o1: 200 went back, at least 250 are owed for what was given up",
        ),
        (
            (lost(4, 1000), LOST, refunded(1000), RELEASED),
            "order o1: 1000 went back, at least 1499 are owed for what was given up",
        ),
        ((lost(1, 260), refunded(255)), "order o1: r1 gave 255 of 260, and more is left"),
    ],
    ids=["coupons kept", "coupons given back", "not lost", "stated too little", "shipping kept", "given too little"],
)
async def test_a_contradiction_is_told(more: tuple[Told, ...], found: str) -> None:
    """In words, with the order."""
    assert await contradictions(Log(*PLACED, *more)) == [found]
