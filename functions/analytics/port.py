"""The port to the analytics store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An integration event as a row. `id` names the fact wherever it turns up, `subject` what it is about; it happened
    at `occurred_at` and came into the log at `recorded_at`. If it is said to have happened at a time that is too far
    from that for the store, `claimed_at` is that time, and `occurred_at` that of its recording. `payload` is its JSON,
    as published.
    """

    id: str
    type: str
    service: str
    subject: str
    occurred_at: datetime
    recorded_at: datetime
    claimed_at: datetime | None = None
    correlation_id: str
    payload: str


class AnalyticsSink(Protocol):
    """Where facts go. Raises UnavailableError within a bounded time when the store is down or too busy."""

    async def write(self, facts: Sequence[Fact]) -> None:
        """Returns when all of them are written; some may be there already, and are then there twice: who asks sees
        each id once. CorruptDataError if one of them can never be written.
        """
        ...
