"""Events put into files by stream, so that each file can be folded by itself: what does not fit into memory at once.

The rows come in any order. All of a stream's rows get into the same bucket, and a bucket is small enough to be sorted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from shared.eventsourcing.archive import FOLDED_COLUMNS

_TYPES: Final[dict[str, pa.DataType]] = {
    "stream": pa.string(),
    "version": pa.int64(),
    "index": pa.int64(),
    "size": pa.int64(),
    "type": pa.string(),
    "recorded_at": pa.timestamp("us", tz="UTC"),
    "data": pa.string(),
}
SCHEMA: Final = pa.schema(_TYPES)
_BATCH_ROWS: Final = 100_000
_BATCH_BYTES: Final = 48 * 1024 * 1024
_EVENTS_OF_A_BUCKET: Final = 50_000
_FEWEST, _UNKNOWN, _MOST = 16, 128, 1024


def buckets_for(events: int) -> int:
    """How many are needed so that folding one of them takes some 100 MB of memory. Of `events` 0 means that nobody
    knows how many there are: enough then for some five million.
    """
    return min(max(events // _EVENTS_OF_A_BUCKET, _FEWEST), _MOST) if events else _UNKNOWN


@dataclass
class Buckets:
    """`count` files below `folder`, written once. Rows are gathered to some 100,000 before they are shared out."""

    folder: Path
    count: int
    events: int = 0
    _waiting: list[pa.RecordBatch] = field(default_factory=list)
    _rows: int = 0
    _bytes: int = 0
    _files: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def file(self, bucket: int) -> Path:
        return self.folder / f"{bucket:04d}.arrows"

    def add(self, batch: pa.RecordBatch) -> None:
        """Rows with `FOLDED_COLUMNS`, and maybe others."""
        rows = batch.select(list(FOLDED_COLUMNS)).cast(SCHEMA)
        self._waiting.append(rows)
        self._rows += rows.num_rows
        self._bytes += rows.nbytes
        if self._rows >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
            self._share_out()

    def close(self) -> None:
        """All is written; the files that no stream fell into are there as well, empty."""
        self._share_out()
        for bucket in range(self.count):
            self._writer(bucket).close()
        self._files.clear()

    def _share_out(self) -> None:
        if not self._rows:
            return
        rows = pa.Table.from_batches(self._waiting).combine_chunks()
        self._waiting, self._rows, self._bytes = [], 0, 0
        self.events += rows.num_rows
        buckets = _buckets_of(rows["stream"].combine_chunks(), self.count)
        order = pc.sort_indices(buckets)
        rows, buckets = rows.take(order), buckets.take(order)
        for bucket, start, length in _runs(buckets):
            self._writer(bucket).write_table(rows.slice(start, length))

    def _writer(self, bucket: int) -> Any:
        if bucket not in self._files:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._files[bucket] = pa.ipc.new_stream(str(self.file(bucket)), SCHEMA, options=options)
        return self._files[bucket]


def read_bucket(file: Path) -> pa.Table:
    """A bucket's rows in the order of (stream, version, index)."""
    with file.open("rb") as opened, pa.ipc.open_stream(opened) as reader:
        rows = reader.read_all()
    return rows.sort_by([("stream", "ascending"), ("version", "ascending"), ("index", "ascending")])


def _buckets_of(streams: Any, count: int) -> Any:
    """The same for a stream whenever and wherever it is asked for: a replay that was cut off goes on."""
    encoded = streams.dictionary_encode()
    buckets = [crc32(stream.encode()) % count for stream in encoded.dictionary.to_pylist()]
    return pa.array(buckets, pa.int16()).take(encoded.indices)


def _runs(sorted_buckets: Any) -> Iterator[tuple[int, int, int]]:
    """Of equal numbers: (number, where they start, how many)."""
    start = 0
    counts: Any = pc.value_counts(sorted_buckets)
    lengths: dict[int, int] = dict(
        zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    )
    for bucket in sorted(lengths):
        yield bucket, start, lengths[bucket]
        start += lengths[bucket]
