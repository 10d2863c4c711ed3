"""Reading the feed: the kit, against a bare gRPC stub that only parses the JSON, and against the client library."""

import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from google.cloud.firestore import AsyncClient
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.adapters.firestore import FirestoreChannel, FirestoreEventStore
from shared.adapters.firestore.log_layout import LogLayout, add_commit
from shared.adapters.firestore.messages import CommitRequest, RunQueryRequest
from shared.adapters.firestore.outbox import category_query
from shared.adapters.system import utc_now
from shared.eventsourcing.event_store import NewCommit, OperationCounts, Position
from shared.eventsourcing.message import commits_collection, shards_of
from tests.bench.carts import commit_body
from tests.bench.figures import Figure, Result, ratio
from tests.bench.surroundings import Surroundings

_CATEGORY = "cart"
_STREAM = 10
_BARE, _FEED, _LIBRARY = "bare stub, json.loads", "feed", "google-cloud-firestore's AsyncClient, json.loads"
_TARGET = 1.3
_PATIENCE = 60.0
_EMULATOR = "FIRESTORE_EMULATOR_HOST"
Read = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class _Run:
    """Seconds of one reading; `cpu` are this process's."""

    wall: float
    cpu: float


async def run(around: Surroundings) -> Result:
    commits = around.sized(20_000, 1000)
    async with around.project() as (store, _):
        await _seed(store, commits)
        until = utc_now() + timedelta(hours=1)
        async with _client(store) as client:
            readings = {
                _BARE: lambda: _bare(store, until),
                _FEED: lambda: _feed(store, until),
                _LIBRARY: lambda: _library(client, until),
            }
            taken = await _interleaved(readings, commits, around.sized(7, 2))
    return _result(taken, commits)


async def _seed(store: FirestoreChannel, commits: int) -> None:
    """Streams of ten commits with one or two events each, over all shards."""
    database = f"projects/{store.project}/databases/events"
    metadata, layout = store.metadata(database, parameter="database"), LogLayout(f"{database}/documents")
    for stream in (f"{_CATEGORY}-{number:032x}" for number in range(commits // _STREAM)):
        request = CommitRequest(database=database)
        for version in range(_STREAM):
            body = commit_body(stream, version + 1, events=1 + version % 2)
            add_commit(request, layout, NewCommit(position=Position(stream, version), body=body, owed=()))
        await store.stubs.commit(request, metadata=metadata, timeout=_PATIENCE)


async def _bare(store: FirestoreChannel, until: datetime) -> int:
    database = f"projects/{store.project}/databases/events"
    query = category_query(commits_collection(_CATEGORY), _CATEGORY, since=None, before=until)
    query.select("body", "recorded_at")
    request = RunQueryRequest(parent=f"{database}/documents", structured_query=query.message)
    read = 0
    async for response in store.stubs.run_query(request, metadata=store.metadata(database, parameter="parent")):
        if response.HasField("document"):
            json.loads(response.document.fields["body"].bytes_value)
            read += 1
    return read


async def _feed(store: FirestoreChannel, until: datetime) -> int:
    log = FirestoreEventStore(store, OperationCounts())
    return len([None async for _ in log.feed(_CATEGORY, until=until)])


async def _library(client: AsyncClient, until: datetime) -> int:
    query = (
        client.collection_group(commits_collection(_CATEGORY))
        .where(filter=FieldFilter("shard", "in", shards_of(_CATEGORY)))
        .where(filter=FieldFilter("recorded_at", "<", until))
        .order_by("recorded_at")
        .order_by("__name__")
        .select(["body", "recorded_at"])
    )
    read = 0
    async for document in query.stream():
        json.loads((document.to_dict() or {})["body"])
        read += 1
    return read


@asynccontextmanager
async def _client(store: FirestoreChannel) -> AsyncIterator[AsyncClient]:
    """The library takes the emulator's address from the environment, when a client is made."""
    before = os.environ.get(_EMULATOR)
    os.environ[_EMULATOR] = store.emulator or ""
    try:
        client = AsyncClient(project=store.project, database="events")
    finally:
        if before is None:
            del os.environ[_EMULATOR]
        else:
            os.environ[_EMULATOR] = before
    yield client
    await client._firestore_api.transport.close()  # the client's own close() is not awaited


async def _interleaved(readings: Mapping[str, Read], commits: int, rounds: int) -> dict[str, list[_Run]]:
    """One reading of each in every round; the first round warms up."""
    taken: dict[str, list[_Run]] = {name: [] for name in readings}
    for number in range(rounds + 1):
        for name, read in readings.items():
            wall, cpu = time.perf_counter(), time.process_time()
            found = await read()
            if found != commits:
                raise RuntimeError(f"{name}: read {found} commits of {commits}")
            if number:
                taken[name].append(_Run(time.perf_counter() - wall, time.process_time() - cpu))
    return taken


def _result(taken: Mapping[str, Sequence[_Run]], commits: int) -> Result:
    wall = {name: median(run.wall for run in runs) for name, runs in taken.items()}
    cpu = {name: median(run.cpu for run in runs) for name, runs in taken.items()}
    events = commits + commits // 2
    figures = [
        Figure(name=f"{name}: seconds", unit="s", value=wall[name], samples=len(runs)) for name, runs in taken.items()
    ]
    return Result(
        title=f"Feed: {commits:,} commits with {events:,} events of one category",
        figures=[
            *figures,
            ratio("feed / bare stub", wall[_FEED], wall[_BARE], limit=_TARGET),
            ratio("feed / bare stub, CPU time of this process", cpu[_FEED], cpu[_BARE]),
            ratio("client library / bare stub", wall[_LIBRARY], wall[_BARE]),
            Figure(name="feed: commits/s", unit="1/s", value=commits / wall[_FEED]),
            Figure(name="feed: events/s", unit="1/s", value=events / wall[_FEED]),
        ],
    )
