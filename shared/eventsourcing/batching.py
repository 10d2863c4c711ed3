"""Writing together what arrives together: while one write is under way, all that comes waits for the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.eventsourcing.errors import RefusedError

T = TypeVar("T")

Write = Callable[[Sequence[T]], Awaitable[Mapping[int, str]]]
"""Writes items; returns why it refused some of them for good, by their place. Raises if it is unknown which of them
were written.
"""


@dataclass(slots=True)
class _Waiting:
    """Whoever added so many items that nobody tried to write yet."""

    left: int
    refused: dict[int, str] = field(default_factory=dict)
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def tried(self, place: int, refusal: str | None) -> None:
        """The item in this place of theirs was written, or refused."""
        self.left -= 1
        if refusal is not None:
            self.refused[place] = refusal
        if self.left == 0 and not self.done.done():
            self._end()

    def _end(self) -> None:
        if self.refused:
            self.done.set_exception(RefusedError(self.refused))
        else:
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    """Its place among those that were added with it, and who waits for them."""

    item: T
    place: int
    waiting: _Waiting


class GroupCommit(Generic[T]):
    """One write at a time; the next one has everything that came meanwhile, up to `most_items` and `most_bytes`: an
    item that is larger goes alone. `size` tells the bytes of an item.
    """

    def __init__(self, write: Write[T], size: Callable[[T], int], *, most_items: int, most_bytes: int) -> None:
        self._write = write
        self._size = size
        self._most_items = most_items
        self._most_bytes = most_bytes
        self._queue: deque[_Item[T]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def add(self, items: Sequence[T]) -> None:
        """Returns when all of these are written. Raises RefusedError when all were tried and some refused; or what the
        write of any of them raised: nobody knows then which of them are written.
        """
        if not items:
            return
        waiting = _Waiting(len(items))
        self._queue.extend(_Item(item, place, waiting) for place, item in enumerate(items))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await waiting.done

    async def _write_all(self) -> None:
        while batch := self._next():
            try:
                refused = await self._write([each.item for each in batch])
            except Exception as error:  # noqa: BLE001 - it belongs to those who wait
                for each in batch:
                    each.waiting.fail(error)
                continue
            for place, each in enumerate(batch):
                each.waiting.tried(each.place, refused.get(place))

    def _next(self) -> list[_Item[T]]:
        """What nobody waits for any more is left out: it comes again."""
        batch: list[_Item[T]] = []
        size = 0
        while self._queue and len(batch) < self._most_items:
            first = self._queue[0]
            if first.waiting.done.done():
                self._queue.popleft()
                continue
            size += self._size(first.item)
            if batch and size > self._most_bytes:
                break
            batch.append(self._queue.popleft())
        return batch
