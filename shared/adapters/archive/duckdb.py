"""The archive's tables in a DuckDB file, for a runtime without BigQuery. Not deployed."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from shared.adapters.archive.store import Answer, Row, growth_of
from shared.eventsourcing.archive import DATASET, EVENTS, FOLDED_COLUMNS, Growth
from shared.eventsourcing.errors import UnavailableError

T = TypeVar("T")
_BATCH_ROWS = 20_000
_MISSING = f"SELECT DISTINCT id FROM {DATASET}.{EVENTS} WHERE occurred_at >= $since AND id IN (SELECT unnest($ids))"  # noqa: S608 - of constants


class DuckDbTables:
    """`Tables`; all work is done by one thread of its own. The file is opened by the first use."""

    def __init__(self, file: str | Path) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="duckdb")
        self._opened: duckdb.DuckDBPyConnection | None = None

    async def insert(self, table: str, rows: Sequence[Row]) -> Mapping[int, str]:
        """DuckDB refuses all or none: rows that it does not understand are found one by one."""
        return await self._in_thread(partial(self._insert, table, rows))

    async def missing(self, category: str, ids: Sequence[str], since: datetime) -> set[str]:
        """Ids are unique over all categories."""
        del category
        parameters = {"ids": list(ids), "since": since}
        found = await self._in_thread(lambda: self._db().execute(_MISSING, parameters).fetchall())
        return set(ids) - {row[0] for row in found}

    async def close(self) -> None:
        """Let go of the file; a later use opens it again."""
        await self._in_thread(self._close)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                return work()
            except duckdb.Error as error:
                raise UnavailableError(f"the archive's file does not do it: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    def _insert(self, table: str, rows: Sequence[Row]) -> dict[int, str]:
        try:
            self._insert_all(table, rows)
        except (duckdb.ConversionException, duckdb.ConstraintException, pa.ArrowException) as error:
            if len(rows) == 1:
                return {0: str(error)}
            return {place: why for place, row in enumerate(rows) for why in self._insert(table, [row]).values()}
        return {}

    def _insert_all(self, table: str, rows: Sequence[Row]) -> None:
        arrived = pa.Table.from_pylist([dict(row) for row in rows])
        names = ", ".join(f'"{name}"' for name in arrived.column_names)
        db = self._db()
        db.register("arrived", arrived)
        try:
            db.execute(f"INSERT INTO {DATASET}.{table} ({names}) SELECT {names} FROM arrived")  # noqa: S608 - declared names
        finally:
            db.unregister("arrived")

    def _db(self) -> duckdb.DuckDBPyConnection:
        if self._opened is None:
            self._opened = connect(self._file)
        return self._opened

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None


class DuckDbReader:
    """`Reader`, in the process that holds the file."""

    def __init__(self, file: str | Path) -> None:
        self._file = file

    def batches(self, category: str, *, until: datetime | None = None) -> Iterator[Any]:
        """As the port says; UnavailableError also in mid-way."""
        columns = ", ".join(f'"{name}"' for name in FOLDED_COLUMNS)
        query = f"SELECT {columns} FROM {DATASET}.{EVENTS} WHERE category = $category"  # noqa: S608 - of constants
        parameters: dict[str, Any] = {"category": category}
        if until is not None:
            query += " AND recorded_at <= $until"
            parameters["until"] = until
        try:
            with connect(self._file) as db:
                yield from db.sql(query, params=parameters).to_arrow_reader(_BATCH_ROWS)
        except duckdb.Error as error:
            raise UnavailableError(f"the archive's file does not do it: {error}") from error

    def growth(self) -> Sequence[Growth]:
        return growth_of(self.view("storage_growth"))

    def view(self, name: str) -> Answer:
        try:
            with connect(self._file) as db:
                found = db.sql(f"SELECT * FROM {DATASET}.{name}").to_arrow_table()  # noqa: S608 - a declared name
        except duckdb.Error as error:
            raise UnavailableError(f"the archive's file does not do it: {error}") from error
        rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
        return Answer(found.column_names, list(rows))

    def close(self) -> None:
        """Nothing is held."""


def connect(file: str | Path) -> duckdb.DuckDBPyConnection:
    """Times are told in UTC."""
    db = duckdb.connect(file)
    db.execute("SET TimeZone = 'UTC'")
    return db
