"""The facts as rows of the archive's store."""

from collections.abc import Sequence
from dataclasses import asdict

from functions.analytics.port import Fact
from shared.adapters.archive import ArchiveStore
from shared.eventsourcing.archive import FACTS


class FactTable:
    """`AnalyticsSink`: facts that arrive together share an insert."""

    def __init__(self, store: ArchiveStore) -> None:
        self._store = store

    async def write(self, facts: Sequence[Fact]) -> None:
        await self._store.insert(FACTS, [asdict(fact) for fact in facts])
