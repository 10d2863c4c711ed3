"""The failure matrix of a return: whatever goes wrong, money, shelf, order and mails agree at the end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from functions.returns.manifest import APPROVAL, RECEPTION
from functions.returns.workflow import RETURN_WORKFLOW
from shared.eventsourcing.workflow.events import DeclineCarriedOut, WorkflowCompleted, WorkflowFailed, WorkflowStuck
from shared.eventsourcing.workflow.state import Status
from shared.testing.virtual_time import on_virtual_time
from shared.testing.workflow_faults import WORKFLOW_ID
from shared.testing.workflow_matrix import Case, Fault, Recovery, cases, ending
from shared.testing.workflow_world import play
from tests.unit.returns.desk import Desk

ENDS = (WorkflowCompleted, WorkflowFailed, DeclineCarriedOut)


def return_data(_: datetime) -> Mapping[str, Any]:
    return {
        "return_id": WORKFLOW_ID,
        "order_id": "o1",
        "customer_id": "900",
        "lines": [{"sku": "milk", "quantity": 2}, {"sku": "tea", "quantity": 1}],
        "return_reason": "damaged",
        "delivered_since": "2026-02-01T12:00:00+00:00",
        "under_way": [],
    }


def received(sound: int, damaged: int) -> Mapping[str, Mapping[str, Any]]:
    """Of two pieces of milk; the tea is missing."""
    milk = {"sku": "milk", "sound": sound, "damaged": damaged, "missing": 2 - sound - damaged}
    return {APPROVAL: {}, RECEPTION: {"lines": [milk, {"sku": "tea", "sound": 0, "damaged": 0, "missing": 1}]}}


DECISIONS = received(1, 1)


def of_a_stranger(now: datetime) -> Mapping[str, Any]:
    return {**return_data(now), "customer_id": "901"}


def of_too_many(now: datetime) -> Mapping[str, Any]:
    return {**return_data(now), "lines": [{"sku": "milk", "quantity": 3}]}


def of_long_ago(now: datetime) -> Mapping[str, Any]:
    return {**return_data(now), "delivered_since": "2026-02-21T12:00:00+00:00"}


@pytest.mark.parametrize("case", cases(RETURN_WORKFLOW), ids=str)
@on_virtual_time
async def test_everything_agrees_at_the_end(case: Case) -> None:
    """Money and goods come back once, or not at all; and it ends once."""
    world = await play(RETURN_WORKFLOW, Desk(), case, return_data, DECISIONS)

    saga = await world.saga()
    ends = [event for event in await world.history() if isinstance(event, ENDS)]
    assert (saga.status, len(ends)) == (ending(RETURN_WORKFLOW, case), 1)
    assert world.services.troubles(saga) == []


@pytest.mark.parametrize("recovery", Recovery)
@on_virtual_time
async def test_what_cost_nothing_is_taken_back_without_a_refund(recovery: Recovery) -> None:
    """Goods that coupons paid for go back to the shelf, and no card is asked."""
    case = Case(step="restock", fault=Fault.CRASH_AFTER_CALL, recovery=recovery)

    world = await play(RETURN_WORKFLOW, Desk(refund=0), case, return_data, DECISIONS)

    saga = await world.saga()
    assert saga.skipped == ("refund_payment",)
    assert world.services.troubles(saga) == []


@on_virtual_time
async def test_what_is_damaged_is_refunded_and_not_sold_again() -> None:
    """If nothing that arrived is sound, nothing goes to the shelf."""
    case = Case(step="restock", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    world = await play(RETURN_WORKFLOW, Desk(sound={}), case, return_data, received(0, 2))

    saga = await world.saga()
    assert (saga.status, saga.skipped) == (Status.COMPLETED, ("restock",))
    assert world.services.troubles(saga) == []


@on_virtual_time
async def test_what_has_arrived_outlives_an_outage_of_the_order() -> None:
    """However long it takes, far beyond the deadline: the return is opened when the order answers."""
    case = Case(step="restock", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    world = await play(RETURN_WORKFLOW, Desk(unanswered=100), case, return_data, DECISIONS)

    saga = await world.saga()
    assert saga.status is Status.COMPLETED
    assert world.services.troubles(saga) == []


@on_virtual_time
async def test_a_refund_that_fails_at_once_turns_nothing_back() -> None:
    """Goods and return stay booked: the failed refund is for the people who look after payments."""
    desk = Desk(refund_fails=True)
    case = Case(step="restock", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    saga = await (await play(RETURN_WORKFLOW, desk, case, return_data, DECISIONS)).saga()

    assert (saga.status, desk.state, desk.refunded, desk.shelf) == (Status.COMPLETED, "completed", 0, {"milk": 1})


@pytest.mark.parametrize("code", ["payment-not-found", "nothing-captured", "refund-failed"])
@on_virtual_time
async def test_what_nobody_paid_for_is_taken_back_without_a_refund(code: str) -> None:
    """An order that was made by hand; or a refund that failed while nobody heard, which is for a person already."""
    desk = Desk(no_refund=code)
    case = Case(step="restock", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    saga = await (await play(RETURN_WORKFLOW, desk, case, return_data, DECISIONS)).saga()

    assert (saga.status, saga.skipped, desk.shelf) == (Status.COMPLETED, ("refund_payment",), {"milk": 1})


@on_virtual_time
async def test_an_outage_of_the_payments_needs_nobody() -> None:
    """They do not answer for long: they are waited for, and the return is never stuck."""
    case = Case(step="refund_payment", fault=Fault.SILENT_FOR_LONG, recovery=Recovery.REDELIVERY)

    world = await play(RETURN_WORKFLOW, Desk(), case, return_data, DECISIONS)

    assert not [event for event in await world.history() if isinstance(event, WorkflowStuck)]
    assert world.services.troubles(await world.saga()) == []


@on_virtual_time
async def test_what_another_return_brought_back_meanwhile_is_refused_by_the_order() -> None:
    """However long ago it was approved: neither money nor goods move."""
    case = Case(step="restock", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    world = await play(RETURN_WORKFLOW, Desk(held={"milk": 1}), case, return_data, DECISIONS)

    saga = await world.saga()
    assert saga.failure is not None
    assert (saga.failure.step, saga.failure.code) == ("open_return", "not-returnable")
    assert world.services.troubles(saga) == []


@pytest.mark.parametrize(
    ("data", "step", "code"),
    [
        (of_a_stranger, "read_order", "not-found"),
        (of_too_many, "read_order", "not-delivered"),
        (of_long_ago, "read_order", "too-late"),
    ],
)
@on_virtual_time
async def test_what_may_not_come_back_changes_nothing(data: Any, step: str, code: str) -> None:
    """Somebody else's order, more than was delivered, and what was delivered too long ago, are refused at once."""
    desk = Desk()
    case = Case(step="restock", fault=Fault.NONE, recovery=Recovery.REDELIVERY)

    saga = await (await play(RETURN_WORKFLOW, desk, case, data)).saga()

    assert saga.failure is not None
    assert (saga.failure.step, saga.failure.code) == (step, code)
    assert desk == Desk(answers=desk.answers)
