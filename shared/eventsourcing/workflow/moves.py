"""Where a workflow goes from where it is: the next intent, the way back, the end. Pure; `decider` says when."""

from datetime import datetime

from shared.eventsourcing.workflow.declaration import Step, Undo, Workflow
from shared.eventsourcing.workflow.events import (
    CompensationRequested,
    CompensationStarted,
    DecisionAwaited,
    DeclineCarriedOut,
    StepRequested,
    StepSkipped,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowFailed,
)
from shared.eventsourcing.workflow.state import Failure, Saga, Status, evolve

Events = list[WorkflowEvent]


def pivot_is_asked(workflow: Workflow, saga: Saga) -> bool:
    """Whether the way back is closed: the pivot was done or skipped, or was asked for and may have been done; or a
    person has just decided that it is asked for.
    """
    asked = {asked_for(saga), *_decided_on(workflow, saga)}
    return any(step.pivot for step in workflow.steps if step.name in saga.passed | asked)


def _decided_on(workflow: Workflow, saga: Saga) -> set[str]:
    """The step that comes right after what a person decided last."""
    decided = saga.done and saga.done[-1] in saga.decisions
    return {step.name for step in workflow.after(saga.passed)[:1]} if decided else set()


def due_at(workflow: Workflow, saga: Saga) -> datetime | None:
    """When there is something to do without anybody's word; None if it is over, stuck or waits for a person."""
    if saga.status not in (Status.FORWARDS, Status.BACKWARDS):
        return None
    times = [saga.attempt.until or saga.attempt.again_at] if saga.attempt else []
    if saga.status is Status.FORWARDS and not pivot_is_asked(workflow, saga):
        times.append(saga.deadline_at)
    return min((time for time in times if time is not None), default=None)


def and_on(workflow: Workflow, saga: Saga, event: WorkflowEvent, at: datetime) -> Events:
    """One commit: what came of one call, and the intent of the next."""
    return [event, *go_on(workflow, evolve(saga, event), at)]


def go_on(workflow: Workflow, saga: Saga, at: datetime) -> Events:
    return _backwards(workflow, saga, at) if saga.status is Status.BACKWARDS else _forwards(workflow, saga, at)


def _forwards(workflow: Workflow, saga: Saga, at: datetime) -> Events:
    skipped: Events = []
    for step in workflow.after(saga.passed):
        if step.waits:
            return [*skipped, DecisionAwaited(step=step.name, at=at)]
        if not step.skip(saga.data):
            return [*skipped, intent(workflow, saga, step.name, at, undo=False)]
        skipped.append(StepSkipped(step=step.name, at=at))
    result = dict(workflow.result(saga.data))
    return [*skipped, WorkflowCompleted(workflow_id=saga.workflow_id, result=result, at=at)]


def _backwards(workflow: Workflow, saga: Saga, at: datetime) -> Events:
    if saga.to_undo:
        return [intent(workflow, saga, saga.to_undo[0], at, undo=True)]
    why = saga.failure or Failure(step="", code="", detail="")
    result = dict(workflow.result(saga.data))
    if saga.declined:
        code, reason = saga.declined, why.detail
        return [
            DeclineCarriedOut(
                workflow_id=saga.workflow_id, step=why.step, code=code, reason=reason, result=result, at=at
            )
        ]
    return [
        WorkflowFailed(
            workflow_id=saga.workflow_id,
            step=why.step,
            code=why.code,
            detail=why.detail,
            result=result,
            at=at,
        )
    ]


def turn_back(workflow: Workflow, saga: Saga, why: Failure, at: datetime, *, also: str | None) -> Events:
    return and_on(workflow, saga, compensation(workflow, saga, why, at, also=also), at)


def compensation(
    workflow: Workflow, saga: Saga, why: Failure, at: datetime, *, also: str | None
) -> CompensationStarted:
    """`also` is the step that was asked for and may have been done, or may yet be."""
    touched = {*saga.done, also}
    undo = tuple(step.name for step in reversed(workflow.steps) if step.name in touched and step.undo is not None)
    return CompensationStarted(step=why.step, code=why.code, detail=why.detail, undo=undo, at=at)


def intent(
    workflow: Workflow, saga: Saga, name: str, at: datetime, *, undo: bool
) -> StepRequested | CompensationRequested:
    until = at + workflow.step(name).claim
    number = saga.attempt.number + 1 if saga.attempt else 1
    kind = CompensationRequested if undo else StepRequested
    return kind(step=name, attempt=number, until=until, at=at)


def undo_of(step: Step) -> Undo:
    if step.undo is None:
        raise KeyError(f"step {step.name!r} has no undo any more, and a running workflow needs it")
    return step.undo


def is_behind_pivot(workflow: Workflow, step: Step) -> bool:
    return step.name in {later.name for later in workflow.after(frozenset(s.name for s in workflow.steps if s.pivot))}


def asked_for(saga: Saga) -> str | None:
    """The step that somebody is asking for, or has asked for in vain."""
    return saga.attempt.step if saga.attempt and not saga.attempt.undo else None


def place(workflow: Workflow, saga: Saga) -> str:
    """The step that a workflow is at."""
    ahead = workflow.after(saga.passed)
    return asked_for(saga) or (ahead[0].name if ahead else "")


def after(saga: Saga, events: Events) -> Saga:
    for event in events:
        saga = evolve(saga, event)
    return saga
