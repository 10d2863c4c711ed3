"""The rules of every workflow, given / when / then."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.eventsourcing.workflow.commands import (
    ForceCompensate,
    Outcome,
    RecordOutcome,
    Refused,
    Resume,
    Retry,
    Start,
    Succeeded,
    Unknown,
    WorkflowCommand,
)
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.events import (
    CompensationDone,
    CompensationFailed,
    CompensationRequested,
    CompensationStarted,
    DeadlinePassed,
    OperatorForcedCompensation,
    OperatorRetried,
    StepRefused,
    StepRequested,
    StepSkipped,
    StepSucceeded,
    StepUnknown,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowFailed,
    WorkflowStarted,
    WorkflowStuck,
)
from shared.eventsourcing.workflow.state import Saga
from shared.testing.decider_spec import DeciderSpec
from tests.unit.workflow.trip import TRIP

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CLAIM = timedelta(seconds=25)
SECOND = timedelta(seconds=1)
LATE = AT + TRIP.deadline
trip = DeciderSpec[WorkflowCommand, WorkflowEvent, Saga](workflow_decider(TRIP))

STARTED = WorkflowStarted(workflow_id="w1", data={"trip_id": "w1"}, deadline_at=LATE, at=AT)


def requested(step: str, attempt: int = 1, at: datetime = AT) -> StepRequested:
    return StepRequested(step=step, attempt=attempt, until=at + CLAIM, at=at)


def succeeded(step: str, attempt: int = 1, **learned: Any) -> StepSucceeded:
    return StepSucceeded(step=step, attempt=attempt, learned=learned, at=AT)


def unknown(step: str, attempt: int = 1, wait: timedelta | None = SECOND) -> StepUnknown:
    again_at = AT + wait if wait else None
    return StepUnknown(step=step, attempt=attempt, error="no answer", again_at=again_at, at=AT)


def undo(step: str, attempt: int = 1, at: datetime = AT) -> CompensationRequested:
    return CompensationRequested(step=step, attempt=attempt, until=at + CLAIM, at=at)


def undone(step: str, code: str | None = None) -> CompensationDone:
    return CompensationDone(step=step, attempt=1, code=code, at=AT)


def back(step: str, code: str, *steps: str, detail: str = "no", at: datetime = AT) -> CompensationStarted:
    return CompensationStarted(step=step, code=code, detail=detail, undo=steps, at=at)


def outcome(step: str, what: Outcome, *, attempt: int = 1, undo: bool = False) -> RecordOutcome:
    return RecordOutcome(step=step, undo=undo, attempt=attempt, outcome=what, at=AT)


NO = Refused(code="no-room", detail="no")
SILENCE = Unknown(error="no answer")
FAULT = Unknown(error="a fault of this service", fault=True)
BOOKED = (STARTED, requested("book"), succeeded("book"), requested("read_price"))
PRICED = (*BOOKED, succeeded("read_price", price=100), requested("hold"))
HELD = (*PRICED, succeeded("hold"), requested("pay"))
PAID = (*HELD, succeeded("pay"), requested("confirm"))
STUCK = WorkflowStuck(step="confirm", undo=False, error="no answer", at=AT)
REFUSED = StepRefused(step="hold", attempt=1, code="no-room", detail="no", again_at=None, at=AT)
BACK = (*PRICED, REFUSED, back("hold", "no-room", "book"), undo("book"))


class TestStart:
    def test_remembers_what_it_knows_and_until_when(self) -> None:
        """A workflow starts with its data and its deadline, and asks for nothing yet."""
        trip.given().when(Start(workflow_id="w1", data={"trip_id": "w1"}, at=AT)).then(STARTED)

    def test_again_is_nothing(self) -> None:
        """The same start twice is one workflow."""
        trip.given(STARTED).when(Start(workflow_id="w1", data={"trip_id": "w1"}, at=AT)).then_nothing()

    def test_differently_is_refused(self) -> None:
        """An id stands for one workflow."""
        trip.given(STARTED).when(Start(workflow_id="w1", data={"trip_id": "w2"}, at=AT)).then_refused("trip-exists")

    @pytest.mark.parametrize(
        "command",
        [
            Resume(at=AT),
            outcome("book", SILENCE),
            Retry(actor="o", reason="r", at=AT),
            ForceCompensate(actor="o", reason="r", at=AT),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_comes_first(self, command: WorkflowCommand) -> None:
        """Nothing can be asked of a workflow that does not exist."""
        trip.given().when(command).then_refused("trip-not-found")


class TestForwards:
    def test_the_first_step_is_asked_for(self) -> None:
        """A started workflow that is resumed records its first intent."""
        trip.given(STARTED).when(Resume(at=AT)).then(requested("book"))

    def test_a_claimed_call_is_left_alone(self) -> None:
        """Somebody is asking: nobody else does."""
        trip.given(STARTED, requested("book")).when(Resume(at=AT + SECOND)).then_nothing()

    def test_a_success_and_the_next_intent_are_one_commit(self) -> None:
        """What was learned is kept, and the next step asked for."""
        command = outcome("read_price", Succeeded(learned={"price": 100}))
        trip.given(*BOOKED).when(command).then(succeeded("read_price", price=100), requested("hold"))

    def test_what_there_is_nothing_to_do_for_is_skipped(self) -> None:
        """The data says which steps are left out, the pivot too."""
        command = outcome("read_price", Succeeded(learned={"price": 0}))
        trip.given(*BOOKED).when(command).then(
            succeeded("read_price", price=0),
            StepSkipped(step="hold", at=AT),
            StepSkipped(step="pay", at=AT),
            requested("confirm"),
        )

    def test_the_last_success_completes_it(self) -> None:
        """Its end says what others may want to know."""
        trip.given(*PAID).when(outcome("confirm", Succeeded())).then(
            succeeded("confirm"), WorkflowCompleted(workflow_id="w1", result={"price": 100}, at=AT)
        )

    @pytest.mark.parametrize("what", [Succeeded(), NO, SILENCE], ids=lambda what: type(what).__name__)
    def test_an_answer_that_comes_twice_is_one(self, what: Outcome) -> None:
        """What the workflow has passed, it does not pass again."""
        trip.given(*BOOKED).when(outcome("book", what)).then_nothing()

    @pytest.mark.parametrize("what", [Succeeded(), NO, SILENCE], ids=lambda what: type(what).__name__)
    def test_after_the_end_nothing_comes(self, what: Outcome) -> None:
        """A late answer changes nothing any more."""
        end = WorkflowCompleted(workflow_id="w1", result={}, at=AT)
        trip.given(*PAID, succeeded("confirm"), end).when(outcome("confirm", what)).then_nothing()


class TestUnknownOutcomes:
    def test_are_asked_again_later(self) -> None:
        """A call without an answer waits before it is repeated."""
        trip.given(STARTED, requested("book")).when(outcome("book", SILENCE)).then(unknown("book"))

    def test_are_not_asked_again_too_early(self) -> None:
        """Whoever comes before its time finds nothing to do."""
        trip.given(STARTED, requested("book"), unknown("book")).when(Resume(at=AT)).then_nothing()

    def test_are_asked_again_in_time(self) -> None:
        """The second intent is the second attempt."""
        then = AT + SECOND
        history = (STARTED, requested("book"), unknown("book"))
        trip.given(*history).when(Resume(at=then)).then(requested("book", 2, then))

    def test_wait_longer_each_time(self) -> None:
        """The second wait is twice the first."""
        history = (STARTED, requested("book"), unknown("book"), requested("book", 2))
        trip.given(*history).when(outcome("book", SILENCE, attempt=2)).then(unknown("book", 2, 2 * SECOND))

    def test_of_a_claim_that_ran_out_are_taken_over(self) -> None:
        """Whoever asked is gone: the call counts as of unknown outcome and is asked again at once."""
        then = AT + CLAIM
        gone = StepUnknown(
            step="book",
            attempt=1,
            error="whoever asked never said what came of it",
            again_at=then + SECOND,
            at=then,
        )
        trip.given(STARTED, requested("book")).when(Resume(at=then)).then(gone, requested("book", 2, then))

    def test_a_success_of_an_earlier_attempt_counts(self) -> None:
        """All attempts are the same deed: whichever is answered first was it."""
        history = (STARTED, requested("book"), unknown("book"), requested("book", 2))
        trip.given(*history).when(outcome("book", Succeeded())).then(succeeded("book"), requested("read_price"))

    @pytest.mark.parametrize("what", [NO, SILENCE], ids=lambda what: type(what).__name__)
    def test_a_failure_of_an_earlier_attempt_does_not(self, what: Outcome) -> None:
        """The attempt that is being made may come to something else."""
        history = (STARTED, requested("book"), unknown("book"), requested("book", 2))
        trip.given(*history).when(outcome("book", what)).then_nothing()

    def test_that_stay_so_turn_it_back_and_are_undone(self) -> None:
        """After the last attempt it turns back, and what may have been done is undone too."""
        tries = [event for number in range(1, 6) for event in (requested("book", number), unknown("book", number))]
        history = (STARTED, *tries, requested("book", 6))
        trip.given(*history).when(outcome("book", SILENCE, attempt=6)).then(
            unknown("book", 6, None), back("book", "no-answer", "book", detail="no answer"), undo("book")
        )

    def test_of_the_pivot_are_asked_for_ever(self) -> None:
        """Nobody knows whether the point of no return was passed: there is no way back, and no giving up."""
        tries = [event for number in range(1, 60) for event in (requested("pay", number), unknown("pay", number))]
        history = (*PRICED, succeeded("hold"), *tries, requested("pay", 60))
        wait = TRIP.backoff.most
        trip.given(*history).when(outcome("pay", SILENCE, attempt=60)).then(unknown("pay", 60, wait))


class TestBackwards:
    def test_a_refusal_undoes_what_was_done(self) -> None:
        """The step that was refused did nothing; those before it are undone, the last one first."""
        refused = StepRefused(step="pay", attempt=1, code="no-room", detail="no", again_at=None, at=AT)
        trip.given(*HELD).when(outcome("pay", NO)).then(refused, back("pay", "no-room", "hold", "book"), undo("hold"))

    def test_a_refusal_after_doubt_is_undone_too(self) -> None:
        """An attempt without an answer may still be under way: the tombstone of the undo is there before it."""
        history = (*PRICED, unknown("hold"), requested("hold", 2))
        refused = REFUSED.model_copy(update={"attempt": 2})
        trip.given(*history).when(outcome("hold", NO, attempt=2)).then(
            refused, back("hold", "no-room", "hold", "book"), undo("hold")
        )

    def test_an_answer_that_is_not_acceptable_turns_it_back(self) -> None:
        """What the service did as asked, and the workflow cannot take, is undone with the rest."""
        dear = Refused(code="too-dear", detail="no", done=True)
        refused = StepRefused(step="read_price", attempt=1, code="too-dear", detail="no", again_at=None, at=AT)
        trip.given(*BOOKED).when(outcome("read_price", dear)).then(
            refused, back("read_price", "too-dear", "book"), undo("book")
        )

    def test_a_refusal_with_nothing_done_ends_it(self) -> None:
        """Nothing to undo: it has failed."""
        refused = StepRefused(step="book", attempt=1, code="no-room", detail="no", again_at=None, at=AT)
        failed = WorkflowFailed(
            workflow_id="w1", step="book", code="no-room", detail="no", result={"price": None}, at=AT
        )
        trip.given(STARTED, requested("book")).when(outcome("book", NO)).then(refused, back("book", "no-room"), failed)

    def test_the_last_undo_ends_it(self) -> None:
        """When all is undone it has failed, and says why it turned back."""
        failed = WorkflowFailed(
            workflow_id="w1", step="hold", code="no-room", detail="no", result={"price": 100}, at=AT
        )
        trip.given(*BACK).when(outcome("book", Succeeded(), undo=True)).then(undone("book"), failed)

    def test_an_undo_that_is_settled_counts_as_done(self) -> None:
        """A refusal that says that there is nothing to undo any more is as good as an undo."""
        history = (*HELD, *_turned_back_at_pay(), undo("hold"))
        gone = Refused(code="already-gone", detail="")
        trip.given(*history).when(outcome("hold", gone, undo=True)).then(undone("hold", "already-gone"), undo("book"))

    @pytest.mark.parametrize(
        ("what", "error"), [(NO, "no-room: no"), (SILENCE, "no answer")], ids=["refused", "unknown"]
    )
    def test_an_undo_in_vain_is_asked_again(self, what: Outcome, error: str) -> None:
        """Whatever the reason, it waits and is repeated."""
        failed = CompensationFailed(step="book", attempt=1, error=error, again_at=AT + SECOND, at=AT)
        trip.given(*BACK).when(outcome("book", what, undo=True)).then(failed)

    def test_an_undo_too_often_refused_is_stuck(self) -> None:
        """After its last attempt only an operator helps."""
        count = TRIP.undo_attempts
        tries = [event for number in range(1, count) for event in (_in_vain(number), undo("book", number + 1))]
        failed = CompensationFailed(step="book", attempt=count, error="no-room: no", again_at=None, at=AT)
        trip.given(*BACK, *tries).when(outcome("book", NO, attempt=count, undo=True)).then(
            failed, WorkflowStuck(step="book", undo=True, error="no-room: no", at=AT)
        )

    def test_an_undo_waits_for_its_service(self) -> None:
        """An outage passes by itself: where a refusal would need a person, silence is waited for."""
        count = TRIP.undo_attempts
        tries = [event for number in range(1, count) for event in (_in_vain(number), undo("book", number + 1))]
        again_at = AT + TRIP.backoff.most
        failed = CompensationFailed(step="book", attempt=count, error="no answer", again_at=again_at, at=AT)
        trip.given(*BACK, *tries).when(outcome("book", SILENCE, attempt=count, undo=True)).then(failed)

    def test_a_late_success_of_a_step_changes_nothing(self) -> None:
        """It is on the list of what is undone already."""
        history = (*PRICED, DeadlinePassed(at=AT), back("hold", "deadline-passed", "hold", "book"), undo("hold"))
        trip.given(*history).when(outcome("hold", Succeeded())).then_nothing()


class TestDeadline:
    def test_turns_it_back(self) -> None:
        """Before the pivot a workflow that takes too long undoes what was done, and what may have been."""
        trip.given(*PRICED).when(Resume(at=LATE)).then(
            DeadlinePassed(at=LATE),
            back("hold", "deadline-passed", "hold", "book", detail="it took too long", at=LATE),
            undo("hold", at=LATE),
        )

    def test_is_not_before_its_time(self) -> None:
        """A moment earlier nothing happens."""
        history = (*PRICED, unknown("hold", wait=timedelta(hours=1)))
        trip.given(*history).when(Resume(at=LATE - SECOND)).then_nothing()

    def test_means_nothing_from_the_pivot_on(self) -> None:
        """Money may have been taken: there is no turning back, however late it is."""
        history = (*HELD, unknown("pay"))
        trip.given(*history).when(Resume(at=LATE)).then(requested("pay", 2, LATE))

    def test_means_nothing_on_the_way_back(self) -> None:
        """It is turned back once."""
        trip.given(*BACK).when(Resume(at=AT + SECOND)).then_nothing()


class TestBehindThePivot:
    def test_a_refusal_is_asked_again(self) -> None:
        """There is only forwards."""
        refused = StepRefused(step="confirm", attempt=1, code="no-room", detail="no", again_at=AT + SECOND, at=AT)
        trip.given(*PAID).when(outcome("confirm", NO)).then(refused)

    @pytest.mark.parametrize(
        "what",
        [NO, FAULT],
        ids=["refused", "a fault of its own"],
    )
    def test_too_many_attempts_are_stuck(self, what: Outcome) -> None:
        """After the last one only an operator helps."""
        count = TRIP.undo_attempts
        events = trip.given(*PAID, *_asked_in_vain(count)).when(outcome("confirm", what, attempt=count))._decide()

        assert [type(event) for event in events][1:] == [WorkflowStuck]

    @pytest.mark.parametrize("count", [TRIP.undo_attempts, 10 * TRIP.undo_attempts])
    def test_a_service_that_does_not_answer_is_waited_for(self, count: int) -> None:
        """However long it takes."""
        trip.given(*PAID, *_asked_in_vain(count)).when(outcome("confirm", SILENCE, attempt=count)).then(
            unknown("confirm", count, TRIP.backoff.most)
        )

    def test_a_step_with_nothing_to_do_is_skipped(self) -> None:
        """The refusal says so, and it goes on."""
        gone = Refused(code="no-guest", detail="no")
        refused = StepRefused(step="confirm", attempt=1, code="no-guest", detail="no", again_at=None, at=AT)
        trip.given(*PAID).when(outcome("confirm", gone)).then(
            refused,
            StepSkipped(step="confirm", at=AT),
            WorkflowCompleted(workflow_id="w1", result={"price": 100}, at=AT),
        )


class TestOperators:
    stuck = (*PAID, unknown("confirm", 1, None), STUCK)

    def test_retry_what_is_stuck(self) -> None:
        """Who, why and when are kept."""
        command = Retry(actor="operator:7", reason="mended", at=AT)
        trip.given(*self.stuck).when(command).then(OperatorRetried(actor="operator:7", reason="mended", at=AT))

    def test_a_retry_is_asked_at_once_with_all_its_attempts(self) -> None:
        """The attempts of before do not count any more."""
        retried = OperatorRetried(actor="o", reason="r", at=AT)
        trip.given(*self.stuck, retried).when(Resume(at=AT)).then(requested("confirm", 2))

        state = trip.given(*self.stuck, retried, requested("confirm", 2)).state()
        assert state.attempt is not None
        assert state.attempt.tries == 1

    def test_retry_what_waits(self) -> None:
        """An operator need not wait for a timer."""
        command = Retry(actor="o", reason="r", at=AT)
        trip.given(*PAID, unknown("confirm")).when(command).then(OperatorRetried(actor="o", reason="r", at=AT))

    def test_do_not_retry_what_is_being_asked(self) -> None:
        """There is nothing to hurry."""
        trip.given(*PAID).when(Retry(actor="o", reason="r", at=AT)).then_nothing()

    @pytest.mark.parametrize("history", [(STARTED,), PAID], ids=["nothing was asked", "whoever asked is gone"])
    def test_retry_what_was_left(self, history: tuple[WorkflowEvent, ...]) -> None:
        """Where push, timer and sweep came in vain, nobody else would come by again."""
        later = AT + CLAIM
        retried = OperatorRetried(actor="o", reason="r", at=later)
        trip.given(*history).when(Retry(actor="o", reason="r", at=later)).then(retried)

        step, number = ("confirm", 2) if history is PAID else ("book", 1)
        trip.given(*history, retried).when(Resume(at=later)).then(requested(step, number, later))

    def test_do_not_retry_what_is_over(self) -> None:
        """What has ended has ended."""
        end = WorkflowCompleted(workflow_id="w1", result={}, at=AT)
        command = Retry(actor="o", reason="r", at=AT)
        trip.given(*PAID, succeeded("confirm"), end).when(command).then_refused("workflow-is-over")

    def test_turn_back_what_has_not_come_to_its_pivot(self) -> None:
        """Everything done, and what is being asked, will be undone; by whoever runs workflows, not by the operator."""
        command = ForceCompensate(actor="operator:7", reason="fraud", at=AT)
        trip.given(*PRICED).when(command).then(
            OperatorForcedCompensation(actor="operator:7", reason="fraud", at=AT),
            back("hold", "forced-by-operator", "hold", "book", detail="an operator turned it back"),
        )

    @pytest.mark.parametrize("history", [HELD, (*HELD, unknown("pay")), PAID], ids=["asked", "unknown", "done"])
    def test_do_not_turn_back_from_the_pivot_on(self, history: tuple[WorkflowEvent, ...]) -> None:
        """Money may have been taken: making good is a workflow of its own."""
        trip.given(*history).when(ForceCompensate(actor="o", reason="r", at=AT)).then_refused("past-the-pivot")

    def test_do_not_turn_back_what_is_on_its_way_back(self) -> None:
        """Asked twice it is turned back once."""
        trip.given(*BACK).when(ForceCompensate(actor="o", reason="r", at=AT)).then_nothing()


def _turned_back_at_pay() -> tuple[WorkflowEvent, ...]:
    refused = StepRefused(step="pay", attempt=1, code="no-room", detail="no", again_at=None, at=AT)
    return refused, back("pay", "no-room", "hold", "book")


def _asked_in_vain(count: int) -> list[WorkflowEvent]:
    """All attempts at the confirmation before the one with this number."""
    return [
        event for number in range(1, count) for event in (unknown("confirm", number), requested("confirm", number + 1))
    ]


def _in_vain(number: int) -> CompensationFailed:
    return CompensationFailed(step="book", attempt=number, error="no answer", again_at=AT + SECOND, at=AT)
