"""The wrapped data keys in this process's memory."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import Erased, WrappedKey


class MemoryVault:
    """`Vault`. With the process the keys are gone, and so is all that was sealed with them."""

    def __init__(self, counts: OperationCounts) -> None:
        self._counts = counts
        self._entries: dict[str, WrappedKey | Erased] = {}

    async def find(self, subjects: Sequence[str]) -> Mapping[str, WrappedKey | Erased]:
        await asyncio.sleep(0)
        self._counts.rpc("BatchGetDocuments", read=len(subjects))
        return {subject: self._entries[subject] for subject in subjects if subject in self._entries}

    async def add(self, subject: str, key: WrappedKey, at: datetime) -> WrappedKey | Erased:  # noqa: ARG002 - the port's; nobody lists this vault
        await asyncio.sleep(0)
        if subject in self._entries:
            self._counts.rpc("Commit")
            return (await self.find([subject]))[subject]
        self._counts.rpc("Commit", written=1)
        self._entries[subject] = key
        return key

    async def erase(self, subject: str, at: datetime) -> None:
        if isinstance((await self.find([subject])).get(subject), Erased):
            return
        self._counts.rpc("Commit", written=1)
        self._entries[subject] = Erased(at)
