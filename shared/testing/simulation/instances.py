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
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.identities import Believing, PlatformAlone
from shared.testing.virtual_time import virtual_now

if TYPE_CHECKING:
    from shared.testing.simulation.ports import Line

T = TypeVar("T")
CURRENT: ContextVar["Line | None"] = ContextVar("line", default=None)
"""The way to the backends of the instance that runs; None for the checks, which use the backends directly."""
_FAULT, _UNAVAILABLE = 500, 503
USERS, CALLERS = Believing(), PlatformAlone()


_MIDDLE = 0.03
"""Seconds that a handler runs on average before it is stopped: in the middle of what it usually takes."""


class DeadError(UnavailableError):
    """The instance died before it answered."""


class StoppedError(UnavailableError):
    """The handler took too long, or was stopped for another reason. Its instance goes on."""


class Instance:
    """One instance of one function. `off` seconds its clock is fast; `pace` times slower than usual it is; no request
    takes longer than `timeout` seconds.

    A dead instance does not clean up: its tasks stop where they are, at whatever they ask a backend for next.
    """

    def __init__(self, name: str, dice: Random, broken: Callable[[str], None], *, off: float, pace: float) -> None:
        self.name = name
        self.dice = dice
        self.off = timedelta(seconds=off)
        self.pace = pace
        self.alive = True
        self.timeout = float("inf")
        self._broken = broken
        self.handler: Handler
        self.context: Context
        self._line: Line
        self._waiting: list[asyncio.Future[Any]] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def now(self) -> datetime:
        return virtual_now() + self.off

    def start(self, env: Settings, deps: Dependencies, line: "Line", make: Callable[[], Handler]) -> None:
        """A process of its own: nothing of it is shared with other instances."""
        self._line = line
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
        stopped = self._line.faults.strikes(Kind.STOPPED, self.name)
        within = self.dice.expovariate(1 / _MIDDLE) if stopped else self.timeout
        reply = await self.run(request(self.handler, method, url, body, headers), within=within)
        if reply.status >= _FAULT and reply.status != _UNAVAILABLE:
            self._broken(f"errors: {self.name} answered {method} {url} with {reply.status}")
        return reply

    async def run(self, work: Coroutine[Any, Any, T], *, within: float = float("inf")) -> T:
        """Work of this instance, in a context of its own. StoppedError if it takes longer than so many seconds."""
        if not self.alive:
            work.close()
            raise DeadError(f"{self.name} is dead")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        task = loop.create_task(work, context=self.context.copy())
        self._tasks.append(task)
        self._waiting.append(answer)
        timer = loop.call_later(within, self._stop, task, answer) if within < float("inf") else None
        task.add_done_callback(lambda done: self._ended(done, answer, timer))
        return await answer

    def _stop(self, task: asyncio.Task[Any], answer: asyncio.Future[Any]) -> None:
        """A dead instance is not stopped: it would clean up."""
        if self.alive:
            task.cancel()
            if not answer.done():
                answer.set_exception(StoppedError(f"{self.name} was stopped"))

    def _ended(self, task: asyncio.Task[T], answer: asyncio.Future[T], timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
        self._tasks.remove(task)
        if answer in self._waiting:
            self._waiting.remove(answer)
        if task.cancelled():
            return
        error = task.exception()  # looked at, whether or not somebody waits
        if answer.done():
            return
        if error is not None:
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
