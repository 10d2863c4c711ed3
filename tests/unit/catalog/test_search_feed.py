"""How an instance's index follows the catalog."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.catalog import search_feed
from functions.catalog.search import Search
from functions.catalog.search_base import Base
from functions.catalog.search_feed import SearchFeed
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import StateCursor, StateDocument
from tests.unit.catalog.conftest import LAG, Store

ALL = Search(words=None, limit=10_000)


async def skus(feed: SearchFeed) -> list[str]:
    """What a search finds now."""
    index = await feed.current()
    return [find.entry.sku for find in await index.search(ALL)]


class Hidden:
    """A store of states in which one is not visible yet, although later ones are."""

    def __init__(self, store: Store, stream: str) -> None:
        self._states = store.events
        self.hidden: str | None = stream
        self.read = 0

    async def changed(self, category: str, *, after: StateCursor | None, limit: int) -> list[StateDocument]:
        page = await self._states.changed(category, after=after, limit=limit)
        self.read += len(page)
        return [document for document in page if document.stream != self.hidden]

    async def now(self) -> datetime:
        return await self._states.now()


async def test_an_index_begins_with_what_there_is(store: Store) -> None:
    """Without a base, it reads every product's state, page by page."""
    await store.listed(*(f"p{n}" for n in range(5)))

    assert len(await skus(store.new_feed())) == 5


async def test_pages_are_read_to_the_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    monkeypatch.setattr(search_feed, "PAGE", 2)
    await store.listed(*(f"p{n}" for n in range(5)))

    assert len(await skus(store.new_feed())) == 5


async def test_an_index_begins_with_the_base(store: Store) -> None:
    """Only what changed since it was written is read again."""
    await store.listed("old")
    store.clock.advance(hours=1)
    feed = store.new_feed()
    watermark = await feed.catch_up()
    await feed.base.save(Base(await feed.index.entries(), watermark), store.clock())
    await store.listed("new")

    later = store.new_feed()
    later.states = counting = Hidden(store, "")  # type: ignore[assignment] # as much of the port as is asked for

    assert (await skus(later), counting.read) == (["new", "old"], 1)


async def test_searches_poll_twice_a_second_at_most(store: Store) -> None:
    """Those in between are answered from memory."""
    feed = store.new_feed()
    await skus(feed)
    await store.listed("p")
    before = store.counts.rpcs["RunQuery"]

    early = await skus(feed)
    store.clock.advance(seconds=0.5)
    late = await skus(feed)

    assert (early, late, store.counts.rpcs["RunQuery"] - before) == ([], ["p"], 1)


async def test_what_was_seen_is_not_read_again_at_each_poll(store: Store) -> None:
    """The feed goes on from the last state seen."""
    await store.listed(*(f"p{n}" for n in range(5)))
    feed = store.new_feed()
    feed.states = counting = Hidden(store, "")  # type: ignore[assignment] # as much of the port as is asked for
    await skus(feed)
    before = counting.read

    store.clock.advance(seconds=1)
    await skus(feed)

    assert counting.read == before


async def test_a_state_that_becomes_visible_late_is_found(store: Store) -> None:
    """Recording time is not the order of commits: a safety lag is read again."""
    await store.listed("late", "early")
    feed = store.new_feed()
    feed.states = hiding = Hidden(store, "product-late")  # type: ignore[assignment] # as much of the port as is asked for
    before = await skus(feed)

    hiding.hidden = None
    store.clock.advance(seconds=1)
    between = await skus(feed)
    store.clock.advance(seconds=5)

    assert (before, between, await skus(feed)) == (["early"], ["early"], ["early", "late"])


@pytest.mark.parametrize("wrong", [-60, 0, 60])
async def test_a_state_that_becomes_visible_late_is_found_by_any_clock(store: Store, wrong: int) -> None:
    """How far the index is complete is a time of the store's: that of the instance may be fast or slow."""
    await store.listed("late", "early")
    feed = store.new_feed(lambda: store.clock() + timedelta(seconds=wrong))
    feed.states = hiding = Hidden(store, "product-late")  # type: ignore[assignment] # as much of the port as is asked for
    await skus(feed)

    hiding.hidden = None
    store.clock.advance(seconds=6)

    assert await skus(feed) == ["early", "late"]


async def test_a_base_of_a_wrong_clock_lacks_nothing(store: Store) -> None:
    """What becomes visible after it was written is found by whoever begins with it."""
    await store.listed("late", "early")
    feed = store.new_feed(lambda: store.clock() + timedelta(seconds=60))
    feed.states = Hidden(store, "product-late")  # type: ignore[assignment] # as much of the port as is asked for
    watermark = await feed.catch_up()
    await feed.base.save(Base(await feed.index.entries(), watermark), store.clock())

    assert await skus(store.new_feed()) == ["early", "late"]


async def test_a_poll_behind_a_base_reads_no_product_again(store: Store) -> None:
    """Also where nothing has changed since the base was written."""
    await store.listed("old")
    store.clock.advance(hours=1)
    feed = store.new_feed()
    await feed.base.save(Base(await feed.index.entries(), await feed.catch_up()), store.clock())
    later = store.new_feed()
    later.states = counting = Hidden(store, "")  # type: ignore[assignment] # as much of the port as is asked for
    await skus(later)

    store.clock.advance(seconds=1)
    await skus(later)

    assert counting.read == 0


async def test_a_state_that_cannot_be_read_holds_up_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other products are found."""
    await store.listed("good", "bad")
    changed = store.events.changed

    async def spoilt(*args: Any, **more: Any) -> list[StateDocument]:
        page = await changed(*args, **more)
        bad = {"product-bad": b"{}"}
        return [
            StateDocument(each.stream, each.version, each.recorded_at, bad.get(each.stream, each.body)) for each in page
        ]

    monkeypatch.setattr(store.events, "changed", spoilt)

    assert await skus(store.new_feed()) == ["good"]


async def test_an_index_outlives_its_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store is down, searches are answered with what the index has."""
    await store.listed("p")
    feed = store.new_feed()
    await skus(feed)
    monkeypatch.setattr(store.events, "changed", _down)
    store.clock.advance(seconds=1)

    assert await skus(feed) == ["p"]


async def test_a_slow_store_does_not_hold_up_a_search(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that is there waits for news only for a moment, and takes them in when they come."""
    monkeypatch.setattr(search_feed, "WARM_PATIENCE", 0.001)
    feed = store.new_feed()
    await skus(feed)
    await store.listed("p")
    gate, changed = asyncio.Event(), store.events.changed

    async def slow(*args: Any, **more: Any) -> object:
        await gate.wait()
        return await changed(*args, **more)

    monkeypatch.setattr(store.events, "changed", slow)
    store.clock.advance(seconds=1)
    meanwhile = await skus(feed)
    gate.set()
    monkeypatch.setattr(search_feed, "WARM_PATIENCE", 10)

    assert (meanwhile, await skus(feed)) == ([], ["p"])


async def test_a_cold_instance_waits_within_bounds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that the index is not ready for is told to come again, and finds it then."""
    await store.listed("p")
    monkeypatch.setattr(search_feed, "COLD_PATIENCE", 0)
    feed = store.new_feed()
    with pytest.raises(UnavailableError):
        await feed.current()
    monkeypatch.setattr(search_feed, "COLD_PATIENCE", 10)

    assert await skus(feed) == ["p"]


async def test_searches_share_one_pass(store: Store) -> None:
    """Many at once make one index, not many."""
    await store.listed("p")
    feed = store.new_feed()
    before = store.counts.rpcs.get("RunQuery", 0)

    found = await asyncio.gather(*(skus(feed) for _ in range(10)))

    assert (found, store.counts.rpcs["RunQuery"] - before) == ([["p"]] * 10, 1)


async def test_a_pass_tells_how_far_it_is_complete(store: Store) -> None:
    """To the safety lag before its start."""
    assert await store.new_feed().catch_up() == store.clock() - LAG
    assert timedelta(seconds=10) == LAG


async def _down(*_: object, **__: object) -> None:
    raise UnavailableError("the store is down")
