"""The manifests' tables and views, made in the local BigQuery or in a DuckDB file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import sqlglot
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from sqlglot import exp

from shared.packaging.views import query_of
from shared.topology import Column, ColumnType, Dataset, Service, Table

_TIMEOUT = 30.0
_DUCKDB_TYPES = {ColumnType.STRING: "VARCHAR", ColumnType.INT64: "BIGINT", ColumnType.TIMESTAMP: "TIMESTAMPTZ"}


def make_in_bigquery(services: Sequence[Service], project: str, url: str) -> None:
    """All that is declared, in an emulator that is empty."""
    anonymous, options = AnonymousCredentials(), ClientOptions(api_endpoint=url)  # type: ignore[no-untyped-call] # it has no types
    with bigquery.Client(project, credentials=anonymous, client_options=options) as client:
        for service, dataset in _declared(services):
            client.create_dataset(dataset.name, retry=None, timeout=_TIMEOUT)
            for table in dataset.tables:
                client.create_table(table_of(project, dataset, table), retry=None, timeout=_TIMEOUT)
            for view in dataset.views:  # made by its interface, a view would come back without its query
                statement = f"CREATE VIEW {dataset.name}.{view.name} AS {query_of(service, view)}"
                job = client.query(statement, retry=None, job_retry=None, timeout=_TIMEOUT)
                job.result(retry=None, job_retry=None, timeout=_TIMEOUT)


def make_in_duckdb(services: Sequence[Service], file: Path) -> None:
    """All that is declared, in a new file; one of before is removed, as the log of before is gone."""
    for old in (file, file.with_name(file.name + ".wal")):
        old.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(file) as db:
        for service, dataset in _declared(services):
            db.execute(f"CREATE SCHEMA {dataset.name}")
            for table in dataset.tables:
                columns = ", ".join(map(_duckdb_column, table.columns))
                db.execute(f"CREATE TABLE {dataset.name}.{table.name} ({columns})")
            for view in dataset.views:
                query = in_duckdb(query_of(service, view))
                db.execute(f"CREATE VIEW {dataset.name}.{view.name} AS {query}")


def in_duckdb(query: str) -> str:
    """The same query in DuckDB's dialect."""
    return sqlglot.parse_one(query, dialect="bigquery").transform(_in_duckdb).sql("duckdb")


def _in_duckdb(node: exp.Expr) -> exp.Expr:
    """What sqlglot does not know: DuckDB calls the bytes of a text `strlen`."""
    return exp.func("strlen", node.this) if isinstance(node, exp.ByteLength) else node


def _declared(services: Sequence[Service]) -> Iterator[tuple[Service, Dataset]]:
    return ((service, service.dataset) for service in services if service.dataset)


def table_of(project: str, dataset: Dataset, declared: Table) -> bigquery.Table:
    """As Google's client sends it."""
    modes = {True: "REQUIRED", False: "NULLABLE"}
    schema = [bigquery.SchemaField(each.name, each.type.value, mode=modes[each.required]) for each in declared.columns]
    table = bigquery.Table(f"{project}.{dataset.name}.{declared.name}", schema=schema)
    table.description = declared.description
    table.time_partitioning = bigquery.TimePartitioning(field=declared.partition_by)
    table.clustering_fields = list(declared.cluster_by) or None
    table.require_partition_filter = True
    return table


def _duckdb_column(column: Column) -> str:
    kind = _DUCKDB_TYPES.get(column.type, column.type.value)
    return f'"{column.name}" {kind}' + (" NOT NULL" if column.required else "")
