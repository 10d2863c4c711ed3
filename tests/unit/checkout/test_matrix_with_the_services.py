"""A sample of the failure matrix with the real services on the other side, their own logs and their own rules."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from functions.checkout.workflow import CHECKOUT_WORKFLOW
from functions.payments.adapters.memory import APPROVED
from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.state import Saga, Status
from shared.testing.virtual_time import on_virtual_time, virtual_now
from shared.testing.workflow_faults import WORKFLOW_ID
from shared.testing.workflow_matrix import Case, Recovery, cases, ending
from shared.testing.workflow_world import play
from tests.unit.checkout.premises import Premises, filled_cart, stocked, usd

PIVOT = "capture_payment"
SAMPLE = [
    case
    for case in cases(CHECKOUT_WORKFLOW)
    if case.recovery is Recovery.RACE or (case.recovery is Recovery.SWEEP and case.turned_back_by == PIVOT)
]


class RealServices:
    """`Services`: everything behind its own edge, in one memory."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self.found: dict[str, Any] = {}

    async def answer(self, request: Request) -> Response:
        return await self._premises.call(request)

    def troubles(self, saga: Saga) -> list[str]:
        placed = saga.status is Status.COMPLETED
        good: dict[str, Any] = {
            "cart": "checked-out",
            "redemption": "redeemed",
            "order": "placed",
            "reservation": "allocated",
            "payment": "captured",
            "milk": (10, 2),
            "tea": (5, 1),
        }
        bad: dict[str, set[Any]] = {
            "cart": {"open"},
            "redemption": {"absent", "released"},
            "order": {"absent", "cancelled"},
            "reservation": {"absent", "released"},
            "payment": {"absent", "voided"},
            "milk": {(10, 0)},
            "tea": {(5, 0)},
        }
        allowed = {name: {good[name]} if placed else bad[name] for name in good}
        return [
            f"{saga.status}: {name} is {self.found[name]}" for name in good if self.found[name] not in allowed[name]
        ]

    async def look(self, cart_id: str) -> None:
        """What the services' logs say now."""
        places = {
            "cart": ("cart", "cart", cart_id),
            "redemption": ("promotions", "redemption", WORKFLOW_ID),
            "order": ("orders", "order", WORKFLOW_ID),
            "reservation": ("inventory", "reservation", WORKFLOW_ID),
            "payment": ("payments", "payment", WORKFLOW_ID),
        }
        for name, place in places.items():
            self.found[name] = str((await self._premises.state(*place)).status)
        for sku in ("milk", "tea"):
            stock = await self._premises.state("inventory", "stock", sku)
            self.found[sku] = (stock.on_hand, stock.reserved)


@pytest.mark.parametrize("case", SAMPLE, ids=str)
@on_virtual_time
async def test_the_services_agree_at_the_end(case: Case) -> None:
    """Whatever goes wrong between them, their logs tell the same story."""
    premises = await stocked(Premises(virtual_now))
    cart_id = await filled_cart(premises)
    services, token = RealServices(premises), await premises.sealed("900", APPROVED)

    def data(now: datetime) -> Mapping[str, Any]:
        return {
            "checkout_id": WORKFLOW_ID,
            "cart_id": cart_id,
            "cart_version": 3,
            "expected_total": usd(849),
            "customer_id": "900",
            "payment_token": token,
            "shipping_address": "sealed:v1:x",
            "country": "US",
            "coupons": [{"code": "TEN"}],
            "at": None,
            "started_at": now.isoformat(),
        }

    saga = await (await play(CHECKOUT_WORKFLOW, services, case, data)).saga()

    await services.look(cart_id)
    assert (saga.status, services.troubles(saga)) == (ending(CHECKOUT_WORKFLOW, case), [])
