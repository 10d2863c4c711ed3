"""Timing of operations side by side, so that a ratio of two of them is one of the same machine in the same minute."""

import time
from collections.abc import Awaitable, Callable, Mapping

Operation = Callable[[], Awaitable[object]]
"""What it does before it returns its awaitable is preparation, and not timed."""


async def timed_call(operation: Operation) -> float:
    """Milliseconds."""
    prepared = operation()
    began = time.perf_counter()
    await prepared
    return (time.perf_counter() - began) * 1000


async def interleaved(operations: Mapping[str, Operation], *, rounds: int, warm_up: int = 0) -> dict[str, list[float]]:
    """Milliseconds by name: one call of each in every round, sequentially, in an order that turns from round to round.
    The rounds of the warm-up are not kept.
    """
    names = list(operations)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(warm_up + rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            duration = await timed_call(operations[name])
            if number >= warm_up:
                taken[name].append(duration)
    return taken
