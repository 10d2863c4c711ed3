"""What packing saves of real carts, what it costs, and what reading a packed stream costs beside an unpacked one."""

from collections.abc import Sequence
from typing import Any

from emulators.feed.dataset import Basket, Slice, baskets
from functions.cart.commands import AddItem, CartCommand, CheckOutCart, OpenCart
from functions.cart.decider import CART
from functions.cart.events import Channel
from shared.adapters.firestore import FirestoreEventStore
from shared.adapters.memory import MemoryEventStore
from shared.adapters.system import utc_now
from shared.eventsourcing.event_store import EventStore, OperationCounts, Packed
from shared.eventsourcing.message import Commit, commits_collection, shard_of
from shared.eventsourcing.money import Money
from tests.bench.carts import NoPublisher, context_of, handler_on
from tests.bench.cold_load import written
from tests.bench.figures import Figure, Result, rounded, timed
from tests.bench.prices import US_CENTRAL1
from tests.bench.stopwatch import Operation, interleaved
from tests.bench.surroundings import Surroundings

_CARTS = 2000
_LENGTHS = (11, 100, 400)
_READS_OF_A_COMMIT = 3
"""Of packing it: by the walk, by the fold that finds its stream closed, and by the packing itself."""
_MIB = 1024**2
_TIMEOUT = 60.0


async def run(around: Surroundings) -> Result:
    sizes = await _sizes(baskets(Slice(limit=around.sized(_CARTS, 20))))
    return Result(
        title="Packing of closed streams",
        figures=sizes,
        records=await _reads(around),
        notes=[
            "Storage is what Firestore's own rules come to, names and index entries included.",
            "The months are until the storage that is saved has paid for the packing, at list prices.",
        ],
    )


# --- storage


async def _sizes(found: Sequence[Basket]) -> list[Figure]:
    """Of the carts of these baskets, as the till brings them about."""
    store = MemoryEventStore(utc_now, OperationCounts())
    handler = handler_on(store, NoPublisher())
    before = after = commits = 0
    for basket in found:
        stream = f"{CART.category}-{basket.id}"
        for command in _commands(basket):
            await handler.handle(stream, command, context_of(command))
        unpacked = [commit async for commit in store.read(stream)]
        packed = await store.pack(stream, up_to=len(unpacked))
        commits += len(unpacked)
        before += sum(map(_plain, unpacked))
        after += _packed(unpacked[-1], packed) if packed.packs else sum(map(_plain, unpacked))
    saved = (before - after) * US_CENTRAL1.storage_month / 1024**3
    cost = commits * US_CENTRAL1.per_million(read=_READS_OF_A_COMMIT, written=1, deleted=0, pubsub_bytes=0) / 1e6
    return [
        Figure(name=f"storage of {len(found):,} real carts, {commits:,} commits", unit="MiB", value=before / _MIB),
        Figure(name="the same, packed", unit="MiB", value=after / _MIB),
        Figure(name="bytes of a commit", unit="bytes", value=before / commits),
        Figure(name="bytes of a packed commit", unit="bytes", value=after / commits),
        Figure(name="packing a million commits", unit="USD", value=cost / commits * 1e6),
        Figure(name="what a million packed commits save a month", unit="USD", value=saved / commits * 1e6),
        Figure(name="months until packing has paid for itself", unit="months", value=cost / saved),
    ]


def _commands(basket: Basket) -> list[CartCommand]:
    opening = OpenCart(
        cart_id=basket.id, customer_id=basket.household, channel=Channel.POS, currency="USD", at=basket.at
    )
    sold = [line for line in basket.lines if line.sold]
    adding = [
        AddItem(sku=line.sku, quantity=line.quantity, charged=Money(amount=line.total, currency="USD"), at=basket.at)
        for line in sold
    ]
    return [opening, *adding, *([CheckOutCart(checkout_id=None, at=basket.at)] if sold else [])]


def _plain(commit: Commit) -> int:
    """The document `shard, recorded_at, body`, and its entry in the feed's index."""
    return _bare(commit) + _in_feed(commit) + len("body") + 1 + len(commit.body)


def _packed(last: Commit, packed: Packed) -> int:
    """The last document, `shard, recorded_at, first, pack`, and the others, `packed_in`."""
    others = (packed.commits - 1) * (_bare(last) + len("packed_in") + 1 + 8)
    holder = _bare(last) + _in_feed(last) + len("first") + 1 + 8 + len("pack") + 1 + packed.bytes_after
    return others + holder


def _bare(commit: Commit) -> int:
    """A document without fields."""
    return _name(commit) + 32


def _name(commit: Commit) -> int:
    parts = ("streams", commit.stream, commits_collection(CART.category), f"{commit.version:010d}")
    return sum(len(part.encode()) + 1 for part in parts) + 16


def _in_feed(commit: Commit) -> int:
    shard = len(shard_of(commit.stream)) + 1
    fields = len("shard") + 1 + shard + len("recorded_at") + 1 + 8
    return fields + _name(commit) + shard + 8 + 32


# --- reads


async def _reads(around: Surroundings) -> list[dict[str, Any]]:
    """Whole and up to the middle, packed and as it was."""
    async with around.project() as (channel, _):
        store = FirestoreEventStore(channel, OperationCounts(), _TIMEOUT)
        operations: dict[str, Operation] = {}
        read: dict[str, int] = {}
        for length in _LENGTHS:
            plain, packed = [await written(handler_on(store, NoPublisher()), length) for _ in range(2)]
            await store.pack(packed, up_to=length)
            for how, stream in (("as it was", plain), ("packed", packed)):
                for what, up_to in (
                    (f"{length} commits", length),
                    (f"the first {length // 2} of {length}", length // 2),
                ):
                    name, counts = f"{what}, {how}", OperationCounts()
                    operations[name] = _reading(store, stream, up_to)
                    await _reading(FirestoreEventStore(channel, counts, _TIMEOUT), stream, up_to)()
                    read[name] = counts.documents_read
        taken = await interleaved(operations, rounds=around.sized(100, 2), warm_up=around.sized(20, 0))
    return [_record(timed(name, taken[name]), read[name]) for name in operations]


def _record(figure: Figure, documents: int) -> dict[str, Any]:
    return {
        "read": figure.name,
        "documents read": documents,
        "ms (p50)": rounded(figure.value),
        "ms (p95)": rounded(figure.p95 or 0),
    }


def _reading(store: EventStore, stream: str, up_to: int) -> Operation:
    async def read() -> int:
        return len([commit async for commit in store.read(stream, up_to=up_to)])

    return read
