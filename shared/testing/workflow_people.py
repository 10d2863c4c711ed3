"""Who decides in a case of the failure matrix: at each step that waits for a person."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.workflow.commands import Decide, Decline
from shared.eventsourcing.workflow.state import Saga
from shared.testing.virtual_time import virtual_now
from shared.testing.workflow_faults import Crash
from shared.testing.workflow_matrix import Case, Fault

Decisions = Mapping[str, Mapping[str, Any]]
"""What is said at each step that waits, by its name."""
_THINKING = 7200.0
"""Seconds: longer than the deadline of any workflow, which must not run meanwhile."""


class Waiting(Protocol):
    """The world that they decide in."""

    case: Case

    async def saga(self) -> Saga: ...
    async def command(self, command: Decide | Decline) -> None: ...
    async def force(self) -> None: ...


class People:
    """They look every two hours. `wake` has the orchestrator told of what they said."""

    def __init__(self, world: Waiting, decisions: Decisions, wake: Callable[[], Awaitable[None]]) -> None:
        self._world = world
        self._decisions = decisions
        self._wake = wake

    async def run(self) -> None:
        while not (saga := await self._world.saga()).is_over:
            if saga.wait is not None:
                await self._until_answered(saga.wait.step)
                await self._wake()
            await asyncio.sleep(_THINKING)

    async def _until_answered(self, step: str) -> None:
        """Whoever is not answered says the same again."""
        while True:
            try:
                await self._say(step)
            except Crash:
                await asyncio.sleep(1)
            else:
                return

    async def _say(self, step: str) -> None:
        case, world = self._world.case, self._world
        faulty = case.step == step and not case.undo
        if case.turned_back_by == step or (faulty and case.fault is Fault.DECLINED):
            await world.command(Decline(code="refused", actor="operator:1", reason="test", at=virtual_now()))
            with suppress(DomainError):
                await self._decide(step)
        elif faulty and case.fault is Fault.FORCED_BACK:
            await world.force()
        elif faulty and case.fault is Fault.ANSWERED_TWICE:
            await asyncio.gather(self._decide(step), self._decide(step))
        else:
            await self._decide(step)

    async def _decide(self, step: str) -> None:
        decision = dict(self._decisions[step])
        await self._world.command(Decide(step=step, decision=decision, actor="operator:1", at=virtual_now()))
