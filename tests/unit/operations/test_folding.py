"""A bucket of events, folded: whatever order and however often they come, what comes of it is what the log says."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit, StoredEvent
from shared.eventsourcing.projection import Row
from shared.operations.buckets import Buckets, buckets_for
from shared.operations.folding import Behind, Folded, fold_bucket
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import TALLIES, append
from tests.unit.operations.conftest import TALLIES_MODEL, batch_of, shuffled, tallied


def folded(folder: Path, commits: Sequence[Commit]) -> Folded:
    buckets = Buckets(folder, 1)
    buckets.add(batch_of(commits))
    buckets.close()
    return fold_bucket(TALLIES_MODEL, buckets.file(0))


def documents(rows: Sequence[Row]) -> dict[str, Row]:
    return {row.key: row for row in rows}


def told_by_the_log(commits: Sequence[Commit]) -> dict[str, Row]:
    """What projecting commit after commit comes to."""
    rows: dict[str, Row] = {}
    for commit in commits:
        row = rows.get(commit.stream)
        document, _ = TALLIES.restore(row)
        rows[commit.stream] = TALLIES.row(commit.stream, TALLIES.apply(document, commit), commit, None)
    return documents(list(rows.values()))


@settings(max_examples=40, deadline=None)
@given(streams=st.integers(1, 6), commits=st.integers(1, 40), seed=st.integers(0, 2**16))
async def test_any_interleaving_folds_to_what_the_log_says(
    tmp_path_factory: pytest.TempPathFactory, streams: int, commits: int, seed: int
) -> None:
    """Reordered, duplicated, of many streams at once: documents, versions, times and query fields."""
    made = await tallied(MemoryEventStore(FixedClock(), OperationCounts()), streams, commits, seed)

    found = folded(tmp_path_factory.mktemp("fold"), shuffled(made, seed))

    assert documents(found.rows) == told_by_the_log(made)
    assert found.behind == []


async def test_a_gap_leaves_a_stream_behind_and_no_other(store: MemoryEventStore, folder: Path) -> None:
    """No half document is made: the whole stream is to be brought from the log."""
    one = [await append(store, "tally-1", n) for n in (1, 2, 3, 4)]
    other = [await append(store, "tally-2", n) for n in (5, 6)]

    found = folded(folder, [*one[:2], one[3], *other])

    assert documents(found.rows) == told_by_the_log(other)
    assert found.behind == [Behind("tally-1", 4)]


async def test_a_stream_without_its_beginning_has_no_document(store: MemoryEventStore, folder: Path) -> None:
    """Nothing is made up."""
    commits = [await append(store, "tally-1", n) for n in (1, 2)]

    found = folded(folder, commits[1:])

    assert (found.rows, found.behind) == ([], [Behind("tally-1", 2)])


@pytest.mark.parametrize("order", [1, -1])
async def test_two_rows_that_contradict_each_other_leave_their_stream_behind(
    store: MemoryEventStore, folder: Path, order: int
) -> None:
    """Only the log knows which of them is right."""
    commits = [await append(store, "tally-1", n) for n in (1, 2)]
    other = replace(commits[0], events=(StoredEvent("Added.v1", {"by": 7}),))

    found = folded(folder, [*commits, other][::order])

    assert (found.rows, found.behind) == ([], [Behind("tally-1", 2)])


@pytest.mark.parametrize("order", [1, -1])
async def test_two_rows_of_commits_of_different_size_leave_their_stream_behind(
    store: MemoryEventStore, folder: Path, order: int
) -> None:
    """Also where the first event is the same."""
    commits = [await append(store, "tally-1", n) for n in (1, 2)]
    other = replace(commits[1], events=commits[1].events * 2)

    found = folded(folder, [*commits, other][::order])

    assert (found.rows, found.behind) == ([], [Behind("tally-1", 2)])


async def test_json_that_is_written_in_two_ways_is_the_same_event(store: MemoryEventStore, folder: Path) -> None:
    """The store of the archive may have its own way to write it."""
    commit = await append(store, "tally-1", 1)
    rows = batch_of([commit])
    spaced = rows.set_column(rows.schema.get_field_index("data"), "data", pa.array(['{ "by" : 1 }']))
    buckets = Buckets(folder, 1)
    buckets.add(rows)
    buckets.add(spaced)
    buckets.close()

    found = fold_bucket(TALLIES_MODEL, buckets.file(0))

    assert documents(found.rows) == told_by_the_log([commit])


async def test_a_torn_commit_leaves_its_stream_behind(store: MemoryEventStore, folder: Path) -> None:
    """A commit is applied whole: if one of its events is missing there is no document."""
    first, second = [await append(store, "tally-1", n) for n in (1, 2)]
    torn = replace(second, events=second.events * 2)
    buckets = Buckets(folder, 1)
    buckets.add(batch_of([first]))
    buckets.add(batch_of([torn]).slice(0, 1))
    buckets.close()

    found = fold_bucket(TALLIES_MODEL, buckets.file(0))

    assert (found.rows, found.behind) == ([], [Behind("tally-1", 2)])


async def test_an_event_that_fails_leaves_its_stream_behind(store: MemoryEventStore, folder: Path) -> None:
    """The projection's bug: whoever brings the stream from the log parks it."""
    commits = [await append(store, "tally-1", n) for n in (1, 13, 2)]

    found = folded(folder, commits)

    assert (found.rows, found.behind) == ([], [Behind("tally-1", 3)])


async def test_a_stream_lies_in_one_bucket(store: MemoryEventStore, folder: Path) -> None:
    """All buckets together hold every event once."""
    commits = await tallied(store, 20, 100)
    buckets = Buckets(folder, 8)
    for start in range(0, 100, 10):
        buckets.add(batch_of(commits[start : start + 10]))
    buckets.close()

    found = [fold_bucket(TALLIES_MODEL, buckets.file(bucket)) for bucket in range(8)]

    assert documents([row for each in found for row in each.rows]) == told_by_the_log(commits)
    assert sum(each.events for each in found) == buckets.events == 100


@pytest.mark.parametrize(("events", "buckets"), [(0, 128), (400_000, 16), (5_000_000, 100), (10**9, 1024)])
def test_there_are_as_many_buckets_as_keep_each_small(events: int, buckets: int) -> None:
    """50,000 events each, within reason; many, if nobody knows how many events there are."""
    assert buckets_for(events) == buckets
