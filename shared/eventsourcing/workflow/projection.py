"""The read model of a workflow: where it is, how it came there, and what its data lets everybody see."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar, assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.projection import Projection, Scalar
from shared.eventsourcing.workflow.events import (
    CompensationDone,
    CompensationFailed,
    CompensationRequested,
    CompensationStarted,
    DeadlinePassed,
    DecisionAwaited,
    DecisionMade,
    DeclineCarriedOut,
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
    workflow_codec,
)

MAX_TIMELINE = 200
"""Of an unhappy workflow the newest are shown; `/history` has them all."""


class TimelineEntry(BaseModel):
    """One thing that happened; `step` is what it happened to, null for the whole."""

    model_config = ConfigDict(extra="forbid")
    at: AwareDatetime
    step: str | None
    what: str
    detail: str | None


class Reason(BaseModel):
    """Why it turned back, or is stuck."""

    model_config = ConfigDict(extra="forbid")
    step: str
    code: str
    detail: str


class WorkflowView(BaseModel):
    """A service's own view extends this with fields that are called as something in its workflow's data.

    A workflow that is `waiting` stands still until a person decides at the step `waits_for`. It ends `refused` if staff
    turned it back there, and `withdrawn` if who asked for it did.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    status: Literal["running", "waiting", "completed", "failed", "stuck", "refused", "withdrawn"]
    waits_for: str | None = None
    reason: Reason | None = None
    timeline: list[TimelineEntry]
    started_at: AwareDatetime
    changed_at: AwareDatetime
    ended_at: AwareDatetime | None = None


V = TypeVar("V", bound=WorkflowView)


def workflow_projection(
    category: str, collection: str, document_type: type[V], *, fields: tuple[str, ...], waits: bool = False
) -> Projection[WorkflowEvent, V]:
    """`fields` of the document can be filtered by, besides its status; `waits` if people decide at some step."""
    shown = document_type.model_fields.keys() - WorkflowView.model_fields.keys()

    def project(document: V | None, event: WorkflowEvent) -> V | None:
        if document is None:
            if not isinstance(event, WorkflowStarted):
                raise ValueError(f"{type(event).__name__} before WorkflowStarted")
            started = {"id": event.workflow_id, "status": "running", "started_at": event.at}
            base: dict[str, Any] = {**started, "timeline": [], **_seen(event.data, shown)}
        else:
            base = {**document.model_dump(), **_changes(document, event)}
            if isinstance(event, StepSucceeded | DecisionMade):
                base |= _seen(event.learned, shown)
        base["timeline"] = [*base["timeline"], _entry(event).model_dump()][-MAX_TIMELINE:]
        return document_type.model_validate({**base, "changed_at": event.at})

    def values(document: V) -> Mapping[str, Scalar]:
        own: dict[str, Scalar] = {name: getattr(document, name) for name in fields}
        return {**own, "status": document.status, "started_at": document.started_at}

    return Projection[WorkflowEvent, V](
        category=category,
        collection=collection,
        document_type=document_type,
        codec=workflow_codec(waits=waits),
        project=project,
        fields=values,
    )


def _seen(data: Mapping[str, Any], shown: set[str]) -> dict[str, Any]:
    return {name: data[name] for name in shown if name in data}


def _changes(document: WorkflowView, event: WorkflowEvent) -> dict[str, object]:  # noqa: PLR0911 - one match
    match event:
        case DecisionAwaited(step=step):
            return {"status": "waiting", "waits_for": step}
        case CompensationStarted():
            reason = Reason(step=event.step, code=event.code, detail=event.detail).model_dump()
            return {"status": "running", "waits_for": None, "reason": reason}
        case WorkflowStuck():
            stuck = Reason(step=event.step, code="stuck", detail=event.error)
            return {"status": "stuck", "reason": (document.reason or stuck).model_dump()}
        case WorkflowCompleted():
            return {"status": "completed", "reason": None, "ended_at": event.at}
        case WorkflowFailed():
            return {"status": "failed", "ended_at": event.at}
        case DeclineCarriedOut(code=code):
            return {"status": code, "ended_at": event.at}
        case DecisionMade() | OperatorRetried() | StepSucceeded() | CompensationDone():
            return {"status": "running", "waits_for": None}
        case _:
            return {}


def _entry(event: WorkflowEvent) -> TimelineEntry:  # noqa: C901, PLR0911, PLR0912 - one match over a union
    at: datetime = event.at
    match event:
        case WorkflowStarted():
            return _told(at, None, "started")
        case StepRequested(step=step, attempt=attempt):
            return _told(at, step, "requested", _attempt(attempt))
        case StepSucceeded(step=step):
            return _told(at, step, "succeeded")
        case StepSkipped(step=step):
            return _told(at, step, "skipped")
        case StepRefused(step=step, code=code):
            return _told(at, step, "refused", code)
        case StepUnknown(step=step, error=error):
            return _told(at, step, "not answered", error)
        case DecisionAwaited(step=step):
            return _told(at, step, "waits for a decision")
        case DecisionMade(step=step):
            return _told(at, step, "decided")
        case WorkflowDeclined(step=step, code=code):
            return _told(at, step, "declined", code)
        case DeadlinePassed():
            return _told(at, None, "deadline passed")
        case CompensationStarted(step=step, code=code):
            return _told(at, step, "turned back", code)
        case CompensationRequested(step=step, attempt=attempt):
            return _told(at, step, "undo requested", _attempt(attempt))
        case CompensationDone(step=step, code=code):
            return _told(at, step, "undone", code)
        case CompensationFailed(step=step, error=error):
            return _told(at, step, "not undone", error)
        case WorkflowCompleted():
            return _told(at, None, "completed")
        case WorkflowFailed(code=code):
            return _told(at, None, "failed", code)
        case DeclineCarriedOut(code=code):
            return _told(at, None, code)
        case WorkflowStuck(step=step, error=error):
            return _told(at, step, "stuck", error)
        case OperatorRetried():
            return _told(at, None, "retried by an operator")
        case OperatorForcedCompensation():
            return _told(at, None, "turned back by an operator")
        case _:
            assert_never(event)


def _told(at: datetime, step: str | None, what: str, detail: str | None = None) -> TimelineEntry:
    return TimelineEntry(at=at, step=step, what=what, detail=detail)


def _attempt(number: int) -> str | None:
    return f"attempt {number}" if number > 1 else None
