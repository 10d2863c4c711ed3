"""What people decide at the steps that wait for them. Pure; the orchestrator is woken by it and goes on."""

from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.workflow.commands import Decide, Decline
from shared.eventsourcing.workflow.declaration import Workflow
from shared.eventsourcing.workflow.events import DecisionAwaited, DecisionMade, WorkflowDeclined
from shared.eventsourcing.workflow.moves import Events, and_on, compensation
from shared.eventsourcing.workflow.state import Failure, Saga


def of_person(workflow: Workflow, saga: Saga, command: Decide | Decline) -> Events:
    return _decided(workflow, saga, command) if isinstance(command, Decide) else _declined(workflow, saga, command)


def _decided(workflow: Workflow, saga: Saga, command: Decide) -> Events:
    """Each step is decided once; the same decision again is nothing to do while it stands."""
    step, decision, at = command.step, command.decision, command.at
    if step in saga.decisions and saga.failure is None:
        if saga.decisions[step] == decision:
            return []
        raise DomainError("decided-otherwise", f"{step} was decided differently")
    if saga.wait is None or saga.wait.step != step:
        raise _not_awaited(saga)
    learned = dict(workflow.step(step).learn(saga.data, decision))
    result = dict(workflow.result({**saga.data, **learned}))
    made = DecisionMade(step=step, decision=decision, learned=learned, result=result, actor=command.actor, at=at)
    return _and_wait(workflow, saga, made)


def _and_wait(workflow: Workflow, saga: Saga, made: DecisionMade) -> Events:
    """What waits for the next decision does so at once; calls are for the orchestrator to make."""
    events = and_on(workflow, saga, made, made.at)
    return events if isinstance(events[-1], DecisionAwaited) else [made]


def _declined(workflow: Workflow, saga: Saga, command: Decline) -> Events:
    code, reason, at = command.code, command.reason, command.at
    if saga.failure is not None and (saga.declined, saga.failure.detail) == (code, reason):
        return []
    if saga.wait is None:
        raise _not_awaited(saga)
    why = Failure(step=saga.wait.step, code=code, detail=reason)
    said = WorkflowDeclined(step=why.step, code=code, actor=command.actor, reason=reason, at=at)
    return [said, compensation(workflow, saga, why, at, also=None)]


def _not_awaited(saga: Saga) -> DomainError:
    now = f"waits for {saga.wait.step}" if saga.wait else f"is {saga.status}"
    return DomainError("not-awaited", f"this cannot be decided now: it {now}")
