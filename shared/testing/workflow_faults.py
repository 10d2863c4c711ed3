"""What stands between a workflow and its services while a case is played: a log that crashes, a network that loses."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import Answer, Appended, NewCommit, OperationCounts, Replayed
from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.declaration import Workflow
from shared.eventsourcing.workflow.state import Saga
from shared.testing.virtual_time import virtual_now
from shared.testing.workflow_matrix import Case, Fault, Recovery, behind_pivot

WORKFLOW_ID = "w1"
_OUTAGE = timedelta(hours=3)
_SILENCE = timedelta(minutes=75)
_INTENTS, _UNDO_INTENTS = ("StepRequested", "DecisionAwaited"), ("CompensationRequested",)
_OUTCOMES = ("StepSucceeded", "StepRefused", "DecisionMade")
_UNDO_OUTCOMES = ("CompensationDone", "CompensationFailed")


class Services(Protocol):
    """The other services, in memory: they keep the first answer under a key, and their tombstones."""

    async def answer(self, request: Request) -> Response: ...

    def troubles(self, saga: Saga) -> list[str]:
        """What is not as it should be when this workflow is over: money, stock, mails."""
        ...


class Crash(BaseException):
    """The process is gone, at this very line."""


@dataclass(kw_only=True)
class Scene:
    """What a case is played in, and what has happened so far."""

    workflow: Workflow
    services: Services
    case: Case
    events: MemoryEventStore = field(default_factory=lambda: MemoryEventStore(virtual_now, OperationCounts()))
    log: list[str] = field(default_factory=list)
    held: list[Request] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    away_until: datetime | None = None
    silent_until: datetime | None = None
    crashed: bool = False
    mended: bool = False

    @property
    def stream(self) -> str:
        return f"{self.workflow.category}-{WORKFLOW_ID}"

    @property
    def key(self) -> str:
        """The idempotency key of the call that the case is about."""
        return f"{WORKFLOW_ID}/{self.case.step}" + ("/undo" if self.case.undo else "")

    @property
    def is_away(self) -> bool:
        return self.away_until is not None and virtual_now() < self.away_until

    @property
    def is_silent(self) -> bool:
        """From the first call on."""
        self.silent_until = self.silent_until or virtual_now() + _SILENCE
        return virtual_now() < self.silent_until

    def crash_once(self) -> None:
        if not self.crashed:
            self.crashed = True
            if self.case.fault is Fault.OUT_FOR_HOURS:
                self.away_until = virtual_now() + _OUTAGE
            raise Crash


class CrashingStore:
    """The log, in a process that may die right before or right after it writes."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scene.events, name)

    async def append(self, commits: Sequence[NewCommit], *, answer: Answer | None = None) -> Appended | Replayed:
        scene, fault = self._scene, self._scene.case.fault
        intent, outcome = self._about(commits)
        if (fault is Fault.CRASH_BEFORE_INTENT and intent) or (fault is Fault.CRASH_AFTER_CALL and outcome):
            scene.crash_once()
        result = await scene.events.append(commits, answer=answer)
        if (fault is Fault.CRASH_AFTER_INTENT and intent) or (fault is Fault.CRASH_AFTER_OUTCOME and outcome):
            scene.crash_once()
        return result

    def _about(self, commits: Sequence[NewCommit]) -> tuple[bool, bool]:
        """Whether these hold the intent of the call that the case is about, and what came of it."""
        case = self._scene.case
        intents = _UNDO_INTENTS if case.undo else _INTENTS
        outcomes = _UNDO_OUTCOMES if case.undo else _OUTCOMES
        names = [
            stored.type.partition(".")[0]
            for new in commits
            for stored in decode_commit(new.body, virtual_now()).events
            if stored.data.get("step") == case.step
        ]
        return any(name in names for name in intents), any(name in names for name in outcomes)


class FaultyCaller:
    """The network between a runner and the services."""

    def __init__(self, scene: Scene, force: Callable[[], Awaitable[None]]) -> None:
        self._scene = scene
        self._force = force
        case, behind = scene.case, {step.name for step in behind_pivot(scene.workflow)}
        pivot = next(step.name for step in scene.workflow.steps if step.pivot)
        self._turns_back = not case.undo and case.step not in behind
        self._may_give_up = self._turns_back and case.step != pivot

    async def call(self, request: Request) -> Response:
        scene, case = self._scene, self._scene.case
        await asyncio.sleep(0.05)
        if case.turned_back_by and request.key == f"{WORKFLOW_ID}/{case.turned_back_by}":
            return _refusal()
        if request.key != scene.key:
            return await scene.services.answer(request)
        number = scene.calls[request.key] = scene.calls.get(request.key, 0) + 1
        return await self._faulty(request, number)

    async def _faulty(self, request: Request, number: int) -> Response:  # noqa: C901, PLR0912 - one match
        scene, answer = self._scene, self._scene.services.answer
        match scene.case.fault:
            case Fault.REFUSED if self._turns_back or number <= 3:
                return _refusal()
            case Fault.FAILS_FOR_LONG if not scene.mended:
                return _refusal()
            case Fault.SILENT_FOR_LONG if scene.is_silent:
                raise UnavailableError("down")
            case Fault.LOST if number <= 2:
                raise UnavailableError("lost")
            case Fault.UNANSWERED if number <= 2:
                await answer(request)
                await asyncio.sleep(3600)  # the runner does not wait that long
            case Fault.GARBLED if number == 1:
                await answer(request)
                return Response(502, {})
            case Fault.NEVER_HEARD:
                raise UnavailableError("lost")
            case Fault.NEVER_ANSWERED:
                await answer(request)
                raise UnavailableError("done, and the answer is lost")
            case Fault.ANSWERED_TWICE:
                await answer(request)
            case Fault.ARRIVES_LATE if number == 1 or self._may_give_up:
                scene.held.append(request)
                raise UnavailableError("on its way")
            case Fault.FORCED_BACK if number == 1:
                scene.held.append(request)
                await self._force()
                raise UnavailableError("on its way")
            case Fault.OUT_FOR_HOURS if number == 1:
                await answer(request)
                scene.crash_once()
            case _:
                pass
        return await answer(request)


def _refusal() -> Response:
    return Response(409, {"code": "refused-by-the-test", "detail": "no"})


class NamedTimers:
    """Cloud Tasks: a name is taken once, a task that fails comes again."""

    def __init__(self, scene: Scene, wake: Callable[[int], Any]) -> None:
        self._scene = scene
        self._wake = wake
        self._names: set[str] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    async def schedule(self, name: str, at: datetime, path: str, body: Mapping[str, Any]) -> None:  # noqa: ARG002 - the port's
        if self._scene.case.recovery is Recovery.SWEEP:
            raise UnavailableError("no timers today")
        if name in self._names:
            return
        self._names.add(name)
        delay = (at - virtual_now()).total_seconds()
        task = asyncio.create_task(self._later(delay, body["version"]))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _later(self, delay: float, version: int) -> None:
        await asyncio.sleep(max(0.0, delay))
        await self._wake(version)
