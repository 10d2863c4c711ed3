"""The failure matrix of a workflow, made from its declaration: what can go wrong at each step and at each undo.

`cases(workflow)` is the list, `workflow_world.play` lets one of them happen. A new step brings its cases with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.eventsourcing.workflow.declaration import Step, Workflow
from shared.eventsourcing.workflow.state import Status


class Fault(StrEnum):
    """What goes wrong with one call, of a step or of its undo; or with what a person says at a step that waits."""

    NONE = "nothing goes wrong"
    CRASH_BEFORE_INTENT = "the runner dies before the intent is recorded"
    CRASH_AFTER_INTENT = "the runner dies after the intent is recorded"
    CRASH_AFTER_CALL = "the runner dies after the call, before its outcome is recorded"
    CRASH_AFTER_OUTCOME = "the runner dies after the outcome is recorded"
    REFUSED = "the call is refused"
    LOST = "no answer comes, and it is not done"
    UNANSWERED = "no answer comes, and it is done"
    NEVER_HEARD = "no answer ever comes, and it is never done"
    NEVER_ANSWERED = "no answer ever comes, and it is done"
    GARBLED = "a server error comes for an answer, and it is done"
    ANSWERED_TWICE = "the call arrives twice"
    ARRIVES_LATE = "no answer comes, and the call arrives when all is over"
    OUT_FOR_HOURS = "the runner dies after the call, and nobody comes back before the deadline"
    FORCED_BACK = "no answer comes, and an operator turns the workflow back"
    FAILS_FOR_LONG = "the call is refused until an operator has mended what was wrong"
    SILENT_FOR_LONG = "no answer comes for longer than refusals are borne, and it is not done before"
    DECLINED = "a person has it turned back, and then another one decides that it goes on"


class Recovery(StrEnum):
    """Who comes back to a workflow that was left."""

    REDELIVERY = "the push comes again, timers are set"
    SWEEP = "no push comes again and no timer can be set: only the sweep is left"
    RACE = "whatever comes, comes twice at the same time"


_CRASHES = (
    Fault.CRASH_BEFORE_INTENT,
    Fault.CRASH_AFTER_INTENT,
    Fault.CRASH_AFTER_CALL,
    Fault.CRASH_AFTER_OUTCOME,
)
_ANYWHERE = (*_CRASHES, Fault.LOST, Fault.UNANSWERED, Fault.GARBLED, Fault.ANSWERED_TWICE, Fault.ARRIVES_LATE)
_FORWARDS = (*_ANYWHERE, Fault.REFUSED, Fault.OUT_FOR_HOURS)
_BEFORE_PIVOT = (*_FORWARDS, Fault.NEVER_HEARD, Fault.NEVER_ANSWERED, Fault.FORCED_BACK)
_BEHIND_PIVOT = (*_FORWARDS, Fault.FAILS_FOR_LONG, Fault.SILENT_FOR_LONG)
_WAITING = (*_CRASHES, Fault.ANSWERED_TWICE, Fault.FORCED_BACK, Fault.DECLINED)
_UNDO = (*_ANYWHERE, Fault.REFUSED, Fault.OUT_FOR_HOURS, Fault.FAILS_FOR_LONG, Fault.SILENT_FOR_LONG)
_FINAL = {
    Fault.REFUSED,
    Fault.NEVER_HEARD,
    Fault.NEVER_ANSWERED,
    Fault.ARRIVES_LATE,
    Fault.OUT_FOR_HOURS,
    Fault.FORCED_BACK,
    Fault.DECLINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`fault` happens to the call of `step`, or to its undo: then `turned_back_by` is the step whose refusal makes it
    necessary; by a person, if that step waits for one.
    """

    step: str
    fault: Fault
    recovery: Recovery
    turned_back_by: str | None = None

    @property
    def undo(self) -> bool:
        return self.turned_back_by is not None

    def __str__(self) -> str:
        what = f"{self.step}.undo-after-{self.turned_back_by}" if self.undo else self.step
        return f"{what}-{self.fault.name.lower()}-{self.recovery.name.lower()}"


def cases(workflow: Workflow, *, skipped: frozenset[str] = frozenset()) -> list[Case]:
    """Every fault at every step and every undo, with everybody who may come back. `skipped` are steps that the
    workflow's data leaves out: nothing can happen there.
    """
    steps = [step for step in workflow.steps if step.name not in skipped]
    return [
        case
        for recovery in Recovery
        for case in (
            Case(step=steps[0].name, fault=Fault.NONE, recovery=recovery),
            *_of_calls(workflow, steps, recovery),
            *_of_undos(workflow, steps, recovery),
        )
    ]


def _of_calls(workflow: Workflow, steps: list[Step], recovery: Recovery) -> Iterator[Case]:
    behind = {step.name for step in behind_pivot(workflow)}
    for step in steps:
        for fault in _faults(step, behind):
            yield Case(step=step.name, fault=fault, recovery=recovery)


def _faults(step: Step, behind: set[str]) -> tuple[Fault, ...]:
    if step.waits:
        return _WAITING
    return _BEHIND_PIVOT if step.name in behind else _FORWARDS if step.pivot else _BEFORE_PIVOT


def _of_undos(workflow: Workflow, steps: list[Step], recovery: Recovery) -> Iterator[Case]:
    """After a refusal of each later step; who comes back makes no difference there, so the others see the last one."""
    behind = {step.name for step in behind_pivot(workflow)}
    forwards = [step for step in steps if step.name not in behind]
    for index, step in enumerate(forwards):
        later = forwards[index + 1 :] if recovery is Recovery.REDELIVERY else forwards[-1:]
        for refused in later if step.undo and step is not forwards[-1] else []:
            for fault in _UNDO:
                yield Case(step=step.name, fault=fault, recovery=recovery, turned_back_by=refused.name)


def behind_pivot(workflow: Workflow) -> tuple[Step, ...]:
    return workflow.after(frozenset(step.name for step in workflow.steps if step.pivot))


def ending(workflow: Workflow, case: Case) -> Status:
    """How a case must end: backwards if something before the pivot, or the pivot itself, says no for good."""
    behind = {step.name for step in behind_pivot(workflow)}
    if case.undo:
        return Status.FAILED
    if case.step in behind:
        return Status.COMPLETED
    final = {Fault.REFUSED} if workflow.step(case.step).pivot else _FINAL
    return Status.FAILED if case.fault in final else Status.COMPLETED
