"""The archive's tables in BigQuery. Google's client blocks, so it works in threads of its own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from shared.adapters.archive.store import Row, Value
from shared.eventsourcing.archive import DATASET, EVENTS, in_dataset
from shared.eventsourcing.errors import UnavailableError

T = TypeVar("T")
_THREADS = 4
_INSERT_SECONDS = 15.0
_QUERY_SECONDS = 30.0
_MISSING = f"""
SELECT DISTINCT id FROM {DATASET}.{EVENTS}
WHERE occurred_at >= @since AND category = @category AND id IN UNNEST(@ids)
"""  # noqa: S608 - of constants


class BigQueryTables:
    """`Tables`; `emulator` is its URL. Nothing is tried again here: whoever sent the rows sends them again."""

    def __init__(self, project: str, emulator: str | None = None, *, dataset: str = DATASET) -> None:
        self._client = LazyClient(project, emulator)
        self._dataset = dataset
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="bigquery")

    async def insert(self, table: str, rows: Sequence[Row]) -> Mapping[int, str]:
        return await self._in_thread(partial(self._insert, f"{self._client.project}.{self._dataset}.{table}", rows))

    async def missing(self, category: str, ids: Sequence[str], since: datetime) -> set[str]:
        from google.cloud import bigquery  # noqa: PLC0415 - imported by the first use

        parameters = [
            bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
            bigquery.ScalarQueryParameter("category", "STRING", category),
            bigquery.ArrayQueryParameter("ids", "STRING", list(ids)),
        ]
        found = await self._in_thread(partial(self._query, _MISSING, parameters))
        return set(ids) - {row[0] for row in found}

    async def close(self) -> None:
        """Give the connections back; a later use makes new ones."""
        self._client.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _insert(self, table: str, rows: Sequence[Row]) -> dict[int, str]:
        from google.cloud.bigquery import AutoRowIDs  # noqa: PLC0415 - as above

        # Without insert ids, which would promise for a minute what the views promise for ever.
        answer = self._client.ask(
            lambda client: client.insert_rows_json(
                table,
                [{name: _json(value) for name, value in row.items()} for row in rows],
                row_ids=AutoRowIDs.DISABLED,
                skip_invalid_rows=True,
                retry=None,
                timeout=_INSERT_SECONDS,
            )
        )
        return {each["index"]: _reasons(each["errors"]) for each in answer}

    def _query(self, statement: str, parameters: Sequence[Any]) -> list[Any]:
        return self._client.query(in_dataset(statement, self._dataset), parameters, seconds=_QUERY_SECONDS)


class LazyClient:
    """Google's client, made by the first use, in the thread that needs it."""

    def __init__(self, project: str, emulator: str | None) -> None:
        self.project = project
        self._emulator = emulator
        self._lock = Lock()
        self._client: Any = None

    def ask(self, work: Callable[[Any], T]) -> T:
        """What `work` makes of the client; UnavailableError if BigQuery does not do it."""
        from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - by the first use
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - as above
        from requests import RequestException  # noqa: PLC0415 - as above

        try:
            return work(self._made())
        except (GoogleAPIError, GoogleAuthError, RequestException, TimeoutError) as error:
            raise UnavailableError(f"BigQuery does not answer: {error}") from error

    def query(self, statement: str, parameters: Sequence[Any] = (), *, seconds: float) -> list[Any]:
        """All rows, over REST."""
        from google.cloud import bigquery  # noqa: PLC0415 - as above

        config = bigquery.QueryJobConfig(query_parameters=list(parameters))

        def work(client: Any) -> list[Any]:
            # As a job: what fails without one is no error to the emulator.
            job = client.query(statement, job_config=config, retry=None, job_retry=None, timeout=seconds)
            return list(job.result(retry=None, job_retry=None, timeout=seconds))

        return self.ask(work)

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _made(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _client(self.project, self._emulator)
            return self._client


def _client(project: str, emulator: str | None) -> Any:
    from google.api_core.client_options import ClientOptions  # noqa: PLC0415 - by the first use
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415 - as above
    from google.cloud import bigquery  # noqa: PLC0415 - as above

    if emulator is None:
        return bigquery.Client(project)
    options = ClientOptions(api_endpoint=emulator)
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call] # it has no types
    return bigquery.Client(project, credentials=anonymous, client_options=options)


def _json(value: Value) -> str | int | None:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _reasons(errors: Sequence[Mapping[str, str]]) -> str:
    return "; ".join(f"{error.get('location', '')}: {error.get('message', '')}" for error in errors)
