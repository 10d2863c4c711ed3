"""What every adapter of the analytics port promises, kept by SQLite's."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from textwrap import dedent

import pytest

from functions.analytics.adapters.sqlite import SqliteSink, counts_by_type
from functions.analytics.port import Fact
from shared.eventsourcing.errors import UnavailableError

PLACED = "commerce.orders.OrderPlaced.v1"
WRITER = dedent("""
    import asyncio, sys
    from datetime import UTC, datetime
    from functions.analytics.adapters.sqlite import SqliteSink
    from functions.analytics.port import Fact

    at = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)

    def fact(number):
        return Fact(id=f"order-{number}@1.0", type="T.v1", service="orders", subject=str(number), occurred_at=at,
                    recorded_at=at, correlation_id="c", payload="{}")

    async def main():
        sink = SqliteSink(sys.argv[1], patience=60)
        print(sum([await sink.write([fact(number)]) for number in range(200)]))

    asyncio.run(main())
""")


def fact(number: int, type_name: str = PLACED) -> Fact:
    return Fact(
        id=f"order-{number}@1.0",
        type=type_name,
        service="orders",
        subject=str(number),
        occurred_at=datetime(2017, 3, 6, 13, 0, tzinfo=timezone(timedelta(hours=1))),
        recorded_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        correlation_id="flow-1",
        payload='{"order_id":"é"}',
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "analytics.sqlite"


@pytest.fixture
async def sink(file: Path) -> AsyncIterator[SqliteSink]:
    sink = SqliteSink(file, patience=0.05)
    yield sink
    await sink.close()


async def test_each_fact_is_written_once(sink: SqliteSink, file: Path) -> None:
    """However often it is delivered: the answer tells what was new."""
    first = await sink.write([fact(1), fact(2)])

    again = await sink.write([fact(2), fact(3), fact(3)])

    assert (first, again, counts_by_type(file)) == (2, 1, {PLACED: 3})


async def test_the_first_delivery_counts(sink: SqliteSink, file: Path) -> None:
    """A fact that was written is never changed."""
    await sink.write([fact(1)])

    await sink.write([replace(fact(1), payload="{}", type="Other.v1")])

    assert counts_by_type(file) == {PLACED: 1}


async def test_a_fact_is_kept_whole(sink: SqliteSink, file: Path) -> None:
    """Each column as it came, times in UTC."""
    await sink.write([fact(1)])

    with closing(sqlite3.connect(file)) as db:
        rows = db.execute("SELECT * FROM facts").fetchall()

    times = ("2017-03-06T12:00:00+00:00", "2026-03-01T12:00:00+00:00")
    assert rows == [("order-1@1.0", PLACED, "orders", "1", *times, "flow-1", '{"order_id":"é"}')]


async def test_all_or_none_are_written(sink: SqliteSink, file: Path) -> None:
    """One that cannot be stored keeps the others out, and the next write goes on."""
    with pytest.raises(UnavailableError):
        await sink.write([fact(1), replace(fact(2), payload=None)])  # type: ignore[arg-type] # that is what is broken

    await sink.write([fact(3, "Other.v1")])

    assert counts_by_type(file) == {"Other.v1": 1}


async def test_types_are_counted_apart(sink: SqliteSink, file: Path) -> None:
    """In the order of their names."""
    await sink.write([fact(1), fact(2), fact(3, "A.v1")])

    assert list(counts_by_type(file).items()) == [("A.v1", 1), (PLACED, 2)]


def test_before_the_first_fact_there_are_none(file: Path) -> None:
    """A file that does not exist yet has nothing to count, and is not made by looking."""
    assert (counts_by_type(file), file.exists()) == ({}, False)


async def test_waiting_for_others_is_bounded(sink: SqliteSink, file: Path) -> None:
    """Somebody who holds the file for too long makes it unavailable; afterwards all is well again."""
    await sink.write([fact(1)])
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError):
            await sink.write([fact(2)])
        other.execute("ROLLBACK")

    await sink.write([fact(2)])

    assert counts_by_type(file) == {PLACED: 2}


async def test_opening_waits_within_bounds_too(sink: SqliteSink, file: Path) -> None:
    """Also for somebody who has the file for themselves from the start."""
    file.parent.mkdir()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE other (id)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnavailableError):
            await sink.write([fact(1)])
        other.execute("ROLLBACK")

    assert await sink.write([fact(1)]) == 1


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    """The event comes again; perhaps somebody mends it."""
    with pytest.raises(UnavailableError):
        await SqliteSink(tmp_path).write([fact(1)])


async def test_writes_may_overlap(sink: SqliteSink, file: Path) -> None:
    """Within a process they take turns."""
    written = await asyncio.gather(*(sink.write([fact(number % 50)]) for number in range(100)))

    assert (sum(written), counts_by_type(file)) == (50, {PLACED: 50})


async def test_several_processes_may_write(file: Path) -> None:
    """To one file, at the same time, the same facts: each is there once."""
    command = [sys.executable, "-c", WRITER, str(file)]
    root = Path(__file__).parents[2]
    writers = [
        await asyncio.create_subprocess_exec(*command, cwd=root, stdout=asyncio.subprocess.PIPE) for _ in range(3)
    ]

    outputs = [(await writer.communicate())[0] for writer in writers]

    assert sum(int(output) for output in outputs) == 200
    assert counts_by_type(file) == {"T.v1": 200}
