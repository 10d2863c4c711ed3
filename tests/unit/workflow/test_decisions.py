"""What people decide at the steps that wait for them, given / when / then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from shared.eventsourcing.workflow.commands import (
    Decide,
    Decline,
    ForceCompensate,
    RecordOutcome,
    Resume,
    Retry,
    Succeeded,
    WorkflowCommand,
)
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.events import (
    CompensationDone,
    CompensationRequested,
    CompensationStarted,
    DecisionAwaited,
    DecisionMade,
    DeclineCarriedOut,
    OperatorForcedCompensation,
    StepRequested,
    StepSucceeded,
    WorkflowDeclined,
    WorkflowEvent,
    WorkflowStarted,
)
from shared.eventsourcing.workflow.moves import due_at
from shared.eventsourcing.workflow.state import Saga, Status
from shared.testing.decider_spec import DeciderSpec
from tests.unit.workflow.trip import AGREE, AGREED, ASKED_TRIP

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CLAIM = timedelta(seconds=25)
DAYS = timedelta(days=9)
LATER = AT + DAYS
trip = DeciderSpec[WorkflowCommand, WorkflowEvent, Saga](workflow_decider(ASKED_TRIP))
PROMPT_TRIP = replace(ASKED_TRIP, steps=tuple(step for step in ASKED_TRIP.steps if step.name != "hold"))
"""Its guest agrees right before it is paid."""
prompt = DeciderSpec[WorkflowCommand, WorkflowEvent, Saga](workflow_decider(PROMPT_TRIP))

SEEN = StepSucceeded(step="read_price", attempt=1, learned={"price": 100}, at=AT)
ASKED = (
    WorkflowStarted(workflow_id="w1", data={"trip_id": "w1"}, deadline_at=AT + ASKED_TRIP.deadline, at=AT),
    StepRequested(step="book", attempt=1, until=AT + CLAIM, at=AT),
    StepSucceeded(step="book", attempt=1, learned={}, at=AT),
    StepRequested(step="read_price", attempt=1, until=AT + CLAIM, at=AT),
)
WAITING = (*ASKED, SEEN, DecisionAwaited(step="agree", at=AT))
MADE = DecisionMade(
    step="agree", decision=dict(AGREED), learned=dict(AGREED), result={"price": 100}, actor="guest:1", at=LATER
)
DECIDED = (*WAITING, MADE)
DECLINED = (
    *WAITING,
    WorkflowDeclined(step="agree", code="refused", actor="guest:1", reason="other", at=LATER),
    CompensationStarted(step="agree", code="refused", detail="other", undo=("book",), at=LATER),
)
ENDED = DeclineCarriedOut(
    workflow_id="w1", step="agree", code="refused", reason="other", result={"price": 100}, at=LATER
)


def decide(step: str = "agree", breakfasts: int = 2) -> Decide:
    return Decide(step=step, decision={"breakfasts": breakfasts}, actor="guest:1", at=LATER)


def decline(code: Literal["refused", "withdrawn"] = "refused", reason: str = "other") -> Decline:
    return Decline(code=code, actor="guest:1", reason=reason, at=LATER)


class TestWaiting:
    def test_begins_where_a_person_is_to_decide(self) -> None:
        """The step is recorded as awaited, and nothing is asked of any service."""
        outcome = RecordOutcome(
            step="read_price", undo=False, attempt=1, outcome=Succeeded(learned={"price": 100}), at=AT
        )
        trip.given(*ASKED).when(outcome).then(SEEN, DecisionAwaited(step="agree", at=AT))

    def test_has_no_deadline(self) -> None:
        """Nothing is due, and whoever comes by finds nothing to do."""
        state = trip.given(*WAITING).state()

        assert (state.status, due_at(ASKED_TRIP, state)) == (Status.WAITING, None)
        trip.given(*WAITING).when(Resume(at=LATER)).then_nothing()

    def test_is_not_retried(self) -> None:
        """There is nothing to ask again: it says for what it waits."""
        trip.given(*WAITING).when(Retry(actor="o", reason="r", at=AT)).then_refused("workflow-waits")

    def test_can_be_turned_back_by_an_operator(self) -> None:
        """As wherever else before the pivot."""
        trip.given(*WAITING).when(ForceCompensate(actor="o", reason="r", at=AT)).then(
            OperatorForcedCompensation(actor="o", reason="r", at=AT),
            CompensationStarted(
                step="agree",
                code="forced-by-operator",
                detail="an operator turned it back",
                undo=("book",),
                at=AT,
            ),
        )


class TestDecide:
    def test_is_recorded_with_who_said_it(self) -> None:
        """The orchestrator goes on, not the person who decided."""
        trip.given(*WAITING).when(decide()).then(MADE)
        trip.given(*DECIDED).when(Resume(at=LATER)).then(
            StepRequested(step="hold", attempt=1, until=LATER + CLAIM, at=LATER)
        )

    def test_moves_the_deadline_by_the_time_that_was_waited(self) -> None:
        """What is left of it is what was left before."""
        assert trip.given(*DECIDED).state().deadline_at == AT + ASKED_TRIP.deadline + DAYS

    def test_what_the_step_does_not_take_changes_nothing(self) -> None:
        """The rule is the step's own, and the person reads it."""
        trip.given(*WAITING).when(decide(breakfasts=3)).then_refused("too-many")

    def test_again_is_nothing(self) -> None:
        """The same decision twice is one, also when all is over."""
        trip.given(*DECIDED).when(decide()).then_nothing()

    def test_again_is_refused_once_it_turned_back(self) -> None:
        """What was decided does not stand any more."""
        back = CompensationStarted(step="hold", code="no-room", detail="no", undo=("book",), at=LATER)

        trip.given(*DECIDED, back).when(decide()).then_refused("not-awaited")

    def test_right_before_the_pivot_closes_the_way_back(self) -> None:
        """Neither a deadline nor an operator turns back what the next step is the pivot of."""
        state, late = prompt.given(*DECIDED).state(), LATER + DAYS

        assert due_at(PROMPT_TRIP, state) is None
        prompt.given(*DECIDED).when(Resume(at=late)).then(
            StepRequested(step="pay", attempt=1, until=late + CLAIM, at=late)
        )
        prompt.given(*DECIDED).when(ForceCompensate(actor="o", reason="r", at=LATER)).then_refused("past-the-pivot")

    def test_otherwise_is_refused(self) -> None:
        """A step is decided once."""
        trip.given(*DECIDED).when(decide(breakfasts=1)).then_refused("decided-otherwise")

    @pytest.mark.parametrize("history", [ASKED, DECLINED], ids=["not there yet", "turned back"])
    def test_comes_when_it_is_awaited(self, history: tuple[WorkflowEvent, ...]) -> None:
        """Neither before nor after it was turned back."""
        trip.given(*history).when(decide()).then_refused("not-awaited")

    def test_of_another_step_is_refused(self) -> None:
        """It waits at one step at a time."""
        trip.given(*WAITING).when(decide(step="pay")).then_refused("not-awaited")

    def test_the_next_wait_begins_at_once(self) -> None:
        """A person who decides twice in a row need not wait for the orchestrator."""
        twice = (*ASKED_TRIP.steps[:3], replace(AGREE, name="sign"), *ASKED_TRIP.steps[3:])
        other = DeciderSpec[WorkflowCommand, WorkflowEvent, Saga](workflow_decider(replace(ASKED_TRIP, steps=twice)))
        other.given(*WAITING).when(decide()).then(MADE, DecisionAwaited(step="sign", at=LATER))


class TestDecline:
    def test_turns_back_what_waits(self) -> None:
        """What was done is undone, by the orchestrator; who said so and why is kept."""
        trip.given(*WAITING).when(decline()).then(*DECLINED[-2:])
        trip.given(*DECLINED).when(Resume(at=LATER)).then(
            CompensationRequested(step="book", attempt=1, until=LATER + CLAIM, at=LATER)
        )

    def test_again_is_nothing(self) -> None:
        """Also when it is over."""
        for history in (DECLINED, (*DECLINED, ENDED)):
            trip.given(*history).when(decline()).then_nothing()

    def test_ends_by_an_event_of_its_own(self) -> None:
        """So no code of a service can pass for what a person said."""
        undone = RecordOutcome(step="book", undo=True, attempt=1, outcome=Succeeded(), at=LATER)
        undoing = CompensationRequested(step="book", attempt=1, until=LATER + CLAIM, at=LATER)

        trip.given(*DECLINED, undoing).when(undone).then(
            CompensationDone(step="book", attempt=1, code=None, at=LATER), ENDED
        )

    def test_is_not_what_a_service_refused_by_the_same_word(self) -> None:
        """A problem's code `refused` is no person's refusal."""
        back = CompensationStarted(step="agree", code="refused", detail="other", undo=("book",), at=LATER)

        trip.given(*WAITING, back).when(decline()).then_refused("not-awaited")

    @pytest.mark.parametrize("command", [decline("withdrawn"), decline(reason="fraud")])
    def test_otherwise_is_refused(self, command: Any) -> None:
        """Why it was turned back is said once."""
        trip.given(*DECLINED).when(command).then_refused("not-awaited")

    @pytest.mark.parametrize("history", [ASKED, DECIDED], ids=["not there yet", "decided"])
    def test_comes_while_it_waits(self, history: tuple[WorkflowEvent, ...]) -> None:
        """What was decided goes on."""
        trip.given(*history).when(decline()).then_refused("not-awaited")
