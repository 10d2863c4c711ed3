"""What the archive's function does with a pushed commit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.archive.store import ArchiveStore, Row
from shared.bootstrap.archiving import Archiving
from shared.eventsourcing.archive import NEWEST, OLDEST, ArchivedEvent, filed_at, rows_of
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.eventsourcing.desk import UnreadableError
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.message import Commit, Context, StoredEvent

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
CONTEXT = Context(command="C", command_id="c-1", correlation_id="f-1", actor="user:1", occurred_at=AT)
BODY = encode_commit("cart-1", 3, CONTEXT, [StoredEvent("A.v1", {"a": 1}), StoredEvent("B.v1", {})])
HEADERS = {"ce-id": "cart-1@3", "ce-recordedtime": "2026-03-01T12:00:00.123456+00:00"}


class Rows:
    """`ArchiveWriter` that remembers."""

    def __init__(self) -> None:
        self.rows: list[ArchivedEvent] = []

    async def write(self, events: Sequence[ArchivedEvent]) -> None:
        self.rows += events

    async def missing(self, category: str, ids: Sequence[str], *, since: datetime) -> set[str]:
        return set()


async def test_each_event_of_a_commit_becomes_a_row() -> None:
    """With its place in the commit, and the log's own time."""
    archive = Rows()

    outcome = await Archiving(archive).take(HEADERS, BODY)

    assert outcome == "archived 2"
    assert [(row.id, row.index, row.size, row.type, row.data) for row in archive.rows] == [
        ("cart-1@3.0", 0, 2, "A.v1", '{"a":1}'),
        ("cart-1@3.1", 1, 2, "B.v1", "{}"),
    ]
    assert archive.rows[0].recorded_at == datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "body"), [(HEADERS, b"{}"), ({**HEADERS, "ce-id": "cart-1@4"}, BODY), ({"ce-id": "cart-1@3"}, BODY)]
)
async def test_what_is_no_commit_can_never_be_taken(headers: dict[str, str], body: bytes) -> None:
    """It is buried; the commit itself is in the log, where the sweep finds it."""
    with pytest.raises(CorruptDataError):
        await Archiving(Rows()).take(headers, body)
    with pytest.raises(UnreadableError):
        Archiving(Rows()).reads(headers, body)


def test_a_dry_run_tells_the_commit() -> None:
    """And does nothing."""
    archive = Rows()

    told = Archiving(archive).reads(HEADERS, BODY)

    assert (told, archive.rows) == ("archive: commit cart-1@3 of 2 events", [])


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


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

    async def run(self, statement: str, **times: datetime) -> None: ...

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
