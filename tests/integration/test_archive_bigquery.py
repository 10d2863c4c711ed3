"""The archive in BigQuery keeps the promises of its ports, on PyPI's emulator of it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from emulators.processes.bigquery import start_bigquery
from emulators.processes.bigquery_topology import make_in_bigquery
from emulators.processes.google import Emulator, EmulatorError
from emulators.processes.ports import free_ports
from functions.analytics.dataset import UNPACK
from functions.analytics.manifest import manifest
from shared.adapters.archive import ArchiveStore, Reader
from shared.adapters.archive.bigquery import BigQueryTables
from shared.adapters.archive.storage_read import BigQueryReader
from shared.adapters.archive.store import Value
from shared.eventsourcing.archive import DELIVERIES, rows_of
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.eventsourcing.message import Commit, Context, StoredEvent
from shared.testing.conformance.archive import NOON, ArchiveConformance
from shared.topology import Feed

pytestmark = pytest.mark.emulators
PROJECT = "archive-tests"
DECLARED = manifest(Feed.SUBSCRIPTION)
DAY = timedelta(days=1)
CONTEXT = Context(command="C", command_id="c-1", correlation_id="flow-1", actor="user:1", occurred_at=NOON)
EVENTS = [StoredEvent("A.v1", {"note": "é", "price": {"amount": 150}}), StoredEvent("B.v1", {})]
COMMIT = decode_commit(encode_commit("order-7-b", 3, CONTEXT, EVENTS), NOON + timedelta(microseconds=1))


@pytest.fixture(scope="module")
def bigquery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with start_bigquery(log_file=tmp_path_factory.mktemp("bigquery") / "emulator.log") as emulator:
        yield emulator


@pytest.fixture(scope="module")
def url(bigquery: Emulator) -> str:
    """Of one with everything that is declared, also what the cloud alone feeds."""
    make_in_bigquery([DECLARED], PROJECT, f"http://{bigquery.host}")
    return f"http://{bigquery.host}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[ArchiveStore]:
    """Views are slow to make here, so each test begins with emptied tables."""
    store = ArchiveStore(lambda: BigQueryTables(PROJECT, url))
    assert DECLARED.dataset is not None
    for table in DECLARED.dataset.tables:
        await store.run(f"DELETE FROM commerce.{table.name} WHERE true")  # noqa: S608 - a declared name
    yield store
    await store.close()


@pytest.fixture
def reader(bigquery: Emulator, url: str) -> Iterator[Reader]:
    reader = BigQueryReader(PROJECT, url, bigquery.second_host)
    yield reader
    reader.close()


class TestBigQuery(ArchiveConformance):
    """Over REST and the Storage Read API."""

    @pytest.fixture
    async def nowhere(self) -> AsyncIterator[ArchiveStore]:
        (port,) = free_ports(1)
        store = ArchiveStore(lambda: BigQueryTables("nowhere", f"http://127.0.0.1:{port}"))
        yield store
        await store.close()


async def test_what_pubsub_wrote_is_unpacked_into_the_same_rows(store: ArchiveStore, reader: Reader) -> None:
    """As the function would have written them: of the span alone that is asked for."""
    delivery = delivery_of(COMMIT)
    await store.insert(DELIVERIES, [delivery, {**delivery, "publish_time": NOON - DAY}])

    await store.run(UNPACK, since=NOON, until=NOON + DAY)
    unpacked = sorted(map(tuple, reader.view("events_once").rows))
    await store.write(rows_of([COMMIT]))
    assert len(unpacked) == 2
    assert sorted(map(tuple, reader.view("events_once").rows)) == unpacked


async def test_a_time_that_no_row_may_have_is_filed_as_by_the_function(store: ArchiveStore, reader: Reader) -> None:
    """Under the time of its recording, with the claim beside it."""
    dead = replace(CONTEXT, occurred_at=NOON.replace(year=1970))
    commit = decode_commit(encode_commit("order-7-b", 3, dead, EVENTS), COMMIT.recorded_at)
    await store.insert(DELIVERIES, [delivery_of(commit)])

    await store.run(UNPACK, since=NOON, until=NOON + DAY)
    unpacked = sorted(map(tuple, reader.view("events_once").rows))
    await store.write(rows_of([commit]))

    assert len(unpacked) == 2
    assert sorted(map(tuple, reader.view("events_once").rows)) == unpacked


async def test_what_is_no_commit_keeps_no_other_out(store: ArchiveStore, reader: Reader) -> None:
    """It is passed by: the sweep looks for what is missing."""
    good, body = delivery_of(COMMIT), COMMIT.body.decode()
    bad = [
        *({**good, "data": data} for data in ("{}", "[]", "1", '{"events":[{}]}', '{"events":{"type":"A.v1"}}')),
        {**good, "data": body.replace('"version":3', '"version":"three"')},
        {**good, "data": body.replace("order-7-b", "nothing")},
        {**good, "data": body.replace('"actor":"user:1"', '"actor":null')},
        {**good, "data": body.replace('"occurred_at":"2017', '"occurred_at":"yesterday')},
        {**good, "attributes": "{}"},
        {**good, "attributes": '{"ce-recordedtime":"soon"}'},
    ]
    await store.insert(DELIVERIES, [*bad, good])

    await store.run(UNPACK, since=NOON, until=NOON + DAY)

    rows = reader.view("events")
    at = rows.columns.index("id")
    assert sorted(row[at] for row in rows.rows) == ["order-7-b@3.0", "order-7-b@3.1"]


def delivery_of(commit: Commit) -> dict[str, Value]:
    """As Pub/Sub writes it."""
    return {
        "subscription_name": "projects/p/subscriptions/analytics-archive-on-orders",
        "message_id": "1",
        "publish_time": NOON,
        "data": commit.body.decode(),
        "attributes": f'{{"ce-id":"{commit.id}","ce-recordedtime":"{commit.recorded_at.isoformat()}"}}',
    }


def test_an_environment_that_was_never_made_is_told(tmp_path: Path) -> None:
    """And how to make it."""
    with pytest.raises(EmulatorError, match="make install"):
        start_bigquery(log_file=tmp_path / "log", environment=tmp_path / "missing")
