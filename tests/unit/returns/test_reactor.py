"""Returns whose goods never come end by themselves."""

import itertools
from datetime import timedelta

import pytest

from functions.returns.main import SERVICE
from functions.returns.manifest import APPROVAL, RETURN
from functions.returns.reactor import ARRIVES_WITHIN, expire
from shared.bootstrap import Wiring
from shared.eventsourcing.workflow.commands import Decide, RecordOutcome, Resume, Start, Succeeded, WorkflowCommand
from shared.eventsourcing.workflow.state import Saga, Status
from shared.testing.doubles import NOON, FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies

ASKED = {"return_id": "o1-r1", "order_id": "o1", "customer_id": "900", "lines": [{"sku": "milk", "quantity": 1}]}
BEGUN: tuple[WorkflowCommand, ...] = (
    Start(workflow_id="o1-r1", data={**ASKED, "under_way": []}, at=NOON),
    Resume(at=NOON),
    RecordOutcome(step="read_order", undo=False, attempt=1, outcome=Succeeded(), at=NOON),
)
APPROVED = Decide(step=APPROVAL, decision={}, actor="operator:op", at=NOON)


class Returns:
    """The write side on in-process adapters."""

    def __init__(self) -> None:
        self.clock, ids = FixedClock(), itertools.count()
        deps = memory_dependencies(self.clock, publisher=RecordingPublisher())
        self.wiring = Wiring(SERVICE.manifest, SERVICE.aggregates, None, deps, self.clock, lambda: f"id{next(ids)}")

    async def told(self, *commands: WorkflowCommand) -> None:
        for command in commands:
            await self.wiring.handle(RETURN, "o1-r1", command, self.wiring.system_context("test"))

    async def after(self, time: timedelta) -> tuple[bool, Saga]:
        """Whether the walk changed something then, and the return."""
        self.clock.now += time
        changed = await expire(self.wiring)("return-o1-r1", 1)
        return changed, await self.wiring.state(RETURN, "o1-r1")


@pytest.fixture
def returns() -> Returns:
    return Returns()


async def test_a_return_whose_goods_never_came_is_refused(returns: Returns) -> None:
    """The customer is told why; coming by again changes nothing."""
    await returns.told(*BEGUN, APPROVED)

    changed, saga = await returns.after(ARRIVES_WITHIN)

    assert saga.failure is not None
    assert (changed, saga.status, saga.declined, saga.failure.detail) == (
        True,
        Status.BACKWARDS,
        "refused",
        "nothing-arrived",
    )
    assert (await returns.after(timedelta(days=1)))[0] is False


async def test_goods_have_their_time(returns: Returns) -> None:
    """Until then it waits."""
    await returns.told(*BEGUN, APPROVED)

    changed, saga = await returns.after(ARRIVES_WITHIN - timedelta(seconds=1))

    assert (changed, saga.status) == (False, Status.WAITING)


async def test_what_waits_for_the_shops_people_is_theirs(returns: Returns) -> None:
    """A customer whose return nobody looked at has done nothing wrong."""
    await returns.told(*BEGUN)

    changed, saga = await returns.after(ARRIVES_WITHIN * 2)

    assert (changed, saga.status) == (False, Status.WAITING)
