"""Facts about `Packing.pack`, and about every read of what it packed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from shared.adapters import packs
from shared.adapters.paging import FIRST_PAGE
from shared.eventsourcing.errors import ConcurrencyError
from shared.eventsourcing.event_store import (
    Appended,
    FeedCursor,
    OperationCounts,
    Packed,
    Position,
    Snapshot,
)
from shared.eventsourcing.message import Commit
from shared.testing.conformance.samples import CATEGORY, FAR_FUTURE, Log, collected, new_commit, write

Spoil = Callable[[str, int], Awaitable[None]]
SHAPE = "shape-1"
STREAM = "cart-1"
KEPT = timedelta(days=30)


async def feed(store: Log, after: FeedCursor | None = None) -> list[Commit]:
    return [fed.commit async for fed in store.feed(CATEGORY, after=after, until=FAR_FUTURE)]


async def written(store: Log, stream: str = STREAM, commits: int = 6) -> Sequence[Commit]:
    """So many more; all of the stream, as they were before anything was packed."""
    await write(store, stream, commits)
    return await collected(store.read(stream))


async def reads_as(store: Log, stream: str, commits: Sequence[Commit]) -> None:
    """Every way to read the stream gives these commits."""
    end = Position(stream, len(commits))
    for schema in (None, SHAPE):
        loaded = await store.load(stream, schema=schema)
        assert (loaded.position, list(loaded.commits)) == (end, list(commits))
    assert await collected(store.read(stream)) == list(commits)
    assert [c for c in await feed(store) if c.stream == stream] == list(commits)


class PackingConformance:
    """Fixtures to provide: `store`, `counts` (the store's own), `spoil` (makes a stored commit unreadable),
    `spoil_pack` (makes the pack unreadable that ends with this version), `spoil_packed` (makes this commit unreadable
    inside its pack).
    """

    @pytest.mark.parametrize("up_to", [2, 3, 5, 6, 99])
    async def test_reads_give_what_they_gave(self, store: Log, up_to: int) -> None:
        """Nothing of a commit is lost or changed, whether all of the stream is packed or a part of it."""
        commits = await written(store)

        await store.pack(STREAM, up_to=up_to)

        await reads_as(store, STREAM, commits)

    @pytest.mark.parametrize("length", [FIRST_PAGE - 1, FIRST_PAGE, FIRST_PAGE + 1, 2 * FIRST_PAGE + 3])
    async def test_long_streams_are_loaded_whole(self, store: Log, length: int) -> None:
        """Wherever the first page of a load ends, inside a pack or behind it."""
        commits = await written(store, commits=length)

        await store.pack(STREAM, up_to=length - 1)

        await reads_as(store, STREAM, commits)

    async def test_any_part_is_read(self, store: Log) -> None:
        """`after` and `up_to` may lie inside a pack, both in the same one, or beyond the end."""
        commits = await written(store)
        await store.pack(STREAM, up_to=5)

        for after in range(8):
            for up_to in (None, *range(8)):
                found = await collected(store.read(STREAM, after=after, up_to=up_to))
                end = len(commits) if up_to is None else up_to
                assert found == [commit for commit in commits if after < commit.version <= end]

    async def test_tails_are_what_they_were(self, store: Log) -> None:
        """An instance that remembers a position inside a pack reads on from there."""
        commits = await written(store)
        await store.pack(STREAM, up_to=5)

        for version in range(7):
            tail = await store.tail(Position(STREAM, version))
            assert (tail.position.version, list(tail.commits)) == (6, list(commits[version:]))

    @pytest.mark.parametrize("at", [3, 5, FIRST_PAGE + 1])
    async def test_a_snapshot_inside_a_pack_is_taken(self, store: Log, at: int) -> None:
        """What came after it is read out of the pack."""
        await write(store, STREAM, at - 1)
        snapshot = Snapshot(at, SHAPE, b"{}")
        await store.append([new_commit(Position(STREAM, at - 1), snapshot=snapshot)])
        commits = await written(store, commits=4)
        await store.pack(STREAM, up_to=at + 2)

        loaded = await store.load(STREAM, schema=SHAPE)

        assert (loaded.snapshot, list(loaded.commits)) == (snapshot, list(commits[at:]))

    async def test_a_stream_goes_on_after_it(self, store: Log) -> None:
        """What is appended later is packed later, and what was packed stays as it is."""
        await written(store)
        await store.pack(STREAM, up_to=6)
        commits = await written(store, commits=3)
        await reads_as(store, STREAM, commits)

        packed = await store.pack(STREAM, up_to=9)

        assert (packed.commits, packed.packs) == (3, 1)
        await reads_as(store, STREAM, commits)

    async def test_packing_again_changes_nothing(self, store: Log, counts: OperationCounts) -> None:
        """It may be repeated at any time, and writes nothing then."""
        await written(store)
        await store.pack(STREAM, up_to=6)
        before = counts.documents_written

        assert await store.pack(STREAM, up_to=6) == Packed()
        assert counts.documents_written == before

    @pytest.mark.parametrize(("length", "up_to"), [(0, 5), (1, 1), (3, 0), (3, 1)])
    async def test_fewer_than_two_commits_are_left_as_they_are(self, store: Log, length: int, up_to: int) -> None:
        """Nothing would be gained."""
        commits = await written(store, commits=length)

        assert await store.pack(STREAM, up_to=up_to) == Packed()
        await reads_as(store, STREAM, commits)

    async def test_says_what_it_saved(self, store: Log) -> None:
        """The bytes of the bodies before, and of the pack after."""
        commits = await written(store)

        packed = await store.pack(STREAM, up_to=5)

        assert (packed.commits, packed.packs) == (5, 1)
        assert packed.bytes_before == sum(len(commit.body) for commit in commits[:5])
        assert 0 < packed.bytes_after < packed.bytes_before

    async def test_a_pack_holds_so_many_commits(self, store: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        """A longer stream has several; the last commit, if it would be alone, stays as it is."""
        monkeypatch.setattr(packs, "MAX_PACKED_COMMITS", 3)
        commits = await written(store, commits=7)

        packed = await store.pack(STREAM, up_to=7)

        assert (packed.commits, packed.packs) == (6, 2)
        await reads_as(store, STREAM, commits)
        assert await store.pack(STREAM, up_to=7) == Packed()

    @pytest.mark.parametrize(("limit", "size"), [("MAX_PACK_BYTES", 300), ("MAX_UNPACKED_BYTES", 1000)])
    async def test_a_pack_holds_so_many_bytes(
        self, store: Log, monkeypatch: pytest.MonkeyPatch, limit: str, size: int
    ) -> None:
        """Large commits are packed in smaller groups."""
        monkeypatch.setattr(packs, limit, size)
        commits = await written(store, commits=24)

        packed = await store.pack(STREAM, up_to=24)

        assert packed.packs > 1
        await reads_as(store, STREAM, commits)


class PackedAppendConformance:
    """Fixtures as for `PackingConformance`."""

    async def test_a_packed_place_stays_taken(self, store: Log) -> None:
        """No stale position and no late duplicate can ever create a commit there."""
        commits = await written(store)
        await store.pack(STREAM, up_to=6)

        for version in range(6):
            with pytest.raises(ConcurrencyError):
                await store.append([new_commit(Position(STREAM, version), command_id="late")])

        await reads_as(store, STREAM, commits)

    async def test_the_position_is_good_after_packing(self, store: Log) -> None:
        """Whoever loaded the stream before may append to it."""
        await written(store)
        position = (await store.load(STREAM)).position
        await store.pack(STREAM, up_to=6)

        result = await store.append([new_commit(position)])

        assert isinstance(result, Appended)
        assert (await store.load(STREAM)).position == result.positions[0] == Position(STREAM, 7)

    @pytest.mark.parametrize("version", [1, 2, 3])
    async def test_the_same_append_again_is_a_success(self, store: Log, version: int) -> None:
        """A lost acknowledgement is recognised, though the commit is in a pack since; its time is the one it had."""
        results = [await store.append([new_commit(Position(STREAM, n), command_id=f"c-{n}")]) for n in range(3)]
        await store.pack(STREAM, up_to=3)

        again = new_commit(Position(STREAM, version - 1), command_id=f"c-{version - 1}")

        assert await store.append([again]) == results[version - 1]

    async def test_the_same_append_of_several_streams_again_is_a_success(self, store: Log) -> None:
        """Also where one of them was packed and another one was not."""
        commits = [new_commit(Position(stream, 0)) for stream in ("cart-1", "cart-2")]
        first = await store.append(commits)
        await write(store, "cart-1", 2)
        await store.pack("cart-1", up_to=3)

        assert await store.append(commits) == first

    async def test_packing_at_the_same_time_loses_nothing(self, store: Log) -> None:
        """Of several who pack a stream while it grows, each packs something or gives up."""
        await written(store)

        await asyncio.gather(
            *(store.pack(STREAM, up_to=n) for n in (3, 6, 6)), write(store, STREAM, 2), return_exceptions=True
        )

        assert [c.version for c in await collected(store.read(STREAM))] == list(range(1, 9))

    async def test_a_stream_that_keeps_its_state_is_not_packed(self, store: Log) -> None:
        """Its commits expire: packed, they would stay."""
        position = Position("product-1", 0)
        for _ in range(2):
            result = await store.append([new_commit(position, state=b"{}", expires_after=KEPT)])
            assert isinstance(result, Appended)
            position = result.positions[0]

        with pytest.raises(ValueError, match="product-1"):
            await store.pack("product-1", up_to=2)
