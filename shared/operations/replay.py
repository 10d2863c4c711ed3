"""A read model folded from history: events shared out to buckets, buckets folded by several processes, each document
written once.

A replay that was killed while it folded goes on: buckets that were written are not folded again. One that was killed
while it read begins anew.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree
from time import perf_counter
from typing import Any

import pyarrow as pa

from shared.adapters.files import replace_file
from shared.eventsourcing.projection import Row
from shared.operations.buckets import Buckets
from shared.operations.folding import Behind, Folded, ReadModel, end_with_parent, fold_bucket, ready

PROCESSES = os.cpu_count() or 1


class Phase(StrEnum):
    """What a replay is doing."""

    READING = "reading events"
    FOLDING = "folding them"


Watch = Callable[[Phase, int, int], None]
"""Is told the phase, how many events are done, and how many there are; 0 if that is not known."""
Sink = Callable[[Sequence[Row]], Awaitable[None]]
"""Takes the documents of a bucket. What it has taken may come again after a kill."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """`events` as they came, duplicates included; `behind` are the streams that had to be brought from the
    log, and `failed` says of which of them, and why, that was in vain. `seconds` it took since it was called last.
    """

    events: int
    documents: int
    behind: tuple[Behind, ...]
    failed: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)


@dataclass
class _Progress:
    """What is on disk beside the buckets. `filled`: all events are in them, `events` of them."""

    key: str
    buckets: int
    filled: bool = False
    events: int = 0
    done: list[int] = field(default_factory=list)
    documents: int = 0
    behind: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Replay:
    """`key` names what is replayed and up to when: a folder of another key is begun anew. `buckets` is how many files
    the events are shared out to, if they are not yet; `processes` is how many fold them.
    """

    read_model: ReadModel
    folder: Path
    key: str
    buckets: int
    processes: int = PROCESSES

    async def run(
        self, source: Callable[[], AsyncIterator[pa.RecordBatch]], sink: Sink, watch: Watch, *, expected: int = 0
    ) -> Replayed:
        """`expected` is how many events there may be, for the watch alone. Raises what source and sink raise; what was
        done until then is not done again.
        """
        began, progress = perf_counter(), await asyncio.to_thread(self._load)
        with self._pool() as pool:
            for _ in range(self.processes):  # they start while events are read
                pool.submit(ready, self.read_model)
            if not progress.filled:
                await self._fill(progress, source(), watch, expected)
            await self._fold(pool, progress, sink, watch)
        behind = tuple(Behind(*each) for each in progress.behind)
        return Replayed(progress.events, progress.documents, behind, seconds=perf_counter() - began)

    def forget(self) -> None:
        """Remove what it keeps on disk."""
        rmtree(self.folder, ignore_errors=True)

    async def _fill(
        self, progress: _Progress, source: AsyncIterator[pa.RecordBatch], watch: Watch, expected: int
    ) -> None:
        buckets = Buckets(self.folder / "buckets", progress.buckets)
        read = 0
        async for batch in source:
            await asyncio.to_thread(buckets.add, batch)
            read += batch.num_rows
            watch(Phase.READING, read, expected)
        await asyncio.to_thread(buckets.close)
        progress.filled, progress.events = True, buckets.events
        await asyncio.to_thread(self._save, progress)

    async def _fold(self, pool: ProcessPoolExecutor, progress: _Progress, sink: Sink, watch: Watch) -> None:
        """A few buckets more than processes are under way: while one is written, others are folded."""
        buckets = Buckets(self.folder / "buckets", progress.buckets)
        left = sorted(set(range(progress.buckets)) - set(progress.done))
        events = 0
        async for bucket, folded in _in_order(pool, self.read_model, buckets, left, self.processes + 1):
            await sink(folded.rows)
            events += folded.events
            progress.done.append(bucket)
            progress.documents += len(folded.rows)
            progress.behind += [(each.stream, each.version) for each in folded.behind]
            await asyncio.to_thread(self._save, progress)
            watch(Phase.FOLDING, events, progress.events)

    @contextmanager
    def _pool(self) -> Iterator[ProcessPoolExecutor]:
        """What is under way when something fails is not waited for."""
        pool = ProcessPoolExecutor(self.processes, mp_context=get_context("spawn"), initializer=end_with_parent)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()

    def _load(self) -> _Progress:
        with suppress(OSError, ValueError, TypeError):
            found = _Progress(**json.loads(self._file.read_text()))
            if found.key == self.key:
                return found
        self.forget()
        return _Progress(self.key, self.buckets)

    def _save(self, progress: _Progress) -> None:
        replace_file(self._file, json.dumps(asdict(progress)).encode())

    @property
    def _file(self) -> Path:
        return self.folder / "progress.json"


async def _in_order(
    pool: ProcessPoolExecutor, read_model: ReadModel, buckets: Buckets, left: Sequence[int], ahead: int
) -> AsyncIterator[tuple[int, Folded]]:
    """The buckets as they were asked for, `ahead` of them under way at a time."""
    loop, waiting = asyncio.get_running_loop(), list(left)
    under_way: list[tuple[int, Any]] = []
    while waiting or under_way:
        while waiting and len(under_way) < ahead:
            bucket = waiting.pop(0)
            under_way.append((bucket, loop.run_in_executor(pool, fold_bucket, read_model, buckets.file(bucket))))
        bucket, folding = under_way.pop(0)
        yield bucket, await folding


def key_of(*parts: str | datetime) -> str:
    """Names a replay by what it depends on."""
    return " ".join(part.isoformat() if isinstance(part, datetime) else part for part in parts)
