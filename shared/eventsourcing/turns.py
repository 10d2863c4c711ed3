"""One at a time, by name: within an instance a stream has one writer, whoever else waits takes their turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock for each name that is in use, first come first served; names in nobody's hands cost nothing."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, *names: str) -> AsyncIterator[None]:
        """All of the names, always taken in the same order: two who want the same ones cannot block each other."""
        taken: list[asyncio.Lock] = []
        wanted = sorted(set(names)) if len(names) > 1 else names
        for name in wanted:
            lock, users = self._locks.get(name) or (asyncio.Lock(), 0)
            self._locks[name] = (lock, users + 1)
        try:
            for name in wanted:
                lock = self._locks[name][0]
                await lock.acquire()
                taken.append(lock)
            yield
        finally:
            for lock in taken:
                lock.release()
            for name in wanted:
                self._leave(name)

    def _leave(self, name: str) -> None:
        lock, users = self._locks[name]
        if users == 1:
            del self._locks[name]
        else:
            self._locks[name] = (lock, users - 1)
