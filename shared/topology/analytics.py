"""What a service keeps for analysis, as plain typed data: a BigQuery dataset with its tables and views.

The local runtimes make the same of it (BigQuery's emulator, or a DuckDB file), and the deployment makes the real one.
"""

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """In BigQuery's words."""

    STRING = "STRING"
    INT64 = "INT64"
    TIMESTAMP = "TIMESTAMP"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class Column:
    """`required` ones are never null."""

    name: str
    type: ColumnType = ColumnType.STRING
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cut into days (UTC) of the column `partition_by`, which every query has to bound; sorted within them by
    `cluster_by`.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    partition_by: str
    cluster_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A named query; `sql` is its file in the service's folder, in BigQuery's dialect. It may use views before it."""

    name: str
    description: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Tables first, then views in their order."""

    name: str
    description: str
    tables: tuple[Table, ...]
    views: tuple[View, ...] = ()

    def table(self, name: str) -> Table:
        """KeyError if it has none of that name."""
        return {table.name: table for table in self.tables}[name]
