"""A command on a stream that this instance has not seen: read, fold, decide, with and without snapshots."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

from functions.cart.decider import CART
from shared.adapters.firestore import FirestoreEventStore
from shared.adapters.system import new_id
from shared.eventsourcing.event_store import OperationCounts
from tests.bench.carts import CartDecider, CartHandler, NoPublisher, adding, context_of, handler_on, opening, removing
from tests.bench.figures import Result, rounded, timed
from tests.bench.stopwatch import interleaved
from tests.bench.surroundings import Surroundings

_STREAMS = 10
_NEVER = replace(CART, snapshot_every=0)
_CASES: dict[str, tuple[int, CartDecider]] = {
    "20 commits, no snapshot": (20, _NEVER),
    "20 commits, snapshot every 10": (20, replace(CART, snapshot_every=10)),
    "200 commits, no snapshot": (200, _NEVER),
    "200 commits, snapshot every 50": (200, replace(CART, snapshot_every=50)),
    "249 commits, snapshot every 50 (the most that can lie behind one)": (249, replace(CART, snapshot_every=50)),
}


class _Loads:
    """Commands that change nothing, on an instance that remembers nothing: what they cost is the load."""

    def __init__(self, handler: CartHandler, counts: OperationCounts, streams: Sequence[str]) -> None:
        self.counts = counts
        self._handler = handler
        self._streams: Iterator[str] = cycle(streams)

    def next(self) -> Awaitable[object]:
        command = removing()
        return self._handler.handle(next(self._streams), command, context_of(command))


async def run(around: Surroundings) -> Result:
    async with around.project() as (store, _):
        cases = {}
        for name, (commits, decider) in _CASES.items():
            writer = handler_on(FirestoreEventStore(store, OperationCounts()), NoPublisher(), decider=decider)
            streams = await asyncio.gather(*(written(writer, commits) for _ in range(around.sized(_STREAMS, 1))))
            counts = OperationCounts()
            cold = handler_on(FirestoreEventStore(store, counts), NoPublisher(), decider=decider, cached_streams=0)
            cases[name] = _Loads(cold, counts, streams)
        operations = {name: case.next for name, case in cases.items()}
        await interleaved(operations, rounds=around.sized(100, 2))
        for case in cases.values():
            case.counts.rpcs.clear()
            case.counts.documents_read = 0
        rounds = around.sized(200, 5)
        taken = await interleaved(operations, rounds=rounds)
    return Result(
        title="Cold load of a stream: read, fold, decide",
        figures=[timed(name, durations) for name, durations in taken.items()],
        records=[_record(name, case.counts, rounds) for name, case in cases.items()],
    )


async def written(writer: CartHandler, commits: int) -> str:
    stream = f"{CART.category}-{new_id()}"
    await writer.handle(stream, opening(stream), context_of(opening(stream)))
    for number in range(commits - 1):
        await writer.handle(stream, adding(number), context_of(adding(number)))
    return stream


def _record(name: str, counts: OperationCounts, rounds: int) -> dict[str, Any]:
    rpcs = sum(counts.rpcs.values())
    return {"stream": name, "RPCs": rounded(rpcs / rounds), "documents read": rounded(counts.documents_read / rounds)}
