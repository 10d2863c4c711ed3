"""The failure matrix of the checkout: whatever goes wrong, money, stock, coupons, orders and mails agree at the end."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from functions.checkout.workflow import CHECKOUT_WORKFLOW
from shared.eventsourcing.workflow.events import WorkflowCompleted, WorkflowFailed
from shared.eventsourcing.workflow.state import Status
from shared.testing.virtual_time import on_virtual_time
from shared.testing.workflow_faults import WORKFLOW_ID
from shared.testing.workflow_matrix import Case, Fault, Recovery, cases, ending
from shared.testing.workflow_world import World, play
from tests.unit.checkout.shop import Shop, usd

CASES = cases(CHECKOUT_WORKFLOW)
NOTHING_TO_PAY = frozenset({"authorize_payment", "capture_payment"})
FREE_CASES = cases(CHECKOUT_WORKFLOW, skipped=NOTHING_TO_PAY)


def checkout_data(now: datetime) -> Mapping[str, Any]:
    return {
        "checkout_id": WORKFLOW_ID,
        "cart_id": "c1",
        "cart_version": 7,
        "expected_total": usd(830),
        "customer_id": "900",
        "payment_token": "pm_card_visa",
        "shipping_address": "sealed:x",
        "country": "US",
        "coupons": [{"code": "TEN"}],
        "at": None,
        "started_at": now.isoformat(),
    }


def free_data(now: datetime) -> Mapping[str, Any]:
    return {**checkout_data(now), "expected_total": usd(0)}


async def check(world: World) -> None:
    saga = await world.saga()
    ends = [event for event in await world.history() if isinstance(event, WorkflowCompleted | WorkflowFailed)]

    assert (saga.status, len(ends)) == (ending(CHECKOUT_WORKFLOW, world.case), 1)
    assert world.services.troubles(saga) == []


@pytest.mark.parametrize("case", CASES, ids=str)
@on_virtual_time
async def test_everything_agrees_at_the_end(case: Case) -> None:
    """Captured money is that of placed orders, nothing is kept for nobody, one mail per fact; and it ends once."""
    await check(await play(CHECKOUT_WORKFLOW, Shop(), case, checkout_data))


@pytest.mark.parametrize("case", [case for case in FREE_CASES if case.recovery is Recovery.RACE], ids=str)
@on_virtual_time
async def test_everything_agrees_if_there_is_nothing_to_pay(case: Case) -> None:
    """Coupons that pay for all of it leave the card alone, and the order is placed all the same."""
    world = await play(CHECKOUT_WORKFLOW, Shop(discount=880), case, free_data)

    saga = await world.saga()
    assert world.services.troubles(saga) == []
    assert saga.status is (Status.FAILED if case.undo else ending(CHECKOUT_WORKFLOW, case))


@pytest.mark.parametrize("recovery", Recovery)
@on_virtual_time
async def test_without_stock_nothing_is_left(recovery: Recovery) -> None:
    """A refusal by a service's own rule turns the checkout back like any other."""
    shop = Shop(stock={"milk": 1, "tea": 5})
    case = Case(step="place_order", fault=Fault.NONE, recovery=recovery)

    world = await play(CHECKOUT_WORKFLOW, shop, case, checkout_data)

    saga = await world.saga()
    assert saga.failure is not None
    assert (saga.failure.step, saga.failure.code) == ("reserve_items", "out-of-stock")
    assert (shop.order, shop.redemption, shop.cart, shop.kept) == ("cancelled", "released", "open", {})


DISAGREEMENTS: Mapping[str, tuple[Shop, str, str]] = {
    "the cart changed": (Shop(cart_version=8), "check_out_cart", "version-mismatch"),
    "another price": (Shop(discount=49), "redeem_coupons", "total-differs"),
    "a product is delisted": (Shop(unsold=("milk",)), "check_products", "product-not-sold"),
}


@pytest.mark.parametrize("recovery", Recovery)
@pytest.mark.parametrize("what", DISAGREEMENTS)
@on_virtual_time
async def test_what_was_not_agreed_on_is_not_sold(what: str, recovery: Recovery) -> None:
    """It turns back before there is an order, the card is not asked, and nothing is kept."""
    begun, step, code = DISAGREEMENTS[what]
    shop = replace(begun, stock=dict(begun.stock), kept={}, mails=[], answers={}, asked=[])
    case = Case(step="place_order", fault=Fault.NONE, recovery=recovery)

    saga = await (await play(CHECKOUT_WORKFLOW, shop, case, checkout_data)).saga()

    assert saga.failure is not None
    assert (saga.failure.step, saga.failure.code) == (step, code)
    assert {request.service for request in shop.asked} <= {"cart", "catalog", "pricing", "promotions"}
    assert shop.troubles(saga) == []
