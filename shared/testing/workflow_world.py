"""One case of the failure matrix, played to its end in memory and on virtual time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from types import MappingProxyType
from typing import Any

from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.eventsourcing.command_handler import CommandHandler, Policy
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.feed_walk import FeedWalk
from shared.eventsourcing.message import Context
from shared.eventsourcing.publishing import Announcer, Message, Publication
from shared.eventsourcing.workflow.commands import (
    Decide,
    Decline,
    ForceCompensate,
    Retry,
    Start,
    WorkflowCommand,
)
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.declaration import Workflow
from shared.eventsourcing.workflow.events import WorkflowEvent
from shared.eventsourcing.workflow.runner import Runner
from shared.eventsourcing.workflow.state import Saga, Status
from shared.testing.virtual_time import virtual_now
from shared.testing.workflow_faults import (
    WORKFLOW_ID,
    Crash,
    CrashingStore,
    FaultyCaller,
    NamedTimers,
    Scene,
    Services,
)
from shared.testing.workflow_matrix import Case, Recovery
from shared.testing.workflow_people import Decisions, People

_PATIENCE = timedelta(days=2)
_REDELIVERY = 10.0
_SWEEP_EVERY = timedelta(minutes=5)


class World(Scene):
    """A scene with processes in it."""

    def __init__(self, workflow: Workflow, services: Services, case: Case) -> None:
        super().__init__(workflow=workflow, services=services, case=case)
        self.decider = workflow_decider(workflow)
        self._ids = count()

    def new_id(self) -> str:
        return f"id{next(self._ids)}"

    def handler(self) -> CommandHandler[WorkflowCommand, WorkflowEvent, Saga]:
        """Of a new process: it knows nothing."""
        publication = Publication(
            service=self.workflow.category,
            category=self.workflow.category,
            domain_topic="commits",
            integration_topic="events",
            codec=self.decider.codec,
            to_integration=lambda _: None,
        )
        store: Any = CrashingStore(self)
        return CommandHandler(self.decider, store, Announcer(publication, _Nobody()), Policy(pause=_pause))

    async def command(self, command: Start | Decide | Decline | Retry | ForceCompensate) -> None:
        """From a client or an operator: another process than those that run workflows."""
        context = Context(
            command=type(command).__name__,
            command_id=self.new_id(),
            correlation_id="test",
            actor="test",
            occurred_at=command.at,
        )
        await self.handler().handle(self.stream, command, context)

    async def force(self) -> None:
        await self.command(ForceCompensate(actor="operator:1", reason="test", at=virtual_now()))

    async def saga(self) -> Saga:
        loaded = await self.events.load(self.stream)
        return self.decider.fold(Saga(), loaded.commits)

    async def history(self) -> list[WorkflowEvent]:
        return [
            self.decider.codec.decode(stored)
            async for commit in self.events.read(self.stream)
            for stored in commit.events
        ]


class _Nobody:
    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Nobody listens."""


async def _pause(attempt: int) -> None:
    await asyncio.sleep(0.01 * attempt)


class Platform:
    """Brings a runner back to the workflow: pushes, timers, the sweep, people who decide, and an operator who mends
    what is stuck.
    """

    def __init__(self, world: World, decisions: Decisions) -> None:
        self._world = world
        self._people = People(world, decisions, self._decided)
        self._timers = NamedTimers(world, self._timer)
        racing = world.case.recovery is Recovery.RACE
        self._runners = [self._runner() for _ in range(2 if racing else 1)]
        checkpoints = MemoryCheckpoints()
        self._walk = FeedWalk(
            name="resume",
            category=world.workflow.category,
            behind=world.workflow.longest_wait,
            visit=self._visit,
            log=world.events,
            checkpoints=checkpoints,
        )

    async def run(self) -> None:
        """From the first push until it is over, whatever comes late included."""
        push, people = asyncio.create_task(self._push()), asyncio.create_task(self._people.run())
        began = virtual_now()
        while not (saga := await self._world.saga()).is_over:
            assert virtual_now() - began < _PATIENCE, f"never ends: {saga}"
            await asyncio.sleep(_SWEEP_EVERY.total_seconds())
            if saga.status is Status.STUCK:
                await self._mend()
            await self._sweep()
        await push
        await people
        for task in [*self._timers.tasks]:
            await task

    def _runner(self) -> Runner:
        world = self._world
        return Runner(
            workflow=world.workflow,
            handler=world.handler(),
            caller=FaultyCaller(world, world.force),
            timers=self._timers,
            clock=virtual_now,
            new_id=world.new_id,
            log=lambda severity, message, **_: world.log.append(f"{severity} {message}"),
        )

    async def _push(self) -> None:
        stream = self._world.stream
        await self._each(lambda runner: runner.advance(stream), again=self._world.case.recovery is not Recovery.SWEEP)

    async def _decided(self) -> None:
        if self._world.case.recovery is not Recovery.SWEEP:
            await self._push()

    async def _timer(self, version: int) -> None:
        stream = self._world.stream
        await self._each(lambda runner: runner.timer(stream, version), again=True)

    async def _visit(self, stream: str, version: int) -> bool:
        moved = False
        for index in range(len(self._runners)):
            moved = await self._runners[index].sweep()(stream, version)
        return moved

    async def _sweep(self) -> None:
        if self._world.is_away:
            return
        try:
            await self._walk.run()
        except Crash:
            self._runners = [self._runner() for _ in self._runners]
        except UnavailableError:
            pass  # it comes again

    async def _each(self, go: Callable[[Runner], Any], *, again: bool) -> None:
        await asyncio.gather(*(self._until_acknowledged(index, go, again=again) for index in range(len(self._runners))))

    async def _until_acknowledged(self, index: int, go: Callable[[Runner], Any], *, again: bool) -> None:
        while True:
            try:
                if not self._world.is_away:
                    await go(self._runners[index])
                    return
            except Crash:
                self._runners[index] = self._runner()
            except UnavailableError:
                pass
            if not again:
                return
            await asyncio.sleep(_REDELIVERY)

    async def _mend(self) -> None:
        self._world.mended = True
        await self._world.command(Retry(actor="operator:1", reason="mended", at=virtual_now()))
        await self._push()


async def play(
    workflow: Workflow,
    services: Services,
    case: Case,
    data: Callable[[datetime], Mapping[str, Any]],
    decisions: Decisions = MappingProxyType({}),
) -> World:
    """The case from start to end, the late calls last; `decisions` are what people say. AssertionError if it never
    ends.
    """
    world = World(workflow, services, case)
    now = virtual_now()
    await world.command(Start(workflow_id=WORKFLOW_ID, data=dict(data(now)), at=now))
    await Platform(world, decisions).run()
    for request in world.held:
        await services.answer(request)
    return world
