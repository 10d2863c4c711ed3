"""The archive in BigQuery keeps the promises of its ports, on PyPI's emulator of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from emulators.processes.bigquery import start_bigquery
from emulators.processes.bigquery_topology import make_in_bigquery
from emulators.processes.google import Emulator, EmulatorError
from emulators.processes.ports import free_ports
from functions.analytics.manifest import MANIFEST
from shared.adapters.archive import ArchiveStore, Reader
from shared.adapters.archive.bigquery import BigQueryTables
from shared.adapters.archive.storage_read import BigQueryReader
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.eventsourcing.message import Context, StoredEvent
from shared.testing.conformance.archive import NOON, ArchiveConformance

pytestmark = pytest.mark.emulators
PROJECT = "archive-tests"
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
    """Of one with everything that is declared."""
    make_in_bigquery([MANIFEST], PROJECT, f"http://{bigquery.host}")
    return f"http://{bigquery.host}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[ArchiveStore]:
    """Views are slow to make here, so each test begins with emptied tables."""
    store = ArchiveStore(lambda: BigQueryTables(PROJECT, url))
    await asyncio.to_thread(empty, url)
    yield store
    await store.close()


def empty(url: str) -> None:
    anonymous, options = AnonymousCredentials(), ClientOptions(api_endpoint=url)  # type: ignore[no-untyped-call] # it has no types
    assert MANIFEST.dataset is not None
    with Client(PROJECT, credentials=anonymous, client_options=options) as client:
        for table in MANIFEST.dataset.tables:
            statement = f"DELETE FROM commerce.{table.name} WHERE true"  # noqa: S608 - a declared name
            client.query(statement, retry=None, job_retry=None).result(retry=None, job_retry=None, timeout=30)


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


def test_an_environment_that_was_never_made_is_told(tmp_path: Path) -> None:
    """And how to make it."""
    with pytest.raises(EmulatorError, match="make install"):
        start_bigquery(log_file=tmp_path / "log", environment=tmp_path / "missing")
