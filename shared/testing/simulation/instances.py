"""Instances of functions: each with its own memory, clock and pace, and each mortal."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextvars import Context, ContextVar, copy_context
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from shared.adapters.system import System, use_system
from shared.bootstrap import Dependencies
from shared.bootstrap.runtime import simulate_process
from shared.config import Settings
from shared.eventsourcing.errors import UnavailableError
from shared.http.edge import Handler
from shared.observability.tracing import use_bits
from shared.testing.api_spec import Reply, request
from shared.testing.simulation.identities import Believing, PlatformAlone
from shared.testing.virtual_time import virtual_now

if TYPE_CHECKING:
    from shared.testing.simulation.ports import Line

T = TypeVar("T")
CURRENT: ContextVar["Line | None"] = ContextVar("line", default=None)
"""The way to the backends of the instance that runs; None for the checks, which use the backends directly."""
_FAULT, _UNAVAILABLE = 500, 503
USERS, CALLERS = Believing(), PlatformAlone()


class DeadError(UnavailableError):
    """The instance died before it answered."""


class Instance:
    """One instance of one function. `off` seconds its clock is fast; `pace` times slower than usual it is.

    A dead instance does not clean up: its tasks stop where they are, at whatever they ask a backend for next.
    """

    def __init__(self, name: str, dice: Random, broken: Callable[[str], None], *, off: float, pace: float) -> None:
        self.name = name
        self.dice = dice
        self.off = timedelta(seconds=off)
        self.pace = pace
        self.alive = True
        self._broken = broken
        self.handler: Handler
        self.context: Context
        self._waiting: list[asyncio.Future[Any]] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def now(self) -> datetime:
        return virtual_now() + self.off

    def start(self, env: Settings, deps: Dependencies, line: "Line", make: Callable[[], Handler]) -> None:
        """A process of its own: nothing of it is shared with other instances."""
        self.context = copy_context()
        self.context.run(self._begin, env, deps, line)
        self.handler = self.context.run(make)

    def _begin(self, env: Settings, deps: Dependencies, line: "Line") -> None:
        use_system(System(self.now, self.dice))
        use_bits(self.dice.getrandbits)
        simulate_process(env, deps, USERS, CALLERS)
        CURRENT.set(line)

    async def serve(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request. DeadError if the instance dies before it has answered."""
        reply = await self.run(request(self.handler, method, url, body, headers))
        if reply.status >= _FAULT and reply.status != _UNAVAILABLE:
            self._broken(f"errors: {self.name} answered {method} {url} with {reply.status}")
        return reply

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Work of this instance, in a context of its own."""
        if not self.alive:
            work.close()
            raise DeadError(f"{self.name} is dead")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        task = loop.create_task(work, context=self.context.copy())
        self._tasks.append(task)
        self._waiting.append(answer)
        task.add_done_callback(lambda done: self._ended(done, answer))
        return await answer

    def _ended(self, task: asyncio.Task[T], answer: asyncio.Future[T]) -> None:
        self._tasks.remove(task)
        if answer in self._waiting:
            self._waiting.remove(answer)
        if answer.done() or task.cancelled():
            return
        if (error := task.exception()) is not None:
            answer.set_exception(error)
        else:
            answer.set_result(task.result())

    def die(self) -> None:
        """At this very moment: whoever waits for an answer is told that the connection is gone."""
        self.alive = False
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            if not answer.done():
                answer.set_exception(DeadError(f"{self.name} died"))

    def bury(self) -> list[asyncio.Task[Any]]:
        """The simulation is over: what its tasks still wait for will never come."""
        for task in self._tasks:
            task.cancel()
        return list(self._tasks)
