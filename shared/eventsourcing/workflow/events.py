"""What can have happened to a workflow: the storage contract of every service that is one.

Times named `until` end a claim: whoever recorded the intent may be asking until then, and nobody else asks.
"""

from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime

from shared.eventsourcing.codec import Codec
from shared.eventsourcing.message import Event

DeclineCode = Literal["refused", "withdrawn"]
"""By staff, or by who asked for it."""


class WorkflowStarted(Event):
    """From `deadline_at` on it turns back, unless its pivot was asked for by then. The time that it waits for a person
    does not count.
    """

    TYPE: ClassVar = "WorkflowStarted.v1"
    workflow_id: str
    data: dict[str, Any]
    deadline_at: AwareDatetime
    at: AwareDatetime


class StepRequested(Event):
    """The intent: this step is asked for now, for the `attempt`-th time."""

    TYPE: ClassVar = "StepRequested.v1"
    step: str
    attempt: int
    until: AwareDatetime
    at: AwareDatetime


class StepSucceeded(Event):
    """`learned` was added to the workflow's data."""

    TYPE: ClassVar = "StepSucceeded.v1"
    step: str
    attempt: int
    learned: dict[str, Any]
    at: AwareDatetime


class StepSkipped(Event):
    """There is nothing to do here: the workflow's data says so, or the refusal that came right before this."""

    TYPE: ClassVar = "StepSkipped.v1"
    step: str
    at: AwareDatetime


class StepRefused(Event):
    """`again_at` is set behind the pivot only, where there is no way back: it is asked again then. It is null there if
    the step is skipped, or the workflow stuck.
    """

    TYPE: ClassVar = "StepRefused.v1"
    step: str
    attempt: int
    code: str
    detail: str
    again_at: AwareDatetime | None
    at: AwareDatetime


class StepUnknown(Event):
    """Nobody knows whether it was done: it is asked again under the same key, at `again_at`; never, if that is null."""

    TYPE: ClassVar = "StepUnknown.v1"
    step: str
    attempt: int
    error: str
    again_at: AwareDatetime | None
    at: AwareDatetime


class DecisionAwaited(Event):
    """The workflow waits at this step until a person decides."""

    TYPE: ClassVar = "DecisionAwaited.v1"
    step: str
    at: AwareDatetime


class DecisionMade(Event):
    """A person decided, and the workflow goes on; `learned` was added to its data. `result` is complete enough to be
    published.
    """

    TYPE: ClassVar = "DecisionMade.v1"
    step: str
    decision: dict[str, Any]
    learned: dict[str, Any]
    result: dict[str, Any]
    actor: str
    at: AwareDatetime


class WorkflowDeclined(Event):
    """A person had the workflow turned back at the step where it waited."""

    TYPE: ClassVar = "WorkflowDeclined.v1"
    step: str
    code: DeclineCode
    actor: str
    reason: str
    at: AwareDatetime


class DeadlinePassed(Event):
    TYPE: ClassVar = "DeadlinePassed.v1"
    at: AwareDatetime


class CompensationStarted(Event):
    """The workflow turned back, because of `code` at `step`. `undo` are the steps to be undone, in that order: all that
    were done, or may have been, or may yet be.
    """

    TYPE: ClassVar = "CompensationStarted.v1"
    step: str
    code: str
    detail: str
    undo: tuple[str, ...]
    at: AwareDatetime


class CompensationRequested(Event):
    """The intent to undo a step."""

    TYPE: ClassVar = "CompensationRequested.v1"
    step: str
    attempt: int
    until: AwareDatetime
    at: AwareDatetime


class CompensationDone(Event):
    """`code` is the refusal that said that there is nothing to undo any more, null if it was undone just now."""

    TYPE: ClassVar = "CompensationDone.v1"
    step: str
    attempt: int
    code: str | None
    at: AwareDatetime


class CompensationFailed(Event):
    """It was refused, or nobody knows: asked again at `again_at`; by an operator only, if that is null."""

    TYPE: ClassVar = "CompensationFailed.v1"
    step: str
    attempt: int
    error: str
    again_at: AwareDatetime | None
    at: AwareDatetime


class WorkflowCompleted(Event):
    """All steps are done. `result` is complete enough to be published."""

    TYPE: ClassVar = "WorkflowCompleted.v1"
    workflow_id: str
    result: dict[str, Any]
    at: AwareDatetime


class WorkflowFailed(Event):
    """Everything that was done is undone. `step`, `code` and `detail` say why it turned back, which nobody declined."""

    TYPE: ClassVar = "WorkflowFailed.v1"
    workflow_id: str
    step: str
    code: str
    detail: str
    result: dict[str, Any]
    at: AwareDatetime


class DeclineCarriedOut(Event):
    """What a person declined has come to its end: everything that was done is undone. `result` is complete enough to be
    published.
    """

    TYPE: ClassVar = "DeclineCarriedOut.v1"
    workflow_id: str
    step: str
    code: DeclineCode
    reason: str
    result: dict[str, Any]
    at: AwareDatetime


class WorkflowStuck(Event):
    """It goes neither on nor back by itself any more: an operator must look."""

    TYPE: ClassVar = "WorkflowStuck.v1"
    step: str
    undo: bool
    error: str
    at: AwareDatetime


class OperatorRetried(Event):
    TYPE: ClassVar = "OperatorRetried.v1"
    actor: str
    reason: str
    at: AwareDatetime


class OperatorForcedCompensation(Event):
    TYPE: ClassVar = "OperatorForcedCompensation.v1"
    actor: str
    reason: str
    at: AwareDatetime


CallEvent = (
    WorkflowStarted
    | StepRequested
    | StepSucceeded
    | StepSkipped
    | StepRefused
    | StepUnknown
    | DeadlinePassed
    | CompensationStarted
    | CompensationRequested
    | CompensationDone
    | CompensationFailed
    | WorkflowCompleted
    | WorkflowFailed
    | WorkflowStuck
    | OperatorRetried
    | OperatorForcedCompensation
)
"""Of every workflow."""
WorkflowEvent = CallEvent | DecisionAwaited | DecisionMade | WorkflowDeclined | DeclineCarriedOut


def workflow_codec(*, waits: bool) -> Codec[WorkflowEvent]:
    """Of a workflow that waits for people at some step, or at none: then nothing is promised of their decisions."""
    return Codec[WorkflowEvent](WorkflowEvent if waits else CallEvent)
