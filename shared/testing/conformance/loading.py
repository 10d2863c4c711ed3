"""Facts about `EventStore.load`, `tail` and `read`."""

from collections.abc import Awaitable, Callable

import pytest

from shared.adapters.paging import FIRST_PAGE
from shared.eventsourcing.errors import CorruptCommitError
from shared.eventsourcing.event_store import LoadedStream, OperationCounts, Position, Snapshot
from shared.testing.conformance.samples import Log, collected, new_commit, write

Spoil = Callable[[str, int], Awaitable[None]]
SHAPE = "shape-1"


async def snapshot_at(store: Log, stream: str, version: int, *, shape: str = SHAPE) -> Snapshot:
    """The next commit of the stream, which is of this version, with a snapshot."""
    snapshot = Snapshot(version, shape, b'{"n":%d}' % version)
    commit = new_commit(Position(stream, version - 1), snapshot=snapshot)
    await store.append([commit])
    return snapshot


def versions(loaded: LoadedStream) -> list[int]:
    return [commit.version for commit in loaded.commits]


class LoadConformance:
    """Fixtures to provide: `store`, `counts` (the store's own), `spoil` (makes a stored commit unreadable)."""

    async def test_a_stream_that_does_not_exist_is_at_version_0(self, store: Log) -> None:
        """Nobody creates a stream: it begins with its first commit."""
        assert await store.load("cart-1") == LoadedStream(Position("cart-1", 0), None, [])

    async def test_an_absent_stream_has_no_snapshot_either(self, store: Log) -> None:
        """Asking for a snapshot makes no difference to a stream that does not exist."""
        assert await store.load("cart-1", schema=SHAPE) == LoadedStream(Position("cart-1", 0), None, [])

    @pytest.mark.parametrize("length", [1, FIRST_PAGE - 1, FIRST_PAGE, FIRST_PAGE + 1, 2 * FIRST_PAGE + 3])
    async def test_a_stream_is_loaded_whole_and_in_order(self, store: Log, length: int) -> None:
        """However long a stream is, with or without the search for a snapshot, no commit is missed."""
        await write(store, "cart-1", length)

        for schema in (None, SHAPE):
            loaded = await store.load("cart-1", schema=schema)
            assert loaded.position == Position("cart-1", length)
            assert versions(loaded) == list(range(1, length + 1))

    async def test_streams_do_not_mix(self, store: Log) -> None:
        """A stream whose name begins like another's is another stream."""
        await write(store, "cart-1", 1)
        await write(store, "cart-10", 2)

        assert (await store.load("cart-1")).position.version == 1

    async def test_any_text_is_a_stream_id(self, store: Log) -> None:
        """Ids come from clients: slashes and percent signs cannot reach another document."""
        for stream in ("cart-a/b", "cart-a%2Fb", "cart-ä €", "cart-.", "cart-"):
            await write(store, stream, 1)

            loaded = await store.load(stream)
            assert [commit.stream for commit in loaded.commits] == [stream]

    @pytest.mark.parametrize("at", [2, FIRST_PAGE, FIRST_PAGE + 5, 64, 65, 330])
    async def test_the_newest_snapshot_saves_the_commits_before_it(self, store: Log, at: int) -> None:
        """With a snapshot of the wanted shape only what came after it is loaded."""
        await write(store, "cart-1", at - 1)
        snapshot = await snapshot_at(store, "cart-1", at)
        await write(store, "cart-1", 2)

        loaded = await store.load("cart-1", schema=SHAPE)

        assert loaded.snapshot == snapshot
        assert versions(loaded) == [at + 1, at + 2]
        assert loaded.position == Position("cart-1", at + 2)

    async def test_a_snapshot_can_be_the_end_of_the_stream(self, store: Log) -> None:
        """It was written with the commit of its version: nothing needs to follow."""
        await write(store, "cart-1", 1)
        snapshot = await snapshot_at(store, "cart-1", 2)

        assert await store.load("cart-1", schema=SHAPE) == LoadedStream(Position("cart-1", 2), snapshot, [])

    async def test_the_newest_of_several_snapshots_is_taken(self, store: Log) -> None:
        """Snapshots are never deleted; the newest one counts, also where its version has more digits."""
        for version in range(1, 11):
            newest = await snapshot_at(store, "cart-1", version)

        assert (await store.load("cart-1", schema=SHAPE)).snapshot == newest

    async def test_a_snapshot_of_another_shape_is_a_miss(self, store: Log) -> None:
        """A state of another shape is never a wrong state: all commits are loaded instead."""
        await snapshot_at(store, "cart-1", 1, shape="shape-0")
        await write(store, "cart-1", 1)

        loaded = await store.load("cart-1", schema=SHAPE)

        assert loaded.snapshot is None
        assert versions(loaded) == [1, 2]

    async def test_without_a_shape_snapshots_are_left_alone(self, store: Log) -> None:
        """The whole stream, though there is a snapshot."""
        await snapshot_at(store, "cart-1", 1)

        loaded = await store.load("cart-1")

        assert loaded.snapshot is None
        assert versions(loaded) == [1]

    async def test_the_tail_is_what_came_after_a_position(self, store: Log) -> None:
        """A warm instance reads the commits that it has not seen, and no other."""
        await write(store, "cart-1", 3)

        loaded = await store.tail(Position("cart-1", 1))

        assert versions(loaded) == [2, 3]
        assert loaded.position == Position("cart-1", 3)

    async def test_the_tail_of_the_end_is_empty(self, store: Log) -> None:
        """The position stays where it is."""
        await write(store, "cart-1", 2)

        assert await store.tail(Position("cart-1", 2)) == LoadedStream(Position("cart-1", 2), None, [])

    async def test_a_part_of_a_stream_is_read_in_order(self, store: Log) -> None:
        """`after` is excluded, `up_to` is included, both may lie beyond the end."""
        await write(store, "cart-1", 5)

        assert [c.version for c in await collected(store.read("cart-1"))] == [1, 2, 3, 4, 5]
        assert [c.version for c in await collected(store.read("cart-1", after=1, up_to=3))] == [2, 3]
        assert [c.version for c in await collected(store.read("cart-1", after=3, up_to=99))] == [4, 5]
        assert await collected(store.read("cart-1", after=5)) == []
        assert await collected(store.read("cart-2")) == []

    @pytest.mark.parametrize(
        ("after", "up_to"),
        [(3, 3), (3, 2), (3, 0), (9_999_999_998, 9_999_999_999), (9_999_999_998, 10_000_000_199), (10**10, 10**12)],
    )
    async def test_a_part_that_holds_nothing_is_empty(self, store: Log, after: int, up_to: int) -> None:
        """Whatever numbers callers come up with, also where no version can be as high."""
        await write(store, "cart-1", 5)

        assert await collected(store.read("cart-1", after=after, up_to=up_to)) == []

    async def test_a_part_may_end_where_no_version_can(self, store: Log) -> None:
        """Then it ends with the stream."""
        await write(store, "cart-1", 5)

        assert [c.version for c in await collected(store.read("cart-1", after=3, up_to=10**12))] == [4, 5]

    async def test_a_long_stream_is_read_to_its_end(self, store: Log) -> None:
        """Reading goes on over as many batches as it takes."""
        await write(store, "cart-1", 70)

        assert [c.version for c in await collected(store.read("cart-1"))] == list(range(1, 71))

    async def test_an_unreadable_commit_is_corrupt_data(self, store: Log, spoil: Spoil) -> None:
        """A commit that cannot be decoded is an error that names its place, whichever way it is read."""
        await write(store, "cart-1", 3)
        await spoil("cart-1", 2)

        with pytest.raises(CorruptCommitError) as error:
            await store.load("cart-1")
        assert (error.value.stream, error.value.version) == ("cart-1", 2)
        with pytest.raises(CorruptCommitError):
            await store.tail(Position("cart-1", 1))
        with pytest.raises(CorruptCommitError):
            await collected(store.read("cart-1"))

    async def test_what_lies_before_an_unreadable_commit_is_read(self, store: Log, spoil: Spoil) -> None:
        """A reader gets every commit up to the spoilt one before the error."""
        await write(store, "cart-1", 3)
        await spoil("cart-1", 3)

        commits = aiter(store.read("cart-1"))

        assert [(await anext(commits)).version for _ in range(2)] == [1, 2]
        with pytest.raises(CorruptCommitError):
            await anext(commits)

    async def test_loads_are_counted_as_they_are_billed(self, store: Log, counts: OperationCounts) -> None:
        """A query costs a read per document and at least one; a short stream with snapshots costs two queries."""
        await write(store, "cart-1", 3)
        counts.rpcs.clear()
        counts.documents_read = 0

        await store.load("cart-1")
        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 1}, 3)
        await store.tail(Position("cart-1", 3))
        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 2}, 4)
        await store.load("cart-1", schema=SHAPE)
        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 4}, 8)

    async def test_a_long_load_with_a_snapshot_wastes_one_page(self, store: Log, counts: OperationCounts) -> None:
        """Snapshot, first page and tail: three queries, however long the stream is."""
        await write(store, "cart-1", FIRST_PAGE + 4)
        await snapshot_at(store, "cart-1", FIRST_PAGE + 5)
        await write(store, "cart-1", 2)
        counts.rpcs.clear()
        counts.documents_read = 0

        await store.load("cart-1", schema=SHAPE)

        assert (counts.rpcs, counts.documents_read) == ({"RunQuery": 3}, 1 + FIRST_PAGE + 2)
