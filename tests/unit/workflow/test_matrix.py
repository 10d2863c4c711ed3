"""The failure matrix of a workflow in miniature: whatever goes wrong, it ends as it must, and nothing is left over."""

from dataclasses import replace

import pytest

from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.events import DeclineCarriedOut, WorkflowCompleted, WorkflowFailed
from shared.testing.virtual_time import on_virtual_time
from shared.testing.workflow_matrix import Case, Fault, Recovery, cases, ending
from shared.testing.workflow_world import play
from tests.unit.workflow.trip import AGREED, ASKED_TRIP, LET_GO, TRIP, TripServices, trip_data

CASES = cases(TRIP)
ASKED_CASES = [case for case in cases(ASKED_TRIP) if "agree" in (case.step, case.turned_back_by)]
ENDS = (WorkflowCompleted, WorkflowFailed, DeclineCarriedOut)
CRASHES = {fault for fault in Fault if fault.name.startswith("CRASH") or fault is Fault.OUT_FOR_HOURS}


@pytest.mark.parametrize("case", CASES, ids=str)
@on_virtual_time
async def test_ends_as_it_must(case: Case) -> None:
    """It ends once, with all done or with nothing left; and what should go wrong did."""
    world = await play(TRIP, TripServices(), case, trip_data)

    saga = await world.saga()
    ends = [event for event in await world.history() if isinstance(event, ENDS)]
    assert (saga.status, len(ends)) == (ending(TRIP, case), 1)
    assert world.services.troubles(saga) == []
    assert world.crashed == (case.fault in CRASHES)


@pytest.mark.parametrize("case", ASKED_CASES, ids=str)
@on_virtual_time
async def test_ends_as_it_must_if_a_person_decides(case: Case) -> None:
    """The same, however long the person takes: the deadline does not run meanwhile."""
    world = await play(ASKED_TRIP, TripServices(), case, trip_data, {"agree": AGREED})

    saga = await world.saga()
    ends = [event for event in await world.history() if isinstance(event, ENDS)]
    assert (saga.status, len(ends)) == (ending(ASKED_TRIP, case), 1)
    assert world.services.troubles(saga) == []
    assert world.crashed == (case.fault in CRASHES)


def test_every_step_is_in_it_with_everybody_who_may_come_back() -> None:
    """No step and no undo is left out."""
    wanted = {(step.name, recovery) for step in TRIP.steps for recovery in Recovery}
    undone = {(step.name, recovery) for step in TRIP.steps if step.undo for recovery in Recovery}

    assert {(case.step, case.recovery) for case in CASES if not case.undo} == wanted
    assert {(case.step, case.recovery) for case in CASES if case.undo} == undone


def test_every_fault_is_in_it() -> None:
    """No fault is declared and never played."""
    assert {case.fault for case in (*CASES, *ASKED_CASES)} == set(Fault)


class Forgetful(TripServices):
    """Keeps no tombstones: what comes after its undo is done."""

    def _answer(self, request: Request) -> Response:
        if not request.key.endswith("/undo"):
            self.booked = "free" if self.booked == "released" else self.booked
            self.money = "free" if self.money == "gone" else self.money
        return super()._answer(request)


class Keyless(TripServices):
    """Does what it is asked as often as it is asked."""

    async def answer(self, request: Request) -> Response:
        return self._answer(request)


@pytest.mark.parametrize(
    ("services", "case"),
    [
        (Forgetful(), Case(step="book", fault=Fault.ARRIVES_LATE, recovery=Recovery.REDELIVERY)),
        (Forgetful(), Case(step="hold", fault=Fault.FORCED_BACK, recovery=Recovery.SWEEP)),
        (Keyless(), Case(step="confirm", fault=Fault.ANSWERED_TWICE, recovery=Recovery.REDELIVERY)),
        (Keyless(), Case(step="confirm", fault=Fault.CRASH_AFTER_CALL, recovery=Recovery.RACE)),
    ],
    ids=["no tombstone, late", "no tombstone, forced", "no key, twice", "no key, crash"],
)
@on_virtual_time
async def test_services_that_do_not_keep_their_word_are_found(services: TripServices, case: Case) -> None:
    """The matrix has teeth: without tombstones and idempotency keys something is left over, or done twice."""
    world = await play(TRIP, services, case, trip_data)

    assert services.troubles(await world.saga()) != []


@on_virtual_time
async def test_an_undo_that_undoes_nothing_is_found() -> None:
    """The matrix has teeth: a compensation that is asked of nobody leaves something behind."""
    hollow = replace(LET_GO, call=lambda _: Request(service="rooms", method="GET", path="/prices/w1"))
    steps = tuple(replace(step, undo=hollow) if step.name == "hold" else step for step in TRIP.steps)
    case = Case(step="pay", fault=Fault.REFUSED, recovery=Recovery.REDELIVERY)

    world = await play(replace(TRIP, steps=steps), TripServices(), case, trip_data)

    assert world.services.troubles(await world.saga()) != []
