"""Many small jobs, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

T = TypeVar("T")


async def for_each(items: Collection[T], work: Callable[[T], Awaitable[None]], *, workers: int) -> None:
    """Do `work` for every item, in order, up to `workers` at a time. The first failure ends it and is raised."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(workers, len(items))):
                group.create_task(worker())
    except ExceptionGroup as failures:  # the other workers were only cancelled
        raise failures.exceptions[0] from None
