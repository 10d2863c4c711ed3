"""A workflow as its rules need to know it: a pure fold of its events."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.workflow.events import (
    CompensationDone,
    CompensationFailed,
    CompensationRequested,
    CompensationStarted,
    DeadlinePassed,
    DecisionAwaited,
    DecisionMade,
    DeclineCarriedOut,
    DeclineCode,
    OperatorForcedCompensation,
    OperatorRetried,
    StepRefused,
    StepRequested,
    StepSkipped,
    StepSucceeded,
    StepUnknown,
    WorkflowCompleted,
    WorkflowDeclined,
    WorkflowEvent,
    WorkflowFailed,
    WorkflowStarted,
    WorkflowStuck,
)


class Status(StrEnum):
    ABSENT = "absent"
    FORWARDS = "forwards"
    WAITING = "waiting"
    BACKWARDS = "backwards"
    STUCK = "stuck"
    COMPLETED = "completed"
    FAILED = "failed"


OVER = frozenset({Status.COMPLETED, Status.FAILED})


class Attempt(BaseModel):
    """The call that the workflow is at. It is being made by whoever recorded it, at most `until` then; or it was made
    in vain, and is due `again_at`. `tries` counts from the start, or from when an operator last had it retried.
    """

    model_config = ConfigDict(frozen=True)
    step: str
    undo: bool
    number: int
    tries: int
    until: AwareDatetime | None = None
    again_at: AwareDatetime | None = None


class Failure(BaseModel):
    """Why a workflow turned back."""

    model_config = ConfigDict(frozen=True)
    step: str
    code: str
    detail: str


class Wait(BaseModel):
    """The step at which it waits for a person, and since when."""

    model_config = ConfigDict(frozen=True)
    step: str
    since: AwareDatetime


class Saga(BaseModel):
    """One running workflow. `to_undo` are the steps still to be undone, in that order; `decisions` are what people
    said, by step; `declined` says that a person had it turned back.
    """

    model_config = ConfigDict(frozen=True)
    status: Status = Status.ABSENT
    workflow_id: str = ""
    data: dict[str, Any] = {}
    deadline_at: AwareDatetime | None = None
    done: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    attempt: Attempt | None = None
    wait: Wait | None = None
    decisions: dict[str, dict[str, Any]] = {}
    to_undo: tuple[str, ...] = ()
    failure: Failure | None = None
    declined: DeclineCode | None = None

    @property
    def passed(self) -> frozenset[str]:
        return frozenset((*self.done, *self.skipped))

    @property
    def is_over(self) -> bool:
        return self.status in OVER


def evolve(saga: Saga, event: WorkflowEvent) -> Saga:
    return saga.model_copy(update=_changes(saga, event))


def _changes(saga: Saga, event: WorkflowEvent) -> dict[str, object]:  # noqa: C901, PLR0911, PLR0912 - one match
    match event:
        case WorkflowStarted(workflow_id=workflow_id, data=data, deadline_at=deadline_at):
            return {
                "status": Status.FORWARDS,
                "workflow_id": workflow_id,
                "data": data,
                "deadline_at": deadline_at,
            }
        case StepRequested():
            return {"attempt": _asked(saga, event, undo=False)}
        case StepSucceeded(step=step, learned=learned):
            forwards = {"status": Status.FORWARDS, "attempt": None}
            return {**forwards, "done": (*saga.done, step), "data": {**saga.data, **learned}}
        case StepSkipped(step=step):
            return {"skipped": (*saga.skipped, step), "attempt": None}
        case StepRefused() | StepUnknown() | CompensationFailed():
            return {"attempt": _in_vain(saga, event.again_at)}
        case DecisionAwaited(step=step, at=at):
            return {"status": Status.WAITING, "attempt": None, "wait": Wait(step=step, since=at)}
        case DecisionMade():
            return _decided(saga, event)
        case CompensationStarted(undo=undo):
            failure = Failure(step=event.step, code=event.code, detail=event.detail)
            return {"status": Status.BACKWARDS, "attempt": None, "wait": None, "to_undo": undo, "failure": failure}
        case CompensationRequested():
            return {"attempt": _asked(saga, event, undo=True)}
        case CompensationDone(step=step):
            rest = tuple(name for name in saga.to_undo if name != step)
            return {"status": Status.BACKWARDS, "attempt": None, "to_undo": rest}
        case WorkflowCompleted():
            return {"status": Status.COMPLETED, "attempt": None}
        case WorkflowFailed() | DeclineCarriedOut():
            return {"status": Status.FAILED, "attempt": None}
        case WorkflowStuck():
            return {"status": Status.STUCK}
        case OperatorRetried(at=at):
            return _retried(saga, at)
        case WorkflowDeclined(code=code):
            return {"declined": code}
        case DeadlinePassed() | OperatorForcedCompensation():
            return {}
        case _:
            assert_never(event)


def _decided(saga: Saga, event: DecisionMade) -> dict[str, object]:
    """The deadline moves by the time that was waited."""
    waited = event.at - saga.wait.since if saga.wait else timedelta()
    return {
        "status": Status.FORWARDS,
        "wait": None,
        "done": (*saga.done, event.step),
        "data": {**saga.data, **event.learned},
        "decisions": {**saga.decisions, event.step: event.decision},
        "deadline_at": saga.deadline_at and saga.deadline_at + waited,
    }


def _asked(saga: Saga, event: StepRequested | CompensationRequested, *, undo: bool) -> Attempt:
    tries = saga.attempt.tries + 1 if saga.attempt else 1
    return Attempt(step=event.step, undo=undo, number=event.attempt, tries=tries, until=event.until)


def _in_vain(saga: Saga, again_at: datetime | None) -> Attempt | None:
    return saga.attempt and saga.attempt.model_copy(update={"until": None, "again_at": again_at})


def _retried(saga: Saga, at: datetime) -> dict[str, object]:
    status = Status.FORWARDS if saga.failure is None else Status.BACKWARDS
    attempt = saga.attempt and saga.attempt.model_copy(update={"tries": 0, "until": None, "again_at": at})
    return {"status": status, "attempt": attempt}
