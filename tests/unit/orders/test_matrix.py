"""The failure matrix of a cancellation: whatever goes wrong, shipment, order, stock and money agree."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from functions.orders.workflow import CANCELLATION_WORKFLOW
from shared.eventsourcing.workflow.events import WorkflowCompleted, WorkflowFailed, WorkflowStuck
from shared.testing.virtual_time import on_virtual_time
from shared.testing.workflow_faults import WORKFLOW_ID
from shared.testing.workflow_matrix import Case, Fault, Recovery, cases, ending
from shared.testing.workflow_world import play
from tests.unit.orders.desk import Desk
from tests.unit.orders.test_workflow import DATA

BEGINNING = (
    "order_id",
    "customer_id",
    "reservation_id",
    "payment_id",
    "ordered",
    "lines",
)


def of_everything(_: datetime) -> Mapping[str, Any]:
    return {**{name: DATA[name] for name in BEGINNING}, "reason": "fraud", "cancellation_id": WORKFLOW_ID}


def of_one_piece(now: datetime) -> Mapping[str, Any]:
    return {**of_everything(now), "lines": [{"sku": "milk", "quantity": 1}]}


@pytest.mark.parametrize("case", cases(CANCELLATION_WORKFLOW), ids=str)
@on_virtual_time
async def test_everything_agrees_at_the_end(case: Case) -> None:
    """It is stopped, cancelled, released and refunded once, or nothing is; and it ends once."""
    world = await play(CANCELLATION_WORKFLOW, Desk(), case, of_everything)

    saga = await world.saga()
    ends = [event for event in await world.history() if isinstance(event, WorkflowCompleted | WorkflowFailed)]
    assert (saga.status, len(ends)) == (ending(CANCELLATION_WORKFLOW, case), 1)
    assert world.services.troubles(saga) == []


@pytest.mark.parametrize("recovery", Recovery)
@on_virtual_time
async def test_a_part_is_given_up_alone(recovery: Recovery) -> None:
    """One of two pieces: half the money."""
    case = Case(step="refund_payment", fault=Fault.CRASH_AFTER_CALL, recovery=recovery)

    world = await play(CANCELLATION_WORKFLOW, Desk(), case, of_one_piece)

    saga = await world.saga()
    assert world.services.troubles(saga) == []


@pytest.mark.parametrize("step", ["release_items", "release_coupons", "refund_payment"])
@on_virtual_time
async def test_an_outage_needs_nobody(step: str) -> None:
    """A service does not answer for long: it is waited for, and the cancellation is never stuck."""
    case = Case(step=step, fault=Fault.SILENT_FOR_LONG, recovery=Recovery.REDELIVERY)

    world = await play(CANCELLATION_WORKFLOW, Desk(), case, of_everything)

    assert not [event for event in await world.history() if isinstance(event, WorkflowStuck)]
    assert world.services.troubles(await world.saga()) == []


@pytest.mark.parametrize("code", ["payment-not-found", "nothing-captured", "refund-failed"])
@on_virtual_time
async def test_an_order_that_was_made_by_hand_is_cancelled(code: str) -> None:
    """Nothing was kept for it, and nothing taken; or a refund that failed is for a person already."""
    desk = Desk(refuses={"inventory": "reservation-not-found", "payments": code})
    case = Case(step="cancel_lines", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    saga = await (await play(CANCELLATION_WORKFLOW, desk, case, of_everything)).saga()

    assert (saga.status, saga.skipped) == ("completed", ("release_items", "refund_payment"))


@pytest.mark.parametrize(("here", "data"), [(0, of_everything), (0, of_one_piece)])
@on_virtual_time
async def test_what_has_left_is_refused_and_nothing_changes(here: int, data: Any) -> None:
    """Fulfillment says so, and it ends there."""
    desk = Desk(here=here)
    case = Case(step="cancel_lines", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    saga = await (await play(CANCELLATION_WORKFLOW, desk, case, data)).saga()

    assert saga.failure is not None
    assert (saga.status, saga.failure.step, saga.failure.code) == ("failed", "stop_shipments", "shipment-is-dispatched")
    assert desk == Desk(here=here, answers=desk.answers)
