"""Carries workflows out: records an intent, asks the service, records what came of it, until it is over or must wait.

Two runners at one workflow are harmless: the log takes one of their intents, and only whose intent it took asks.
A runner may end at any line. What it leaves behind is found by the push that was not acknowledged, by a named timer or
by the sweep, whichever is first.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from shared.eventsourcing.command_handler import CommandHandler
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.message import Context, message_id
from shared.eventsourcing.workflow.calls import Caller, Request, outcome_of
from shared.eventsourcing.workflow.commands import (
    Outcome,
    RecordOutcome,
    Refused,
    Resume,
    Succeeded,
    Unknown,
    WorkflowCommand,
)
from shared.eventsourcing.workflow.decider import decide
from shared.eventsourcing.workflow.declaration import Refuse, Workflow
from shared.eventsourcing.workflow.events import CompensationFailed, StepUnknown, WorkflowEvent, WorkflowStuck
from shared.eventsourcing.workflow.moves import due_at, undo_of
from shared.eventsourcing.workflow.state import Attempt, Saga, Status, evolve

TASKS_PATH = "/tasks"
_SLACK = timedelta(seconds=1)
"""A timer must not be early by a clock's hair: its name is taken, and it would not come again."""


class Timers(Protocol):
    """The port to named timers."""

    async def schedule(self, name: str, at: datetime, path: str, body: Mapping[str, Any]) -> None:
        """POST `body` to `path` of the function that runs workflows, at `at` or soon after. A name is taken once: the
        same one again is nothing to do. UnavailableError if it could not be scheduled.
        """
        ...


def step_key(workflow_id: str, step: str, *, undo: bool) -> str:
    """The idempotency key of a step's call: the same however often it is asked."""
    return f"{workflow_id}/{step}/undo" if undo else f"{workflow_id}/{step}"


def _silent(severity: str, message: str, **fields: Any) -> None:
    """Nobody listens."""


def _unseen(status: str, age: float) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where a workflow is now; `due_at` is when it has something to do by itself, None if it is over or stuck, or
    waits for a person.
    """

    version: int
    status: Status
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Step:
    """What a command came to: the state after it, and whether it was this runner's commit."""

    saga: Saga
    version: int
    events: tuple[WorkflowEvent, ...]


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs the workflows of one category.

    `log(severity, message, **fields)` hears of workflows that are stuck (ERROR) and of timers that could not be set
    (WARNING: the sweep comes later than they would have). `aged(status, seconds)` is told how old each workflow is that
    is left and not over.
    """

    workflow: Workflow
    handler: CommandHandler[WorkflowCommand, WorkflowEvent, Saga]
    caller: Caller
    timers: Timers
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    log: Callable[..., None] = field(default=_silent)
    aged: Callable[[str, float], None] = field(default=_unseen)

    async def advance(self, stream: str) -> Advanced:
        """Go on with one workflow as far as it goes now. Raises NotFoundError if there is none, UnavailableError if the
        log is down: come again.
        """
        step = await self._handle(stream, Resume(at=self.clock()))
        while step.events and step.saga.attempt is not None and step.saga.attempt.until is not None:
            outcome = await self._ask(stream, step.version, step.saga, step.saga.attempt)
            step = await self._handle(stream, outcome)
        return await self._waiting(stream, step)

    async def timer(self, stream: str, version: int) -> Advanced:
        """A timer that was set at `version` has come. UnavailableError if that was too early: it must come again."""
        advanced = await self.advance(stream)
        if advanced.version == version and advanced.due_at is not None:
            raise UnavailableError(f"{stream} is not due before {advanced.due_at.isoformat()}")
        return advanced

    def sweep(self) -> Visit:
        """The visit of a feed walk that lies `Workflow.longest_wait` behind: advances every workflow that is left."""

        async def visit(stream: str, seen: int) -> bool:
            try:
                return (await self.advance(stream)).version > seen
            except UnavailableError:
                raise  # the walk comes again
            except Exception as error:  # noqa: BLE001 - the walk need not come again for one that cannot go on
                self.log("ERROR", f"{stream} cannot go on: {error!r}", stream=stream, version=seen)
                return False

        return visit

    async def _handle(self, stream: str, command: Resume | RecordOutcome) -> _Step:
        """The guard shows the state that was decided on, and deciding is pure: what it came to needs no look at the
        store.
        """
        seen: list[Saga] = []
        handled = await self.handler.handle(stream, command, self._context(stream, command), guard=seen.append)
        saga = seen[-1]
        events = tuple(decide(self.workflow, command, saga)) if handled.changed else ()
        for event in events:
            saga = evolve(saga, event)
            self._notice(stream, handled.version, event)
        return _Step(saga, handled.version, events)

    def _notice(self, stream: str, version: int, event: WorkflowEvent) -> None:
        """What stays without an answer from the pivot on, or on the way back, is never given up, so it is never stuck:
        somebody must hear of it all the same.
        """
        match event:
            case WorkflowStuck(step=name, undo=undo, error=error):
                what = f"stuck at the undo of {name}" if undo else f"stuck at {name}"
                self.log("ERROR", f"{stream} is {what}: {error}", stream=stream, version=version)
            case (
                StepUnknown(step=name, attempt=attempt, again_at=again_at, error=error)
                | CompensationFailed(step=name, attempt=attempt, again_at=again_at, error=error)
            ):
                if again_at is not None and attempt >= self.workflow.step(name).attempts:
                    what = f"the undo of {name}" if isinstance(event, CompensationFailed) else name
                    told = f"{stream}: {what} is not done so far: {error}"
                    self.log("ERROR", told, stream=stream, version=version)
            case _:
                pass

    async def _ask(self, stream: str, version: int, saga: Saga, attempt: Attempt) -> RecordOutcome:
        """Make the call that this runner has claimed, and say what came of it."""
        outcome = await self._outcome(stream, version, saga, attempt)
        return RecordOutcome(
            step=attempt.step, undo=attempt.undo, attempt=attempt.number, outcome=outcome, at=self.clock()
        )

    async def _outcome(self, stream: str, version: int, saga: Saga, attempt: Attempt) -> Outcome:
        step = self.workflow.step(attempt.step)
        try:
            asked = undo_of(step).call(saga.data) if attempt.undo else step.call(saga.data)
            request = self._addressed(asked, stream, version, saga, attempt)
            async with asyncio.timeout(step.timeout.total_seconds()):
                outcome = outcome_of(await self.caller.call(request))
            if isinstance(outcome, Succeeded):
                learned = {} if attempt.undo else dict(step.learn(saga.data, outcome.learned))
                return Succeeded(learned=learned)
        except Refuse as refusal:
            return Refused(code=refusal.code, detail=refusal.detail, done=True)
        except (UnavailableError, TimeoutError) as error:
            self.log("WARNING", f"{stream}: no answer to {attempt.step}: {error!r}", stream=stream, version=version)
            return Unknown(error="no answer")  # its customer reads this
        except Exception as error:  # noqa: BLE001 - a bug in a declared function must not hold the workflow for ever
            self.log("ERROR", f"{stream} cannot ask for {attempt.step}: {error!r}", stream=stream, version=version)
            return Unknown(error="a fault of this service", fault=True)
        else:
            return outcome

    def _addressed(self, asked: Request, stream: str, version: int, saga: Saga, attempt: Attempt) -> Request:
        return replace(
            asked,
            key=step_key(saga.workflow_id, attempt.step, undo=attempt.undo),
            correlation_id=saga.workflow_id,
            causation_id=message_id(stream, version),
            timeout=self.workflow.step(attempt.step).timeout,
        )

    async def _waiting(self, stream: str, step: _Step) -> Advanced:
        self._note_age(step.saga)
        due = due_at(self.workflow, step.saga)
        if due is not None:
            await self._schedule(due, stream, step.version)
        return Advanced(step.version, step.saga.status, due)

    def _note_age(self, saga: Saga) -> None:
        """Since its start, which lies one deadline before the one that it was given; the time that it waited for a
        person does not count.
        """
        if saga.deadline_at is not None and saga.wait is None and not saga.is_over:
            age = self.clock() - (saga.deadline_at - self.workflow.deadline)
            self.aged(saga.status, round(age.total_seconds(), 1))

    async def _schedule(self, at: datetime, stream: str, version: int) -> None:
        name = sha256(message_id(stream, version).encode()).hexdigest()[:40]
        body = {"stream": stream, "version": version}
        try:
            await self.timers.schedule(name, at.replace(microsecond=0) + _SLACK, TASKS_PATH, body)
        except UnavailableError as error:
            self.log("WARNING", f"no timer for {stream}, the sweep will come", stream=stream, error=str(error))

    def _context(self, stream: str, command: Resume | RecordOutcome) -> Context:
        return Context(
            command=type(command).__name__,
            command_id=self.new_id(),
            correlation_id=stream.partition("-")[2],
            actor=f"workflow:{self.workflow.category}",
            occurred_at=command.at,
        )
