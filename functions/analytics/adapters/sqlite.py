"""The analytics store in an SQLite file, for runtimes without BigQuery."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC
from pathlib import Path

from functions.analytics.port import Fact
from shared.eventsourcing.errors import UnavailableError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
  id TEXT PRIMARY KEY, type TEXT NOT NULL, service TEXT NOT NULL, subject TEXT NOT NULL, occurred_at TEXT NOT NULL,
  recorded_at TEXT NOT NULL, correlation_id TEXT NOT NULL, payload TEXT NOT NULL
) WITHOUT ROWID
"""
_TURNS = 20
_INSERT = "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"


class SqliteSink:
    """`AnalyticsSink` that several processes may write to; `patience` is how many seconds one waits for the others.

    A killed process loses nothing, a power cut perhaps the last moments. The file is opened by the first write, and all
    work is done by one thread of the sink's own.
    """

    def __init__(self, file: str | Path, patience: float = 2.0) -> None:
        self._file = Path(file)
        self._patience = patience
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analytics")
        self._db: sqlite3.Connection | None = None

    async def write(self, facts: Sequence[Fact]) -> int:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write, facts)

    async def close(self) -> None:
        """Let go of the file; the next write opens it again."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)

    def _write(self, facts: Sequence[Fact]) -> int:
        try:
            db = self._open()
            with db:
                db.execute("BEGIN IMMEDIATE")
                before = db.total_changes
                db.executemany(_INSERT, [_row(fact) for fact in facts])
                return db.total_changes - before
        except (sqlite3.Error, OSError) as error:
            self._close()
            raise UnavailableError(f"the analytics store does not take events: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self._file, timeout=0, isolation_level=None, check_same_thread=False)
            self._write_ahead(self._db)
            self._db.execute(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(_SCHEMA)
        return self._db

    def _write_ahead(self, db: sqlite3.Connection) -> None:
        """Make the file such, if it is not. SQLite does not always wait for others here, so we do."""
        for turn in range(_TURNS):
            try:
                db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if turn == _TURNS - 1:
                    raise
                time.sleep(self._patience / _TURNS)
            else:
                return

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def counts_by_type(file: str | Path) -> dict[str, int]:
    """How many facts of each type the file holds; none if nothing was ever written."""
    if not Path(file).exists():
        return {}
    with closing(sqlite3.connect(f"file:{Path(file).absolute()}?mode=ro", uri=True)) as db:
        return dict(db.execute("SELECT type, count(*) FROM facts GROUP BY type ORDER BY type").fetchall())


def _row(fact: Fact) -> tuple[str, ...]:
    times = [moment.astimezone(UTC).isoformat() for moment in (fact.occurred_at, fact.recorded_at)]
    return (fact.id, fact.type, fact.service, fact.subject, *times, fact.correlation_id, fact.payload)
