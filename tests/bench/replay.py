"""Replay of the data set: from the archive to folded documents, to documents written, and from the log alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from shutil import rmtree

import psutil
import pyarrow as pa

from emulators.feed.dataset import Basket, Slice, baskets
from emulators.processes.bigquery_topology import make_in_duckdb
from functions.analytics.manifest import MANIFEST as ANALYTICS
from functions.cart.commands import AddItem, CartCommand, CheckOutCart, OpenCart
from functions.cart.decider import CART
from functions.cart.events import Channel
from functions.cart.manifest import CARTS
from shared.adapters.archive.duckdb import DuckDbReader, connect
from shared.adapters.firestore import FirestoreEventStore, FirestoreReadStore
from shared.eventsourcing.archive import rows_of
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.eventsourcing.event_store import EventStore, NewCommit, OperationCounts, start_of
from shared.eventsourcing.generations import place
from shared.eventsourcing.message import Commit
from shared.eventsourcing.money import Money
from shared.eventsourcing.projection import Row
from shared.operations.buckets import buckets_for
from shared.operations.bulk import bulk_sink
from shared.operations.folding import ReadModel
from shared.operations.history import from_archive, from_log
from shared.operations.replay import Phase, Replay, Replayed, Sink
from tests.bench.carts import context_of
from tests.bench.figures import Figure, Result, Target
from tests.bench.surroundings import Surroundings

_EVENTS = 1_000_000
_OF_THE_LOG = 100_000
_COPIES = 5
_READ_MODEL = ReadModel("functions.cart.projections", CARTS)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_TIMEOUT = 120.0
_MIB = 1024**2


async def run(around: Surroundings) -> Result:
    """The folder holds the archive's file and the buckets; both are removed."""
    events, of_the_log = around.sized(_EVENTS, 2_000), around.sized(_OF_THE_LOG, 500)
    folder = around.folder / "replay"
    rmtree(folder, ignore_errors=True)
    archive = _Archive(folder / "archive.duckdb")
    archive.fill(_commits(events))
    figures = [*await _folded(archive, folder), *await _written(around, archive, folder)]
    figures += await _from_the_log(around, folder, of_the_log)
    archive.multiply(around.sized(_COPIES, 2))
    figures += await _bounded(archive, folder)
    rmtree(folder)
    return Result(
        title="Replay of the data set's carts",
        figures=figures,
        notes=["The archive is a DuckDB file; the documents are written to Google's emulator, which takes a core."],
    )


class _Archive:
    """In a file of its own."""

    def __init__(self, file: Path) -> None:
        self.reader = DuckDbReader(file)
        self.events = 0
        self._file = file
        make_in_duckdb([ANALYTICS], file)

    def fill(self, commits: Iterator[Commit]) -> None:
        while some := list(islice(commits, 50_000)):
            rows = pa.Table.from_pylist([asdict(row) for row in rows_of(some)])
            with connect(self._file) as db:
                db.register("rows", rows)
                db.execute("INSERT INTO commerce.events BY NAME SELECT * FROM rows")
            self.events += rows.num_rows

    def multiply(self, times: int) -> None:
        """The same carts under other names."""
        with connect(self._file) as db:
            for copy in range(1, times):
                db.execute(
                    "INSERT INTO commerce.events BY NAME SELECT * REPLACE (stream || $copy AS stream)"
                    " FROM commerce.events WHERE stream NOT LIKE '%.%'",
                    {"copy": f".{copy}"},
                )
        self.events *= times


async def _folded(archive: _Archive, folder: Path) -> list[Figure]:
    """Into documents as they would be written, and not further."""

    async def drop(rows: Sequence[Row]) -> None:
        """Nobody wants them."""

    done = await _replayed(archive, folder, drop)
    return [
        Figure(name=f"{done.events:,} events of the archive, folded", unit="s", value=done.seconds),
        Figure(name="an event, from archive to folded document", unit="µs", value=_each(done), target=Target(10)),
        Figure(name="events a second", unit="1/s", value=done.events / done.seconds),
    ]


async def _written(around: Surroundings, archive: _Archive, folder: Path) -> list[Figure]:
    async with around.project() as (channel, _):
        rows = FirestoreReadStore(channel, OperationCounts(), _TIMEOUT)
        unstorable: list[str] = []
        done = await _replayed(archive, folder, bulk_sink(rows, place(CARTS, "2"), unstorable))
    if unstorable:
        raise ValueError(f"{len(unstorable)} documents could not be stored")
    name = f"{done.events:,} events rebuilt into {done.documents:,} documents in Firestore"
    return [Figure(name=name, unit="s", value=done.seconds, target=Target(done.events * 60 / 1e6))]


async def _from_the_log(around: Surroundings, folder: Path, events: int) -> list[Figure]:
    async with around.project() as (channel, _):
        log = FirestoreEventStore(channel, OperationCounts(), _TIMEOUT)
        await _append_all(log, _commits(events))
        rows = FirestoreReadStore(channel, OperationCounts(), _TIMEOUT)
        replay = _replay(folder, 0)  # nobody knows how many there are
        done = await replay.run(
            lambda: from_log(log, CART.category, after=None, until=_LATEST),
            bulk_sink(rows, place(CARTS, "3"), []),
            _unwatched,
        )
        replay.forget()
    name = f"{done.events:,} events of the log alone, rebuilt in Firestore"
    return [Figure(name=name, unit="s", value=done.seconds, target=Target(done.events * 300 / 1e6))]


async def _bounded(archive: _Archive, folder: Path) -> list[Figure]:
    """Of all processes together, what is only theirs."""

    async def drop(rows: Sequence[Row]) -> None:
        """Nobody wants them."""

    async with _watched_memory() as peak:
        done = await _replayed(archive, folder, drop)
    name = f"memory that {done.events:,} events take at most"
    return [
        Figure(name=name, unit="MiB", value=max(peak) / _MIB, target=Target(1536)),
        Figure(name=f"{done.events:,} events of the archive, folded", unit="s", value=done.seconds),
    ]


@asynccontextmanager
async def _watched_memory() -> AsyncIterator[list[int]]:
    """What this process and its children hold beyond what this one held before, looked at often."""
    myself = psutil.Process()
    before, found = _held(myself), [0]

    async def watch() -> None:
        while True:
            found.append(await asyncio.to_thread(_held, myself) - before)
            await asyncio.sleep(0.1)

    watching = asyncio.ensure_future(watch())
    try:
        yield found
    finally:
        watching.cancel()


def _held(process: psutil.Process) -> int:
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_full_info().uss if each.name().startswith("python") or each == process else 0
        except psutil.NoSuchProcess:
            continue
    return total


async def _replayed(archive: _Archive, folder: Path, sink: Sink) -> Replayed:
    replay = _replay(folder, archive.events)
    done = await replay.run(
        lambda: from_archive(archive.reader, CART.category, until=_LATEST), sink, _unwatched, expected=archive.events
    )
    replay.forget()
    if done.behind or done.events != archive.events:
        raise ValueError(f"not all was folded: {done}")
    return done


def _replay(folder: Path, events: int) -> Replay:
    return Replay(read_model=_READ_MODEL, folder=folder / "buckets", key="bench", buckets=buckets_for(events))


def _unwatched(_: Phase, __: int, ___: int) -> None:
    """Nobody looks."""


def _each(done: Replayed) -> float:
    return done.seconds / done.events * 1e6


# --- the history


def _commits(events: int) -> Iterator[Commit]:
    """The data set's carts as the cart service's own rules bring them about, a commit after the other."""
    return islice(_of_baskets(baskets(Slice(start=None, limit=None))), events)


def _of_baskets(found: Sequence[Basket]) -> Iterator[Commit]:
    for basket in found:
        state = CART.initial_state()
        stream = f"{CART.category}-{basket.id}"
        for version, command in enumerate(_commands(basket), 1):
            events = CART.decide(command, state)
            for event in events:
                state = CART.evolve(state, event)
            context = context_of(command)
            body = encode_commit(stream, version, context, CART.codec.encode(events))
            yield decode_commit(body, basket.at + timedelta(seconds=version))


def _commands(basket: Basket) -> Iterator[CartCommand]:
    yield OpenCart(cart_id=basket.id, customer_id=basket.household, channel=Channel.POS, currency="USD", at=basket.at)
    sold = [line for line in basket.lines if line.sold]
    for line in sold:
        charged = Money(amount=line.total, currency="USD")
        yield AddItem(sku=line.sku, quantity=line.quantity, charged=charged, at=basket.at)
    if sold:
        yield CheckOutCart(checkout_id=None, at=basket.at)


async def _append_all(log: EventStore, commits: Iterator[Commit]) -> None:
    """As fast as can be: a cart after the other, several at a time."""
    waiting = list(commits)
    carts: dict[str, list[Commit]] = {}
    for commit in waiting:
        carts.setdefault(commit.stream, []).append(commit)
    left = iter(carts.values())

    async def append() -> None:
        for cart in left:
            position = start_of(cart[0].stream)
            for commit in cart:
                new = NewCommit(position=position, body=commit.body, owed=())
                appended = await log.append([new])
                (position,) = appended.positions  # type: ignore[union-attr] # without an answer nothing is replayed

    await asyncio.gather(*(append() for _ in range(16)))
