"""The failure matrix of a return: whatever goes wrong, money, shelf, order and mails agree at the end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from functions.returns.workflow import RETURN_WORKFLOW
from shared.eventsourcing.workflow.events import WorkflowCompleted, WorkflowFailed
from shared.testing.virtual_time import on_virtual_time
from shared.testing.workflow_faults import WORKFLOW_ID
from shared.testing.workflow_matrix import Case, Fault, Recovery, cases, ending
from shared.testing.workflow_world import play
from tests.unit.returns.desk import Desk


def return_data(_: datetime) -> Mapping[str, Any]:
    return {
        "return_id": WORKFLOW_ID,
        "order_id": "o1",
        "customer_id": "900",
        "lines": [{"sku": "milk", "quantity": 1}],
        "reason": "damaged",
    }


def of_a_stranger(now: datetime) -> Mapping[str, Any]:
    return {**return_data(now), "customer_id": "901"}


def of_too_many(now: datetime) -> Mapping[str, Any]:
    return {**return_data(now), "lines": [{"sku": "milk", "quantity": 3}]}


@pytest.mark.parametrize("case", cases(RETURN_WORKFLOW), ids=str)
@on_virtual_time
async def test_everything_agrees_at_the_end(case: Case) -> None:
    """Money and goods come back once, or not at all; and it ends once."""
    world = await play(RETURN_WORKFLOW, Desk(), case, return_data)

    saga = await world.saga()
    ends = [event for event in await world.history() if isinstance(event, WorkflowCompleted | WorkflowFailed)]
    assert (saga.status, len(ends)) == (ending(RETURN_WORKFLOW, case), 1)
    assert world.services.troubles(saga) == []


@pytest.mark.parametrize("recovery", Recovery)
@on_virtual_time
async def test_what_cost_nothing_is_taken_back_without_a_refund(recovery: Recovery) -> None:
    """Goods that coupons paid for go back to the shelf, and no card is asked."""
    case = Case(step="restock", fault=Fault.CRASH_AFTER_CALL, recovery=recovery)

    world = await play(RETURN_WORKFLOW, Desk(refund=0), case, return_data)

    saga = await world.saga()
    assert saga.skipped == ("refund_payment",)
    assert world.services.troubles(saga) == []


@pytest.mark.parametrize(
    ("data", "step", "code"),
    [(of_a_stranger, "read_order", "not-found"), (of_too_many, "open_return", "not-returnable")],
)
@on_virtual_time
async def test_what_may_not_come_back_changes_nothing(data: Any, step: str, code: str) -> None:
    """Somebody else's order, and more than was shipped, are refused with nothing left over."""
    desk = Desk()
    case = Case(step="restock", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    saga = await (await play(RETURN_WORKFLOW, desk, case, data)).saga()

    assert saga.failure is not None
    assert (saga.failure.step, saga.failure.code) == (step, code)
    assert desk == Desk(answers=desk.answers)
