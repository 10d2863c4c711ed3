"""An event loop of virtual time in which the seed says which of the callbacks that are ready runs next."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, TypeVarTuple

from shared.testing.virtual_time import DeadlockError

Ts = TypeVarTuple("Ts")
_RESOLUTION = 1e-6
"""Seconds. Less is lost beside a year of virtual time, and a timer of that moment would be waited for without end."""


class SeededLoop(asyncio.BaseEventLoop):
    """For code without threads and sockets: it looks at none, and is the faster for it. Two runs with equal dice run
    the same callbacks in the same order.
    """

    def __init__(self, dice: Random) -> None:
        super().__init__()
        self._dice = dice
        self._now = 0.0
        self._ready: list[Any] = []
        self._timers: list[tuple[float, int, Any]] = []
        self._number = count()

    def time(self) -> float:
        return self._now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._number), timer))
        return timer

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed by when its time comes."""

    def _write_to_self(self) -> None:
        """Nobody waits in a system call who would have to be woken."""

    def _run_once(self) -> None:
        """Some callbacks, any of those that are ready; if none is, time goes on to the next timer."""
        ready, timers, dice = self._ready, self._timers, self._dice.random
        while timers and timers[0][2].cancelled():
            heappop(timers)
        if not ready and not self._stopping:  # type: ignore[attr-defined] # the base's own
            if not timers:
                raise DeadlockError("all tasks wait for something that cannot happen")
            self._now = max(self._now, timers[0][0])
        end = self._now + _RESOLUTION
        while timers and timers[0][0] < end:
            if not (timer := heappop(timers)[2]).cancelled():
                ready.append(timer)
        for _ in range(len(ready)):
            place = int(dice() * len(ready))
            ready[place], ready[-1] = ready[-1], ready[place]
            if not (handle := ready.pop()).cancelled():
                handle._run()  # noqa: SLF001 - as the base does
