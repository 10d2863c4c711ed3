"""A log of tallies, and what a replay of it needs."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.archive import rows_of
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit
from shared.operations.buckets import SCHEMA
from shared.operations.folding import ReadModel
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import append

TALLIES_MODEL = ReadModel("tests.unit.kit.conftest", "tallies")


def batch_of(commits: Sequence[Commit]) -> pa.RecordBatch:
    """As the archive gives them."""
    return pa.RecordBatch.from_pylist([asdict(row) for row in rows_of(commits)], schema=SCHEMA)


def source_of(*batches: pa.RecordBatch) -> Callable[[], AsyncIterator[pa.RecordBatch]]:
    async def source() -> AsyncIterator[pa.RecordBatch]:
        for batch in batches:
            yield batch

    return source


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(clock: FixedClock) -> MemoryEventStore:
    return MemoryEventStore(clock, OperationCounts())


async def tallied(store: MemoryEventStore, streams: int, commits: int, seed: int = 7) -> list[Commit]:
    """So many commits on so many streams, in the order in which they were made."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    return [await append(store, f"tally-{chance.randrange(streams)}", chance.choice((1, 2, 3))) for _ in range(commits)]


def shuffled(commits: Sequence[Commit], seed: int) -> list[Commit]:
    """Any order, some of them more than once."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    mixed = [*commits, *chance.choices(commits, k=len(commits) // 5)]
    chance.shuffle(mixed)
    return mixed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "replay"
