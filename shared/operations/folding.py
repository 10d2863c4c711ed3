"""A bucket of events folded into the documents of one read model: what each process of a replay does."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import Any, Final, NamedTuple

import pyarrow as pa

from shared.eventsourcing.projection import Projection, Row
from shared.operations.buckets import read_bucket

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ReadModel(NamedTuple):
    """Where its projection is found: the module that declares it, and the collection."""

    module: str
    collection: str

    @property
    def projection(self) -> Projection[Any, Any]:
        """LookupError if the module declares no such read model."""
        for declared in vars(import_module(self.module)).values():
            if isinstance(declared, Projection) and declared.collection == self.collection:
                return declared
        raise LookupError(f"{self.module} declares no projection into {self.collection}")


class Behind(NamedTuple):
    """A stream that could not be folded to its end, a commit missing or not understood: its newest version seen."""

    stream: str
    version: int


@dataclass
class Folded:
    """What came of a bucket: the documents, each as its stream's last commit left it, and the streams that have to be
    brought from the log.
    """

    events: int
    rows: list[Row] = field(default_factory=list)
    behind: list[Behind] = field(default_factory=list)


_Event = tuple[int, int, int, str, str]
"""Version, place in its commit, size of the commit, type, data: plain, for there are very many."""


def end_with_parent() -> None:
    """In a process that is to fold: do not outlive whoever wants it, should that be killed."""
    Thread(target=_end_after, args=(parent_process(),), daemon=True).start()


def _end_after(parent: BaseProcess | None) -> None:
    if parent is not None:
        parent.join()
        os._exit(1)


def ready(read_model: ReadModel) -> None:
    """Import all that a bucket will need. What goes wrong will go wrong there as well, and be told."""
    with suppress(ImportError, LookupError):
        _ = read_model.projection


def fold_bucket(read_model: ReadModel, file: Path) -> Folded:
    """In a process of its own: what it takes and returns can be sent there and back."""
    projection, rows = read_model.projection, read_bucket(file)
    folded = Folded(rows.num_rows)
    gc.disable()  # hundreds of thousands of objects, none of them in a cycle
    try:
        for stream, events, recorded_at in _streams(rows):
            _fold(projection, stream, events, recorded_at, folded)
    finally:
        gc.enable()
    return folded


def _streams(rows: pa.Table) -> Iterator[tuple[str, list[_Event], int]]:
    """Each stream with its events, and when the last one was recorded; a row that is there twice comes twice."""
    names: list[Any] = rows["stream"].to_pylist()
    columns = [rows[name].to_pylist() for name in ("version", "index", "size", "type", "data")]
    recorded_at: list[Any] = rows["recorded_at"].cast(pa.int64()).to_pylist()
    events: list[Any] = list(zip(*columns, strict=True))
    start = 0
    for end in range(1, len(names) + 1):
        if end == len(names) or names[end] != names[start]:
            yield names[start], events[start:end], recorded_at[end - 1]
            start = end


def _fold(
    projection: Projection[Any, Any], stream: str, events: list[_Event], recorded_at: int, folded: Folded
) -> None:
    """To its end, or not at all. A stream is behind that has a gap, two different rows of one event, or an event that
    cannot be understood or projected.
    """
    last = events[-1][0]
    try:
        whole, document = _document(projection, events)
        ended = _EPOCH + timedelta(microseconds=recorded_at)
        row = projection.row_at(stream, document, last, ended) if whole else None
    except Exception:  # noqa: BLE001 - any bug of a projection: whoever brings the stream from the log will meet it again
        row = None
    if row is not None:
        folded.rows.append(row)
    else:
        folded.behind.append(Behind(stream, last))


def _document(projection: Projection[Any, Any], events: list[_Event]) -> tuple[bool, Any]:
    """Whether nothing is missing or contradicts itself, and the document."""
    project, decode = projection.project, projection.codec.decode_text
    document: Any = None
    version, place = 1, 0
    for nth, (found, index, size, type_name, data) in enumerate(events):
        if found != version or index != place:
            if nth and _is_same(events[nth - 1], events[nth], decode):
                continue
            return False, None
        document = project(document, decode(type_name, data))
        version, place = (version + 1, 0) if index + 1 == size else (version, place + 1)
    return place == 0, document


def _is_same(one: _Event, other: _Event, decode: Callable[[str, str], Any]) -> bool:
    """Whether two rows are one event; its JSON may be written in two ways."""
    return one == other or (one[:3] == other[:3] and decode(*one[3:]) == decode(*other[3:]))
