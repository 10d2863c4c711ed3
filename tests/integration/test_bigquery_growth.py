"""The local BigQuery grows by what is stored in it, however many requests bring it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from emulators.processes.bigquery import start_bigquery
from emulators.processes.bigquery_topology import make_in_bigquery
from emulators.processes.google import Emulator
from functions.analytics.manifest import MANIFEST
from shared.adapters.archive.bigquery import BigQueryTables
from shared.adapters.archive.store import Row
from shared.eventsourcing.archive import EVENTS, rows_of
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.eventsourcing.message import Context, StoredEvent
from shared.testing.conformance.archive import NOON

pytestmark = pytest.mark.emulators
PROJECT = "growth-tests"
REQUESTS, ROWS = 500, 40
MIB = 1024 * 1024
CONTEXT = Context(command="C", command_id="c-1", correlation_id="flow-1", actor="user:1", occurred_at=NOON)


@pytest.fixture
def bigquery(tmp_path: Path) -> Iterator[Emulator]:
    with start_bigquery(log_file=tmp_path / "emulator.log") as emulator:
        yield emulator


@pytest.fixture
async def tables(bigquery: Emulator) -> AsyncIterator[BigQueryTables]:
    url = f"http://{bigquery.host}"
    make_in_bigquery([MANIFEST], PROJECT, url)
    tables = BigQueryTables(PROJECT, url)
    yield tables
    await tables.close()


async def test_memory_and_files_grow_with_the_rows_and_not_with_their_square(
    bigquery: Emulator, tables: BigQueryTables
) -> None:
    """20,000 rows of 250 bytes in 500 requests: some 35 MiB. A copy of the table at each of them would be 3 GiB."""
    process = psutil.Process(bigquery.pid)
    await tables.insert(EVENTS, rows_of_request(0))
    before = process.memory_info().rss

    for request in range(1, REQUESTS):
        assert await tables.insert(EVENTS, rows_of_request(request)) == {}

    assert process.memory_info().rss - before < 150 * MIB
    assert written_by(process) < MIB
    assert await tables.missing("order", [f"order-{REQUESTS - 1}@1.{ROWS - 1}", "order-0@1.0"], NOON) == set()


def written_by(process: psutil.Process) -> int:
    """Bytes of the files that it writes."""
    return sum(Path(file.path).stat().st_size for file in process.open_files() if file.mode != "r")


def rows_of_request(request: int) -> Sequence[Row]:
    """A commit of so many events."""
    events = [StoredEvent("A.v1", {"note": "x" * 100, "place": place}) for place in range(ROWS)]
    body = encode_commit(f"order-{request}", 1, CONTEXT, events)
    return [asdict(row) for row in rows_of([decode_commit(body, NOON)])]
