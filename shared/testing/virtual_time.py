"""An event loop of virtual time: sleeping costs nothing, timeouts are exact, waiting for nothing is an error."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
START = datetime(2026, 1, 1, tzinfo=UTC)


class DeadlockError(RuntimeError):
    """Every task waits and no timer is set: nothing can happen any more."""


class _JumpingSelector(selectors.SelectSelector):
    """Does not wait: advances the time to the next timer."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise DeadlockError("all tasks wait for something that cannot happen")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For code without threads and sockets."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def virtual_now() -> datetime:
    """A Clock: the running virtual loop's time, counted from the start of 2026."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


def on_virtual_time(test: Callable[P, Awaitable[R]]) -> Callable[P, R]:
    """Runs an async test in a virtual loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        async def body() -> R:
            return await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(body())

    return run
