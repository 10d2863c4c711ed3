"""Facts about `EventStore.feed`."""

from collections.abc import Awaitable, Callable

import pytest

from shared.eventsourcing.checkpoint import at_time
from shared.eventsourcing.errors import CorruptCommitError
from shared.eventsourcing.event_store import Fed, FeedCursor, OperationCounts, Position
from shared.testing.conformance.samples import (
    CATEGORY,
    FAR_FUTURE,
    Log,
    collected,
    new_commit,
    one_in_each_shard,
    streams_of,
    write,
)

Spoil = Callable[[str, int], Awaitable[None]]
OTHER_CATEGORY = "cart_b"
"""Its name begins with the name of the one that is asked for."""


ODD = [f"{CATEGORY}-{name}" for name in ("auth0|b", "auth05", "a/b", "Ü", "~", "_x", "a b", "%7C", "auth0}", ".")]
"""Names that a store may keep, and so order, in another form."""


async def feed(store: Log, after: FeedCursor | None = None) -> list[Fed]:
    return await collected(store.feed(CATEGORY, after=after, until=FAR_FUTURE))


async def places(store: Log, after: FeedCursor | None = None) -> list[FeedCursor]:
    return [fed.place for fed in await feed(store, after)]


class FeedConformance:
    """Fixtures to provide: `store`, `counts` (the store's own), `spoil` (makes a stored commit unreadable)."""

    async def test_an_empty_feed_is_empty(self, store: Log) -> None:
        """No commits, no error."""
        assert await places(store) == []

    async def test_a_feed_has_all_commits_of_its_category_in_order(self, store: Log) -> None:
        """By time, then stream, then version, whatever their shards; also where many commits share a millisecond."""
        streams = one_in_each_shard(CATEGORY)
        for stream in streams:
            await write(store, stream, 2)
        await store.append([new_commit(Position(stream, 2)) for stream in reversed(streams)])

        found = await places(store)

        assert found == sorted(found)
        assert {(p.stream, p.version) for p in found} == {(s, v) for s in streams for v in (1, 2, 3)}

    async def test_a_feed_has_the_commits_as_they_are_loaded(self, store: Log) -> None:
        """Nothing of a commit is left out on this way."""
        (stream,) = streams_of(CATEGORY, 1)
        await write(store, stream, 2)

        found = await feed(store)
        assert [fed.commit for fed in found] == list((await store.load(stream)).commits)
        assert [fed.place for fed in found] == [
            FeedCursor(fed.commit.recorded_at, stream, fed.commit.version) for fed in found
        ]

    async def test_other_categories_are_not_in_it(self, store: Log) -> None:
        """A stream is in the feed of its own category only."""
        (stream,) = streams_of(CATEGORY, 1)
        (other,) = streams_of(OTHER_CATEGORY, 1)
        await write(store, stream)
        await write(store, other)

        assert [p.stream for p in await places(store)] == [stream]

    async def test_a_cursor_goes_on_where_it_was(self, store: Log) -> None:
        """From every place in the feed the rest of all shards follows, without a gap and without a repetition."""
        first, *others = one_in_each_shard(CATEGORY)
        await write(store, first, 3)
        await store.append([new_commit(Position(stream, 0)) for stream in others])
        everything = await places(store)

        for index, cursor in enumerate(everything):
            assert await places(store, cursor) == everything[index + 1 :]

    async def test_a_cursor_goes_on_whatever_the_names_are(self, store: Log) -> None:
        """Recorded at the same time, in whichever order the store has them."""
        await store.append([new_commit(Position(stream, 0)) for stream in ODD])
        everything = await places(store)

        assert sorted(place.stream for place in everything) == sorted(ODD)
        for index, cursor in enumerate(everything):
            assert await places(store, cursor) == everything[index + 1 :]

    async def test_a_time_is_a_cursor(self, store: Log) -> None:
        """The place just before a moment has everything recorded at that moment behind it."""
        (stream,) = streams_of(CATEGORY, 1)
        written = await write(store, stream, 4)
        moment = written[2].recorded_at

        found = await places(store, at_time(moment))

        assert found == [p for p in await places(store) if p.recorded_at >= moment]
        assert found[-1].version == 4

    async def test_a_feed_ends_before_its_until(self, store: Log) -> None:
        """What was recorded at `until` or later is left for the next time."""
        (stream,) = streams_of(CATEGORY, 1)
        written = await write(store, stream, 4)
        until = written[-1].recorded_at

        found = [fed.place async for fed in store.feed(CATEGORY, until=until)]

        assert found == [p for p in await places(store) if p.recorded_at < until]

    async def test_a_cursor_behind_the_until_finds_nothing(self, store: Log) -> None:
        """A reader that is further than the safety lag allows just waits."""
        (stream,) = streams_of(CATEGORY, 1)
        (written,) = await write(store, stream)

        found = store.feed(CATEGORY, after=FeedCursor(FAR_FUTURE, stream, 1), until=written.recorded_at)

        assert await collected(found) == []

    async def test_a_reader_may_stop_anywhere(self, store: Log) -> None:
        """Leaving a feed early does no harm to the store."""
        (stream,) = streams_of(CATEGORY, 1)
        await write(store, stream, 3)

        async for fed in store.feed(CATEGORY, until=FAR_FUTURE):
            assert fed.commit.version == 1
            break

        assert len(await places(store)) == 3

    async def test_a_long_feed_is_read_to_its_end(self, store: Log) -> None:
        """Reading goes on over as many batches as it takes."""
        streams = streams_of(CATEGORY, 150)
        for start in range(0, 150, 50):
            await store.append([new_commit(Position(s, 0)) for s in streams[start : start + 50]])

        assert [p.stream for p in await places(store)] == streams

    async def test_unreadable_commits_come_as_errors(self, store: Log, spoil: Spoil) -> None:
        """Several in a row, of any names, at the same time: each in its place, with what it is, and all others come."""
        await store.append([new_commit(Position(stream, 0)) for stream in ODD])
        everything, spoilt = await places(store), {"cart-auth0|b", "cart-auth05", "cart-auth0}", "cart-~"}
        for stream in spoilt:
            await spoil(stream, 1)

        found = await feed(store)

        assert [fed.place for fed in found] == everything
        assert {fed.found.stream for fed in found if isinstance(fed.found, CorruptCommitError)} == spoilt
        assert all(
            (fed.found.stream, fed.found.recorded_at) == (fed.place.stream, fed.place.recorded_at) for fed in found
        )

    async def test_who_needs_all_commits_gets_the_error(self, store: Log, spoil: Spoil) -> None:
        """That one of them cannot be read."""
        await write(store, f"{CATEGORY}-1")
        await spoil(f"{CATEGORY}-1", 1)

        (fed,) = await feed(store)

        with pytest.raises(CorruptCommitError, match="cart-1@1"):
            _ = fed.commit

    async def test_a_feed_is_counted_as_it_is_billed(self, store: Log, counts: OperationCounts) -> None:
        """One query, a read per commit, and one for an empty answer."""
        (stream,) = streams_of(CATEGORY, 1)
        await write(store, stream, 3)
        counts.rpcs.clear()
        counts.documents_read = 0

        end = (await places(store))[-1]
        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 1}, 3)
        await places(store, end)
        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 2}, 4)
