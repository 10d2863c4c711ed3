"""Facts about what was packed: its place in the feed, trouble with it, and whatever else a stream goes through."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.eventsourcing.errors import CorruptCommitError, CorruptDataError
from shared.eventsourcing.event_store import Fed, FeedCursor, OperationCounts, Position
from shared.eventsourcing.message import Commit
from shared.testing.conformance.packing import STREAM, Spoil, feed, reads_as, written
from shared.testing.conformance.samples import CATEGORY, FAR_FUTURE, Log, collected, streams_of, write

BOTH_STORES = HealthCheck.differing_executors
ONE_STORE = HealthCheck.function_scoped_fixture
"""All examples may share a store: each has a stream of its own."""
_NUMBERS = count(1)


def place(commit: Commit) -> FeedCursor:
    return FeedCursor(commit.recorded_at, commit.stream, commit.version)


async def fed(store: Log, after: FeedCursor | None = None) -> list[Fed]:
    return await collected(store.feed(CATEGORY, after=after, until=FAR_FUTURE))


def ids(found: Sequence[Fed]) -> list[tuple[str, int]]:
    return [(each.found.stream, each.found.version) for each in found]


def corrupt(found: Sequence[Fed]) -> list[tuple[str, int]]:
    return ids([each for each in found if isinstance(each.found, CorruptCommitError)])


class PackedFeedConformance:
    """Fixtures as for `PackingConformance`."""

    async def test_a_feed_has_a_pack_at_the_place_of_its_last_commit(self, store: Log) -> None:
        """All of its commits, in the order of their versions, with the times that they had."""
        first, second = streams_of(CATEGORY, 2)
        for stream in (first, second, first, second):
            await write(store, stream, 1)
        commits = await feed(store)

        await store.pack(first, up_to=2)

        order = [(second, 1), (first, 1), (first, 2), (second, 2)]
        found = await feed(store)
        assert [(commit.stream, commit.version) for commit in found] == order
        assert sorted(found, key=place) == commits

    async def test_a_walk_misses_nothing_wherever_it_was(self, store: Log) -> None:
        """From each place that a walk may have come to before, all follows that it has not seen."""
        streams = streams_of(CATEGORY, 2)
        for stream in streams * 3:
            await write(store, stream, 1)
        commits = await feed(store)
        for stream in streams:
            await store.pack(stream, up_to=3)

        for seen, commit in enumerate(commits, 1):
            found = {(c.stream, c.version) for c in await feed(store, place(commit))}
            assert found >= {(c.stream, c.version) for c in commits[seen:]}

    async def test_a_walk_that_stops_goes_on_at_the_place_it_was_told(self, store: Log) -> None:
        """In front of a pack, inside or behind it: nothing is missed, and only what it had of that pack comes again."""
        streams = streams_of(CATEGORY, 3)
        for stream in streams * 3:
            await write(store, stream, 1)
        for stream in streams[:2]:
            await store.pack(stream, up_to=3)
        everything = await fed(store)

        for seen, each in enumerate(everything, 1):
            rest, again = ids(everything[seen:]), ids(await fed(store, each.place))
            repeated = again[: len(again) - len(rest)]
            assert again == repeated + rest
            assert {stream for stream, _ in repeated} <= {each.found.stream}
        assert await fed(store, everything[-1].place) == []

    async def test_a_pack_is_passed_with_its_last_commit(self, store: Log) -> None:
        """The others have the place from before it; if it is the first thing there is, one before that."""
        for stream in (*(f"{CATEGORY}-1",) * 3, *(f"{CATEGORY}-2",) * 3):
            await write(store, stream, 1)
        commits = await feed(store)
        for stream in ("cart-1", "cart-2"):
            await store.pack(stream, up_to=3)

        found = await fed(store)

        assert [each.place for each in found[2:]] == [*[place(commits[2])] * 3, place(commits[5])]
        assert ids(await fed(store, found[0].place)) == ids(found)

    async def test_an_unreadable_pack_is_corrupt_data(self, store: Log, spoil_pack: Spoil) -> None:
        """Whichever way it is read; what lies behind it can be read all the same."""
        commits = await written(store)
        await store.pack(STREAM, up_to=5)
        await spoil_pack(STREAM, 5)

        with pytest.raises(CorruptCommitError) as error:
            await store.load(STREAM)
        assert (error.value.stream, error.value.version) == (STREAM, 5)
        for attempt in (store.tail(Position(STREAM, 2)), collected(store.read(STREAM, up_to=2))):
            with pytest.raises(CorruptCommitError):
                await attempt
        assert await collected(store.read(STREAM, after=5)) == [commits[5]]

    async def test_an_unreadable_pack_comes_as_an_error(self, store: Log, spoil_pack: Spoil) -> None:
        """Once, in its place, whatever its names are; the feed goes on behind it."""
        for stream in ("cart-auth0|b", "cart-auth0|b", "cart-auth05", "cart-auth05", "cart-z"):
            await write(store, stream, 1)
        commits = await feed(store)
        for stream in ("cart-auth0|b", "cart-auth05"):
            await store.pack(stream, up_to=2)
            await spoil_pack(stream, 2)

        found = await fed(store)

        assert ids(found) == [("cart-auth0|b", 2), ("cart-auth05", 2), ("cart-z", 1)]
        assert corrupt(found) == ids(found)[:2]
        assert [each.place for each in found] == [place(commits[index]) for index in (1, 3, 4)]

    async def test_an_unreadable_commit_hides_no_other_of_its_pack(self, store: Log, spoil_packed: Spoil) -> None:
        """Only what went bad inside a pack after it was made: the feed has an error for it, and all the others."""
        await written(store)
        await store.pack(STREAM, up_to=5)
        everything = await fed(store)
        for version in (2, 3):
            await spoil_packed(STREAM, version)

        found = await fed(store)

        assert ids(found) == ids(everything)
        assert [each.place for each in found] == [each.place for each in everything]
        assert corrupt(found) == [(STREAM, 2), (STREAM, 3)]

    async def test_an_unreadable_commit_is_not_packed(self, store: Log, spoil: Spoil, counts: OperationCounts) -> None:
        """It is for people to look at, as it lies there."""
        await written(store)
        await spoil(STREAM, 4)
        before = counts.documents_written

        with pytest.raises(CorruptDataError):
            await store.pack(STREAM, up_to=6)

        assert counts.documents_written == before

    async def test_reads_are_counted_as_they_are_billed(self, store: Log, counts: OperationCounts) -> None:
        """A range costs what it did; one that ends inside a pack costs one document more; a feed costs one for all."""
        await written(store)
        await store.pack(STREAM, up_to=5)
        counts.rpcs.clear()
        counts.documents_read = 0

        await store.load(STREAM)
        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 1}, 6)
        await collected(store.read(STREAM, after=1, up_to=3))
        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 2, "BatchGetDocuments": 1}, 9)
        await feed(store)
        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 3, "BatchGetDocuments": 1}, 11)


@dataclass(frozen=True)
class History:
    """What happens to a stream: so many commits are appended (above 0), or all is packed up to a version (below 0); and
    what is read of it then, as `after` and `up_to`.
    """

    steps: Sequence[int]
    reads: Sequence[tuple[int, int]]


histories = st.builds(
    History,
    steps=st.lists(st.integers(-12, 4).filter(bool), min_size=1, max_size=7),
    reads=st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), min_size=1, max_size=6),
)


class PackingProperties:
    """Fixtures as for `PackingConformance`."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[ONE_STORE, BOTH_STORES])
    @given(history=histories)
    async def test_a_packed_stream_reads_like_an_unpacked_one(self, store: Log, history: History) -> None:
        """Whatever is appended and packed in whatever order, every read gives what was appended."""
        stream, commits = f"cart-{next(_NUMBERS)}", list[Commit]()
        for step in history.steps:
            if step > 0:
                await write(store, stream, step)
                commits += await collected(store.read(stream, after=len(commits)))
            else:
                await store.pack(stream, up_to=-step)

        for after, up_to in history.reads:
            found = await collected(store.read(stream, after=after, up_to=up_to))
            assert found == [commit for commit in commits if after < commit.version <= up_to]
            if after <= len(commits):
                assert list((await store.tail(Position(stream, after))).commits) == commits[after:]
        await reads_as(store, stream, commits)
