"""Running the platform from a terminal: one event loop, one Ctrl-C, no tracebacks for what people can mend."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


class InterruptedByUserError(Exception):
    """Ctrl-C or SIGTERM; everything that was running has been stopped in order."""


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of `main`; raises InterruptedByUserError after the first SIGINT or SIGTERM, when `main` is done
    tidying up. Later ones change nothing: what hangs is ended by SIGKILL, and its children with it.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_interruptible(main))


async def _interruptible(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main())
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        return await task
    except asyncio.CancelledError:
        if interrupted:
            raise InterruptedByUserError from None
        raise


def reasons(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from reasons(inner)
    else:
        yield error
