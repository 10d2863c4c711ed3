"""An event loop of virtual time in which the seed says which of the callbacks that are ready runs next."""

import asyncio
import selectors
from collections import deque
from random import Random
from typing import Any

from shared.testing.virtual_time import DeadlockError

_RESOLUTION = 1e-6
"""Seconds. Less is lost beside a year of virtual time, and a timer of that moment would be waited for without end."""


class _NoSelector(selectors.SelectSelector):
    """Looks at no socket: it advances the time to the next timer."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise DeadlockError("all tasks wait for something that cannot happen")
        if timeout > 0:
            self.now += timeout
        return []


class _Shuffled(deque[Any]):
    """Callbacks that are ready. Any of them may be the next one."""

    def __init__(self, dice: Random) -> None:
        super().__init__()
        self._dice = dice

    def popleft(self) -> Any:
        if (count := len(self)) > 1:
            self.rotate(-int(self._dice.random() * count))
        return super().popleft()


class SeededLoop(asyncio.SelectorEventLoop):
    """For code without threads and sockets. Two runs with equal dice run the same callbacks in the same order."""

    def __init__(self, dice: Random) -> None:
        self._virtual = _NoSelector()
        super().__init__(self._virtual)
        self._ready = _Shuffled(dice)
        self._clock_resolution = _RESOLUTION

    def time(self) -> float:
        return self._virtual.now
