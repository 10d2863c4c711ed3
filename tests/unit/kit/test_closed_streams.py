"""Closed streams that lie idle are packed by a walk; nothing else is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared import bootstrap
from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.event_store import MemoryEventStore
from shared.bootstrap import Aggregate, EventSourcedService
from shared.eventsourcing.closed_streams import PACK_AFTER, pack_closed
from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.event_store import OperationCounts, Packed
from shared.eventsourcing.feed_walk import FeedWalk, WalkReport
from shared.testing.doubles import NOON, FixedClock
from tests.unit.http.store_front import BASKETS, MANIFEST, SHELVES, Fill, Move, apis
from tests.unit.kit.conftest import TALLY, append
from tests.unit.kit.service_world import environment, push

FULL = replace(TALLY, is_closed=lambda tally: tally.total == 100)


@pytest.fixture
def walk(store: MemoryEventStore, clock: FixedClock) -> FeedWalk:
    return FeedWalk(
        name="pack",
        category="tally",
        behind=PACK_AFTER,
        visit=pack_closed(FULL, store, store),
        log=store,
        checkpoints=MemoryCheckpoints(),
        clock=clock,
    )


async def filled(store: MemoryEventStore, stream: str, *amounts: int) -> None:
    for by in amounts:
        await append(store, stream, by)


async def test_a_closed_stream_is_packed_when_it_is_idle(
    store: MemoryEventStore, clock: FixedClock, walk: FeedWalk
) -> None:
    """All of it, once nobody has written to it for long."""
    await filled(store, "tally-1", 50, 50)
    clock.advance(days=89)
    assert await walk.run() == WalkReport(0, 0)
    clock.advance(days=2)

    assert await walk.run() == WalkReport(read=2, changed=1)

    assert await store.pack("tally-1", up_to=2) == Packed()
    assert [commit.version for commit in (await store.load("tally-1")).commits] == [1, 2]


async def test_a_stream_that_is_not_closed_is_left_alone(
    store: MemoryEventStore, clock: FixedClock, walk: FeedWalk
) -> None:
    """However long it lies there."""
    await filled(store, "tally-1", 50, 49)
    clock.advance(days=1000)

    assert (await walk.run()).changed == 0
    assert (await store.pack("tally-1", up_to=2)).commits == 2


async def test_a_stream_that_was_touched_since_waits(
    store: MemoryEventStore, clock: FixedClock, walk: FeedWalk, counts: OperationCounts
) -> None:
    """The walk finds that out by one read, and comes by again when its newest commit is old enough."""
    await filled(store, "tally-1", 50, 50)
    clock.advance(days=91)
    await filled(store, "tally-1", 0)
    counts.documents_read = 0
    assert (await walk.run()).changed == 0
    assert counts.documents_read == 3 + 1
    clock.advance(days=91)

    assert await walk.run() == WalkReport(read=1, changed=1)


async def test_a_stream_that_goes_on_is_packed_again(
    store: MemoryEventStore, clock: FixedClock, walk: FeedWalk
) -> None:
    """The rest of it."""
    await filled(store, "tally-1", 50, 50)
    clock.advance(days=91)
    await walk.run()
    await filled(store, "tally-1", 0, 0)
    clock.advance(days=91)

    assert await walk.run() == WalkReport(read=2, changed=1)
    assert await store.pack("tally-1", up_to=4) == Packed()


async def test_a_walk_from_the_beginning_changes_nothing(
    store: MemoryEventStore, clock: FixedClock, walk: FeedWalk
) -> None:
    """What is packed is packed."""
    await filled(store, "tally-1", 50, 50)
    clock.advance(days=91)
    await walk.run()

    assert await replace(walk, checkpoints=MemoryCheckpoints()).run() == WalkReport(read=2, changed=0)


def test_what_keeps_its_state_is_never_closed() -> None:
    """Its commits expire: there would be nothing to pack."""
    with pytest.raises(TopologyError, match="expire"):
        replace(FULL, snapshot_every=0, keeps_state=True)


class TestARelay:
    @pytest.fixture(autouse=True)
    def platform(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
        """The environment of an embedded platform."""
        for name, value in environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        bootstrap.forget()
        bootstrap.embedded().broker.declare((MANIFEST,))
        yield
        bootstrap.forget()

    async def test_packs_what_is_closed(self) -> None:
        """On its schedule's call, of the categories whose streams end."""
        service = await self.with_an_empty_shelf()

        reply = await push(service.function("relay"), "/pack")

        assert (reply.status, reply.json) == (200, {"read": 2, "changed": 1})

    async def test_packs_for_a_bounded_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """All categories together: without any time left nothing is begun."""
        monkeypatch.setattr("shared.bootstrap.background.PACK_PATIENCE", timedelta(0))
        service = await self.with_an_empty_shelf()

        reply = await push(service.function("relay"), "/pack")

        assert (reply.status, reply.json) == (200, {"read": 0, "changed": 0})

    async def with_an_empty_shelf(self) -> EventSourcedService:
        """And a basket, in a category that never ends."""
        empty = replace(SHELVES, is_closed=lambda shelf: shelf.left == 0)
        service = EventSourcedService(
            manifest=MANIFEST,
            aggregates=(Aggregate(empty, lambda _: None), Aggregate(BASKETS, lambda _: None)),
            command_apis=apis(settles=True),
            query_apis=(),
            pack_after=timedelta(seconds=-60),
        )
        somebody = service.wiring.system_context("somebody")
        for by in (1, -1):
            await service.wiring.handle("shelf", "milk", Move(by=by, at=NOON), somebody)
        await service.wiring.handle("basket", "b1", Fill(skus=("milk",), at=NOON), somebody)
        return service
