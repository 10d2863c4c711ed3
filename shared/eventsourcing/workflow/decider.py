"""The rules of every workflow: forwards to the pivot or all the way back, behind the pivot only forwards.

What is recorded decides; who asks does not. An intent is recorded before each call and claims it for a time; whoever
finds a claim that has run out takes over and counts the call as of unknown outcome.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import assert_never

from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError, NotFoundError, TopologyError
from shared.eventsourcing.workflow.commands import (
    Decide,
    Decline,
    ForceCompensate,
    RecordOutcome,
    Refused,
    Resume,
    Retry,
    Start,
    Succeeded,
    Unknown,
    WorkflowCommand,
)
from shared.eventsourcing.workflow.decisions import of_person
from shared.eventsourcing.workflow.declaration import Workflow, check
from shared.eventsourcing.workflow.events import (
    CompensationDone,
    CompensationFailed,
    DeadlinePassed,
    OperatorForcedCompensation,
    OperatorRetried,
    StepRefused,
    StepSkipped,
    StepSucceeded,
    StepUnknown,
    WorkflowEvent,
    WorkflowStarted,
    WorkflowStuck,
    workflow_codec,
)
from shared.eventsourcing.workflow.moves import (
    Events,
    after,
    and_on,
    asked_for,
    compensation,
    go_on,
    intent,
    is_behind_pivot,
    pivot_is_asked,
    place,
    turn_back,
    undo_of,
)
from shared.eventsourcing.workflow.state import Attempt, Failure, Saga, Status, evolve


def workflow_decider(workflow: Workflow) -> Decider[WorkflowCommand, WorkflowEvent, Saga]:
    """The decider of a declared workflow; TopologyError, with all that is wrong, if it does not pass the check."""
    if troubles := check(workflow):
        raise TopologyError(f"workflow {workflow.category}: {'; '.join(troubles)}")
    return Decider[WorkflowCommand, WorkflowEvent, Saga](
        category=workflow.category,
        decide=partial(decide, workflow),
        evolve=evolve,
        initial_state=Saga,
        state_type=Saga,
        codec=workflow_codec(waits=any(step.waits for step in workflow.steps)),
    )


def decide(workflow: Workflow, command: WorkflowCommand, saga: Saga) -> Sequence[WorkflowEvent]:
    if isinstance(command, Start):
        return _start(workflow, command, saga)
    if saga.status is Status.ABSENT:
        raise NotFoundError(f"{workflow.category}-not-found", f"there is no such {workflow.category}")
    match command:
        case Resume(at=at):
            return _resume(workflow, saga, at)
        case RecordOutcome():
            return _record(workflow, saga, command)
        case Decide() | Decline():
            return of_person(workflow, saga, command)
        case Retry() | ForceCompensate():
            return _operated(workflow, saga, command)
        case _:
            assert_never(command)


# --- start and resume


def _start(workflow: Workflow, command: Start, saga: Saga) -> Events:
    if saga.status is not Status.ABSENT:
        if saga.workflow_id == command.workflow_id and all(saga.data.get(k) == v for k, v in command.data.items()):
            return []
        raise DomainError(f"{workflow.category}-exists", "one with this id was started differently")
    return [
        WorkflowStarted(
            workflow_id=command.workflow_id,
            data=command.data,
            deadline_at=command.at + workflow.deadline,
            at=command.at,
        )
    ]


def _resume(workflow: Workflow, saga: Saga, at: datetime) -> Events:
    if saga.status not in (Status.FORWARDS, Status.BACKWARDS):
        return []
    if saga.status is Status.FORWARDS and not pivot_is_asked(workflow, saga) and _is_past(saga.deadline_at, at):
        late = Failure(step=place(workflow, saga), code="deadline-passed", detail="it took too long")
        return [DeadlinePassed(at=at), *turn_back(workflow, saga, late, at, also=asked_for(saga))]
    if saga.attempt is None:
        return go_on(workflow, saga, at)
    if _is_past(saga.attempt.until, at):
        return _taken_over(workflow, saga, saga.attempt, at)
    if _is_past(saga.attempt.again_at, at):
        return [intent(workflow, saga, saga.attempt.step, at, undo=saga.attempt.undo)]
    return []


def _is_past(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and moment <= at


def _taken_over(workflow: Workflow, saga: Saga, attempt: Attempt, at: datetime) -> Events:
    """Whoever claimed the call is gone: what came of it is unknown, and it is asked again at once."""
    silence = Unknown(error="whoever asked never said what came of it")
    gone = _unknown(workflow, saga, attempt, silence, at)
    then = after(saga, gone)
    if then.attempt is None or then.attempt.again_at is None:
        return gone
    return [*gone, intent(workflow, then, attempt.step, at, undo=attempt.undo)]


# --- outcomes


def _record(workflow: Workflow, saga: Saga, command: RecordOutcome) -> Events:
    """An answer for something else than what the workflow is at comes too late. A success counts from any attempt, as
    all are the same deed under the same key; a failure only from the one that is being made.
    """
    attempt, outcome, at = saga.attempt, command.outcome, command.at
    if attempt is None or saga.is_over or (attempt.step, attempt.undo) != (command.step, command.undo):
        return []
    if isinstance(outcome, Succeeded):
        return _succeeded(workflow, saga, command, outcome)
    if command.attempt != attempt.number or attempt.until is None:
        return []
    match outcome:
        case Refused():
            return _refused(workflow, saga, attempt, outcome, at)
        case Unknown():
            return _unknown(workflow, saga, attempt, outcome, at)
        case _:
            assert_never(outcome)


def _succeeded(workflow: Workflow, saga: Saga, command: RecordOutcome, outcome: Succeeded) -> Events:
    step, number, at = command.step, command.attempt, command.at
    event: WorkflowEvent = (
        CompensationDone(step=step, attempt=number, code=None, at=at)
        if command.undo
        else StepSucceeded(step=step, attempt=number, learned=outcome.learned, at=at)
    )
    return and_on(workflow, saga, event, at)


def _refused(workflow: Workflow, saga: Saga, attempt: Attempt, outcome: Refused, at: datetime) -> Events:
    step = workflow.step(attempt.step)
    said = f"{outcome.code}: {outcome.detail}"
    if attempt.undo:
        if outcome.code in undo_of(step).settled:
            done = CompensationDone(step=step.name, attempt=attempt.number, code=outcome.code, at=at)
            return and_on(workflow, saga, done, at)
        again_at = _again_at(workflow, attempt, workflow.undo_attempts, at)
        return _undo_in_vain(attempt, said, again_at, at)
    behind = is_behind_pivot(workflow, step)
    settled = outcome.code in step.settled
    again_at = _again_at(workflow, attempt, workflow.undo_attempts, at) if behind and not settled else None
    refused = StepRefused(
        step=step.name,
        attempt=attempt.number,
        code=outcome.code,
        detail=outcome.detail,
        again_at=again_at,
        at=at,
    )
    if settled:
        return [refused, *and_on(workflow, saga, StepSkipped(step=step.name, at=at), at)]
    if behind:
        return [refused] if again_at else [refused, _stuck(attempt, said, at)]
    why = Failure(step=step.name, code=outcome.code, detail=outcome.detail)
    doubtful = outcome.done or attempt.number > 1
    return [refused, *turn_back(workflow, saga, why, at, also=step.name if doubtful else None)]


def _unknown(workflow: Workflow, saga: Saga, attempt: Attempt, outcome: Unknown, at: datetime) -> Events:
    """Silence passes by itself: where there is no way back it is waited for. A fault of the workflow's own service does
    not pass.
    """
    step, error = workflow.step(attempt.step), outcome.error
    behind = is_behind_pivot(workflow, step)
    if attempt.undo or behind:
        limit = workflow.undo_attempts if outcome.fault else None
    else:
        limit = None if step.pivot else step.attempts
    again_at = _again_at(workflow, attempt, limit, at)
    if attempt.undo:
        return _undo_in_vain(attempt, error, again_at, at)
    unknown = StepUnknown(step=step.name, attempt=attempt.number, error=error, again_at=again_at, at=at)
    if again_at is not None:
        return [unknown]
    if behind:
        return [unknown, _stuck(attempt, error, at)]
    why = Failure(step=step.name, code="no-answer", detail=error)
    return [unknown, *turn_back(workflow, saga, why, at, also=step.name)]


def _undo_in_vain(attempt: Attempt, error: str, again_at: datetime | None, at: datetime) -> Events:
    failed = CompensationFailed(step=attempt.step, attempt=attempt.number, error=error, again_at=again_at, at=at)
    return [failed] if again_at else [failed, _stuck(attempt, error, at)]


def _again_at(workflow: Workflow, attempt: Attempt, limit: int | None, at: datetime) -> datetime | None:
    """When it is asked again; None if it was asked often enough."""
    if limit is not None and attempt.tries >= limit:
        return None
    return at + workflow.backoff.after(attempt.tries)


def _stuck(attempt: Attempt, error: str, at: datetime) -> WorkflowStuck:
    return WorkflowStuck(step=attempt.step, undo=attempt.undo, error=error, at=at)


# --- operators


def _operated(workflow: Workflow, saga: Saga, command: Retry | ForceCompensate) -> Events:
    return _retry(saga, command) if isinstance(command, Retry) else _force(workflow, saga, command)


def _retry(saga: Saga, command: Retry) -> Events:
    if saga.is_over:
        raise DomainError("workflow-is-over", f"it has {saga.status}: there is nothing to retry")
    if saga.wait is not None:
        raise DomainError("workflow-waits", f"it waits for a person's decision: {saga.wait.step}")
    if saga.attempt and saga.attempt.until and saga.attempt.until > command.at:  # somebody is asking right now
        return []
    return [OperatorRetried(actor=command.actor, reason=command.reason, at=command.at)]


def _force(workflow: Workflow, saga: Saga, command: ForceCompensate) -> Events:
    if saga.failure is not None:  # it is on its way back, or has come to its end
        return []
    if saga.status is Status.COMPLETED or pivot_is_asked(workflow, saga):
        raise DomainError(
            "past-the-pivot", "there is no way back any more: retry it, or make good by a workflow of its own"
        )
    # Why is between operators, who find it in the history: the failure is shown to the customer.
    why = Failure(step=place(workflow, saga), code="forced-by-operator", detail="an operator turned it back")
    forced = OperatorForcedCompensation(actor=command.actor, reason=command.reason, at=command.at)
    return [forced, compensation(workflow, saga, why, command.at, also=asked_for(saga))]
