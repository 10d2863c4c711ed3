"""The archive's ports on this runtime's store: BigQuery, or a DuckDB file where there is none.

The clients are heavy: each is imported by its first use, and by nobody else. Those that only operators use are not
deployed.
"""

from shared.adapters.archive.store import ArchiveStore, Reader, Tables
from shared.config import Runtime, Settings
from shared.eventsourcing.errors import TopologyError

__all__ = ["ArchiveStore", "Reader", "Tables", "reader", "writer"]


def writer(settings: Settings) -> ArchiveStore:
    """`ArchiveWriter`, and rows into the other tables. It holds connections from its first use: `close` it."""
    return ArchiveStore(lambda: _tables(settings))


def _tables(settings: Settings) -> Tables:
    if settings.runtime is Runtime.EMBEDDED:
        from shared.adapters.archive.duckdb import DuckDbTables  # noqa: PLC0415 - only this runtime has it

        return DuckDbTables(_file(settings))
    from shared.adapters.archive.bigquery import BigQueryTables  # noqa: PLC0415 - as above

    return BigQueryTables(settings.project, settings.bigquery_emulator, dataset=settings.dataset)


def reader(settings: Settings) -> Reader:
    """`ArchiveReader`, and the views. `close` it."""
    if settings.runtime is Runtime.EMBEDDED:
        from shared.adapters.archive.duckdb import DuckDbReader  # noqa: PLC0415 - only this runtime has it

        return DuckDbReader(_file(settings))
    from shared.adapters.archive.storage_read import BigQueryReader  # noqa: PLC0415 - as above

    return BigQueryReader(
        settings.project, settings.bigquery_emulator, settings.bigquery_storage_emulator, dataset=settings.dataset
    )


def _file(settings: Settings) -> str:
    """TopologyError if the environment does not name it."""
    if settings.archive_file is None:
        raise TopologyError("COMMERCE_ARCHIVE_FILE is not set: this runtime keeps its archive in a file")
    return settings.archive_file
