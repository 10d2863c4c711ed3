"""From how many commits on a snapshot pays: in time, in documents read, and in money by how often streams are cold."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from statistics import mean
from typing import Any

from functions.cart.decider import CART
from shared.adapters.firestore import FirestoreEventStore
from shared.adapters.memory import MemoryEventStore
from shared.adapters.system import new_id, utc_now
from shared.eventsourcing.event_store import EventStore, OperationCounts
from shared.eventsourcing.publishing import Announcer
from shared.eventsourcing.streams import Streams
from tests.bench.carts import PUBLICATION, CartDecider, NoPublisher, adding, context_of, handler_on, opening
from tests.bench.cold_load import written
from tests.bench.figures import Figure, Result, rounded, timed
from tests.bench.prices import US_CENTRAL1
from tests.bench.stopwatch import Operation, interleaved
from tests.bench.surroundings import Surroundings

_LENGTHS = (5, 10, 25, 30, 50, 100, 200, 400)
_POLICIES = (0, 10, 25, 50, 100, 200)
_LONGEST = 400
_COLD = (0.001, 0.01, 0.1, 1.0)
"""Parts of all commands that come upon a stream which their instance does not remember."""
_FOLDED, _SNAPSHOT = "folded", "snapshot"
_TIMEOUT = 60.0
Load = Callable[[], Awaitable[object]]


async def run(around: Surroundings) -> Result:
    lengths, longest = _LENGTHS[: around.sized(len(_LENGTHS), 3)], around.sized(_LONGEST, 60)
    async with around.project() as (channel, _):
        stores: dict[str, EventStore] = {
            "memory": MemoryEventStore(utc_now, OperationCounts()),
            "Firestore": FirestoreEventStore(channel, OperationCounts(), _TIMEOUT),
        }
        taken = {name: await _timed(store, lengths, around.sized(100, 2)) for name, store in stores.items()}
    pays = await _pays(longest)
    return Result(
        title="Cold load of a cart: folded from its start, or from a snapshot of its newest commit",
        figures=[
            Figure(name="fewer documents are read with a snapshot from this length on", unit="commits", value=pays),
            *(figure for name, found in taken.items() for figure in _faster(name, found)),
            *(timed(f"{name}, {what}", ms) for name, found in taken.items() for what, ms in _named(found)),
        ],
        records=[await _policy(every, longest) for every in _POLICIES],
        notes=[
            f"The table: streams that grow to {longest} commits, and USD for a million of their commits by how many",
            "commands meet a cold stream; the snapshots' writes and the loads' reads, nothing else.",
        ],
    )


# --- time


async def _timed(store: EventStore, lengths: Sequence[int], rounds: int) -> Mapping[tuple[int, str], Sequence[float]]:
    """Milliseconds of loading streams of these lengths, both ways."""
    operations: dict[str, Operation] = {}
    for length in lengths:
        for way, decider in _ways(length).items():
            stream = await written(handler_on(store, NoPublisher(), decider=decider), length)
            operations[f"{length} {way}"] = _loading(store, decider, stream)
    found = await interleaved(operations, rounds=rounds, warm_up=rounds // 5)
    return {(length, way): found[f"{length} {way}"] for length in lengths for way in (_FOLDED, _SNAPSHOT)}


def _faster(name: str, found: Mapping[tuple[int, str], Sequence[float]]) -> list[Figure]:
    """The shortest of the measured lengths from which on all are faster with a snapshot, if there is one."""
    least: int | None = None
    for length in sorted({length for length, _ in found}, reverse=True):
        if timed("", found[length, _SNAPSHOT]).value >= timed("", found[length, _FOLDED]).value:
            break
        least = length
    title = f"{name}: a load is faster with a snapshot from this length on"
    return [] if least is None else [Figure(name=title, unit="commits", value=least)]


def _named(found: Mapping[tuple[int, str], Sequence[float]]) -> Sequence[tuple[str, Sequence[float]]]:
    return [(f"{length} commits, {way}", milliseconds) for (length, way), milliseconds in found.items()]


def _ways(length: int) -> Mapping[str, CartDecider]:
    return {_FOLDED: replace(CART, snapshot_every=0), _SNAPSHOT: replace(CART, snapshot_every=length)}


def _loading(store: EventStore, decider: CartDecider, stream: str) -> Load:
    streams = Streams(decider, Announcer(PUBLICATION, NoPublisher()), store)
    return lambda: streams.load([stream])


# --- money


async def _pays(longest: int) -> int:
    """From this length on a load with a snapshot of the newest commit reads fewer documents than one without."""
    folded = await _reads(0, longest)
    for length in range(1, longest + 1):
        if (await _reads(length, length))[-1] < folded[length - 1]:
            return length
    return longest


async def _policy(every: int, longest: int) -> dict[str, Any]:
    reads = mean(await _reads(every, longest))
    snapshots = 1 / every if every else 0.0
    return {
        "snapshot every": every or "never",
        "documents read by a cold load (mean)": rounded(reads),
        **{f"{cold:.1%} cold": f"{_usd(cold * reads, snapshots):.3f}" for cold in _COLD},
    }


def _usd(read: float, written: float) -> float:
    return US_CENTRAL1.per_million(read=read, written=written, deleted=0, pubsub_bytes=0)


async def _reads(every: int, longest: int) -> list[int]:
    """Documents that a cold load reads at each length of a growing stream, counted as they are billed."""
    counts, decider = OperationCounts(), replace(CART, snapshot_every=every)
    store = MemoryEventStore(utc_now, counts)
    handler = handler_on(store, NoPublisher(), decider=decider)
    stream = f"{CART.category}-{new_id()}"
    load, found = _loading(store, decider, stream), []
    for number in range(longest):
        command = adding(number) if number else opening(stream)
        await handler.handle(stream, command, context_of(command))
        before = counts.documents_read
        await load()
        found.append(counts.documents_read - before)
    return found
