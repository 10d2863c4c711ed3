"""The archive read in bulk: BigQuery's Storage Read API, in Arrow. For operators; not deployed."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.adapters.archive.bigquery import LazyClient
from shared.adapters.archive.store import Answer, growth_of
from shared.eventsourcing.archive import DATASET, EVENTS, FOLDED_COLUMNS, Growth
from shared.eventsourcing.errors import UnavailableError

_QUERY_SECONDS = 300.0
_ALL_DAYS = "occurred_at >= '1970-01-01'"
"""The table wants a span of days; a replay wants all of them."""
_NO_LIMIT = ("grpc.max_receive_message_length", -1)


class BigQueryReader:
    """`Reader` of a dataset; the emulators are its URL and the `host:port` of its gRPC."""

    def __init__(
        self, project: str, emulator: str | None = None, storage_emulator: str | None = None, *, dataset: str = DATASET
    ) -> None:
        self._client = LazyClient(project, emulator)
        self._dataset = dataset
        self._storage_emulator = storage_emulator
        self._storage: Any = None

    def batches(self, category: str, *, until: datetime | None = None) -> Iterator[Any]:
        """As the port says; UnavailableError also in mid-way."""
        import pyarrow as pa  # noqa: PLC0415 - by the first use
        from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - as above
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - as above

        try:
            session = self._session(category, until)
            schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
            for stream in session.streams:
                for response in self._storage.read_rows(stream.name):
                    batch = pa.py_buffer(response.arrow_record_batch.serialized_record_batch)
                    yield pa.ipc.read_record_batch(batch, schema).select(FOLDED_COLUMNS)
        except (GoogleAPIError, GoogleAuthError) as error:
            raise UnavailableError(f"BigQuery does not answer: {error}") from error

    def growth(self) -> Sequence[Growth]:
        return growth_of(self.view("storage_growth"))

    def view(self, name: str) -> Answer:
        rows = self._client.query(f"SELECT * FROM {self._dataset}.{name}", seconds=_QUERY_SECONDS)  # noqa: S608 - a declared name
        return Answer(list(rows[0].keys()) if rows else [], [row.values() for row in rows])

    def close(self) -> None:
        self._client.close()
        if self._storage is not None:
            self._storage.transport.close()
            self._storage = None

    def _session(self, category: str, until: datetime | None) -> Any:
        from google.cloud.bigquery_storage_v1.types import DataFormat, ReadSession  # noqa: PLC0415 - by the first use

        if self._storage is None:
            self._storage = _storage(self._storage_emulator)
        project = f"projects/{self._client.project}"
        wanted = ReadSession(
            table=f"{project}/datasets/{self._dataset}/tables/{EVENTS}",
            data_format=DataFormat.ARROW,
            read_options=ReadSession.TableReadOptions(
                selected_fields=FOLDED_COLUMNS, row_restriction=restriction(category, until)
            ),
        )
        return self._storage.create_read_session(parent=project, read_session=wanted)


def restriction(category: str, until: datetime | None) -> str:
    """Which rows, as the Storage Read API is told: it takes no parameters."""
    conditions = [_ALL_DAYS, f"category = '{category}'"]
    if until is not None:
        conditions.append(f"recorded_at <= '{until.astimezone(UTC).isoformat()}'")
    return " AND ".join(conditions)


def _storage(emulator: str | None) -> Any:
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient  # noqa: PLC0415 - by the first use

    if emulator is None:
        return BigQueryReadClient()  # type: ignore[no-untyped-call] # it has no types
    import grpc  # noqa: PLC0415 - as above
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (  # noqa: PLC0415 - as above
        BigQueryReadGrpcTransport,
    )

    channel = grpc.insecure_channel(emulator, options=[_NO_LIMIT])
    transport = BigQueryReadGrpcTransport(channel=channel)
    return BigQueryReadClient(transport=transport)  # type: ignore[no-untyped-call] # as above
