"""The archive in a DuckDB file keeps the promises of its ports."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from emulators.processes.bigquery_topology import make_in_duckdb
from functions.analytics.manifest import MANIFEST
from shared.adapters.archive import ArchiveStore, Reader
from shared.adapters.archive.duckdb import DuckDbReader, DuckDbTables
from shared.testing.conformance.archive import ArchiveConformance, archived


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "folder" / "archive.duckdb"
    make_in_duckdb([MANIFEST], file)
    return file


class TestDuckDb(ArchiveConformance):
    """With the tables and views of the manifest."""

    @pytest.fixture
    async def store(self, file: Path) -> AsyncIterator[ArchiveStore]:
        store = ArchiveStore(lambda: DuckDbTables(file))
        yield store
        await store.close()

    @pytest.fixture
    def reader(self, file: Path) -> Reader:
        return DuckDbReader(file)

    @pytest.fixture
    async def nowhere(self, tmp_path: Path) -> AsyncIterator[ArchiveStore]:
        store = ArchiveStore(lambda: DuckDbTables(tmp_path))
        yield store
        await store.close()

    async def test_a_new_platform_begins_with_nothing(self, store: ArchiveStore, reader: Reader, file: Path) -> None:
        """Its log is empty as well."""
        await store.write([archived("cart-1")])
        await store.close()

        make_in_duckdb([MANIFEST], file)

        assert list(reader.growth()) == []
