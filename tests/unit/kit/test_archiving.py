"""How a commit becomes rows of the archive."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.archive.store import ArchiveStore, Row
from shared.eventsourcing.archive import NEWEST, OLDEST, filed_at, rows_of
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.eventsourcing.message import Commit, Context, StoredEvent

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
CONTEXT = Context(command="C", command_id="c-1", correlation_id="f-1", actor="user:1", occurred_at=AT)
BODY = encode_commit("cart-1", 3, CONTEXT, [StoredEvent("A.v1", {"a": 1}), StoredEvent("B.v1", {})])
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_each_event_of_a_commit_becomes_a_row() -> None:
    """With its place in the commit, and the log's own time."""
    rows = rows_of([decode_commit(BODY, NOW)])

    assert [(row.id, row.index, row.size, row.type, row.data) for row in rows] == [
        ("cart-1@3.0", 0, 2, "A.v1", '{"a":1}'),
        ("cart-1@3.1", 1, 2, "B.v1", "{}"),
    ]
    assert {row.recorded_at for row in rows} == {NOW}


@pytest.mark.parametrize("at", [AT, NOW - OLDEST, NOW + NEWEST])
def test_a_row_is_filed_under_the_time_at_which_it_happened(at: datetime) -> None:
    """A claim beside it would say nothing more."""
    assert filed_at(at, NOW) == (at, None)


@pytest.mark.parametrize(
    "at", [datetime(1970, 1, 1, tzinfo=UTC), NOW - OLDEST - timedelta(seconds=1), NOW + NEWEST + timedelta(seconds=1)]
)
def test_a_time_that_the_archive_takes_no_row_of_is_kept_beside_that_of_recording(at: datetime) -> None:
    """A till's clock may be dead: its row is taken, and still says what the till said."""
    (row,) = rows_of([commit_of(at)])

    assert (row.occurred_at, row.claimed_at, row.recorded_at) == (NOW, at, NOW)
    assert (row.type, row.data) == ("A.v1", "{}")


class TenYears:
    """`Tables` that refuse as BigQuery does."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    async def insert(self, table: str, rows: Sequence[Row]) -> Mapping[int, str]:
        refused = {place: "too old" for place, row in enumerate(rows) if _time(row) < NOW - timedelta(days=3650)}
        self.rows += [row for place, row in enumerate(rows) if place not in refused]
        return refused

    async def missing(self, category: str, ids: Sequence[str], since: datetime) -> set[str]:
        return set(ids) - {str(row["id"]) for row in self.rows if _time(row) >= since}

    async def close(self) -> None: ...


def _time(row: Row) -> datetime:
    time = row["occurred_at"]
    assert isinstance(time, datetime)
    return time


async def test_a_till_with_a_dead_clock_is_archived_with_its_neighbours() -> None:
    """And found there again by who asks what is missing."""
    tables = TenYears()
    store = ArchiveStore(lambda: tables)
    rows = rows_of([commit_of(datetime(2012, 1, 1, tzinfo=UTC)), commit_of(NOW, version=2)])

    await store.write(rows)

    since = min(row.occurred_at for row in rows)
    assert tables.rows == [asdict(row) for row in rows]
    assert await store.missing("cart", [row.id for row in rows], since=since) == set()


def commit_of(at: datetime, version: int = 1) -> Commit:
    """Recorded now."""
    context = Context(command="C", command_id="c-1", correlation_id="f-1", actor="pos:1", occurred_at=at)
    return decode_commit(encode_commit("cart-1", version, context, [StoredEvent("A.v1", {})]), NOW)
