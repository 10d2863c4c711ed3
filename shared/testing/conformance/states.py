"""The port `StateStore`, and what appends do to it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.eventsourcing.errors import ConcurrencyError
from shared.eventsourcing.event_store import (
    Appended,
    EventStore,
    NewCommit,
    OperationCounts,
    Position,
    StateCursor,
    StateDocument,
)
from shared.testing.conformance.samples import answer, new_commit

STREAM = "product-1"


def kept(position: Position, state: bytes = b'{"n":1}', *, command_id: str = "c-1") -> NewCommit:
    """A commit that keeps this state."""
    return new_commit(position, command_id=command_id, state=state, expires_after=timedelta(days=30))


async def keep(store: EventStore, *positions: Position, state: bytes = b'{"n":1}') -> Sequence[Position]:
    """One append; where the streams end then."""
    result = await store.append([kept(position, state) for position in positions])
    assert isinstance(result, Appended)
    return result.positions


async def begin(store: EventStore, *streams: str) -> list[Position]:
    """The first commits of these streams, one append each."""
    return [position for stream in streams for position in await keep(store, Position(stream, 0))]


async def changes(store: EventStore, after: StateCursor | None = None, limit: int = 100) -> list[str]:
    return [state.stream for state in await store.changed("product", after=after, limit=limit)]


def place(state: StateDocument) -> StateCursor:
    return StateCursor(state.recorded_at, state.stream)


class StateConformance:
    """Fixtures to provide: `store` (an EventStore), `counts` (the store's own)."""

    async def test_a_stream_without_a_state_has_none(self, store: EventStore) -> None:
        """None, and no error; also where there are commits."""
        await store.append([new_commit(Position(STREAM, 0))])

        assert await store.get(STREAM) is None

    async def test_the_stores_time_is_that_of_its_records(self, store: EventStore) -> None:
        """It lies between what was recorded before and what is recorded after, to the millisecond."""
        before = await store.append([kept(Position(STREAM, 0))])
        now = await store.now()
        after = await store.append([kept(Position("product-2", 0))])

        assert isinstance(before, Appended)
        assert isinstance(after, Appended)
        assert before.recorded_at <= now <= after.recorded_at + timedelta(milliseconds=1)

    async def test_a_state_is_read_back_as_it_was_kept(self, store: EventStore) -> None:
        """With the version and the time of its commit."""
        result = await store.append([kept(Position(STREAM, 0), b'{"\xc3\xa4":1}')])

        assert isinstance(result, Appended)
        assert await store.get(STREAM) == StateDocument(STREAM, 1, result.recorded_at, b'{"\xc3\xa4":1}')

    async def test_the_next_commit_replaces_the_state(self, store: EventStore) -> None:
        """There is one state of a stream, the newest."""
        (first,) = await keep(store, Position(STREAM, 0))

        await keep(store, first, state=b"second")

        state = await store.get(STREAM)
        assert state is not None
        assert (state.version, state.body) == (2, b"second")

    async def test_a_state_has_the_position_for_the_next_append(self, store: EventStore) -> None:
        """Whoever reads a state can go on from there."""
        await keep(store, Position(STREAM, 0))
        state = await store.get(STREAM)
        assert state is not None

        assert await keep(store, state.position) == (Position(STREAM, 2),)

    async def test_the_commit_is_in_the_log_as_well(self, store: EventStore) -> None:
        """What was decided can be published, whatever happens to the state."""
        await keep(store, Position(STREAM, 0))

        assert (await store.load(STREAM)).position == Position(STREAM, 1)

    async def test_a_stale_position_leaves_the_state_alone(self, store: EventStore) -> None:
        """State and commit are written together or not at all."""
        (first,) = await keep(store, Position(STREAM, 0))
        await keep(store, first, state=b"second")

        for position in (Position(STREAM, 0), first):
            with pytest.raises(ConcurrencyError):
                await store.append([kept(position, b"late", command_id="c-2")])

        state = await store.get(STREAM)
        assert state is not None
        assert state.body == b"second"

    async def test_one_of_many_concurrent_writers_keeps_its_state(self, store: EventStore) -> None:
        """Of 16 appends at the same position one succeeds, and the state is its own."""
        (position,) = await keep(store, Position(STREAM, 0))
        ids = [f"c-{n}" for n in range(2, 18)]

        tries = (store.append([kept(position, i.encode(), command_id=i)]) for i in ids)
        results = await asyncio.gather(*tries, return_exceptions=True)

        (won,) = [i for i, result in zip(ids, results, strict=True) if isinstance(result, Appended)]
        state = await store.get(STREAM)
        assert state is not None
        assert (state.version, state.body) == (2, won.encode())

    async def test_the_same_append_again_is_a_success(self, store: EventStore) -> None:
        """A lost acknowledgement is recognised here as well, and the next append goes on from it."""
        await keep(store, Position(STREAM, 0))

        (again,) = await keep(store, Position(STREAM, 0))

        assert await keep(store, again) == (Position(STREAM, 2),)

    async def test_several_states_are_read_together(self, store: EventStore, counts: OperationCounts) -> None:
        """Those that exist, in one request."""
        await begin(store, "product-1", "product-a/b")
        counts.rpcs.clear()

        found = await store.get_many(["product-1", "product-2", "product-a/b", "product-1"])

        assert {stream: state.stream for stream, state in found.items()} == {
            "product-1": "product-1",
            "product-a/b": "product-a/b",
        }
        assert counts.rpcs == {"BatchGetDocuments": 1}

    async def test_nothing_is_read_for_no_streams(self, store: EventStore, counts: OperationCounts) -> None:
        """No request either."""
        assert await store.get_many([]) == {}
        assert counts.rpcs == {}

    async def test_changes_come_in_the_order_of_time(self, store: EventStore) -> None:
        """Each state where it changed last; those of one append by name."""
        first, _ = await begin(store, "product-9", "product-5")
        await keep(store, Position("product-3", 0), Position("product-2", 0))
        await keep(store, first)

        assert await changes(store) == ["product-5", "product-2", "product-3", "product-9"]

    async def test_changes_are_of_one_category(self, store: EventStore) -> None:
        """A category whose name begins like another's is another one."""
        await begin(store, "product-1", "products-1", "import-1")

        assert await changes(store) == ["product-1"]

    async def test_changes_go_on_after_a_cursor(self, store: EventStore) -> None:
        """Page after page, from every place, without a gap and without a repetition."""
        await keep(store, *(Position(f"product-{n}", 0) for n in range(4)))
        await begin(store, "product-4", "product-5")
        everything = await store.changed("product", after=None, limit=100)

        assert len(everything) == 6
        for index, state in enumerate(everything):
            assert await store.changed("product", after=place(state), limit=2) == everything[index + 1 : index + 3]

    async def test_a_time_is_a_cursor_among_changes(self, store: EventStore) -> None:
        """Everything that was recorded at that moment or later comes after it."""
        await begin(store, "product-1", "product-2", "product-3")
        everything = await store.changed("product", after=None, limit=100)
        moment = everything[1].recorded_at

        found = await store.changed("product", after=StateCursor(moment), limit=100)

        assert found == [state for state in everything if state.recorded_at >= moment]

    async def test_changes_end(self, store: EventStore) -> None:
        """Nothing comes after the last one."""
        await begin(store, "product-1")
        (last,) = await store.changed("product", after=None, limit=1)

        assert await changes(store, place(last)) == []

    async def test_a_state_costs_one_more_write(self, store: EventStore, counts: OperationCounts) -> None:
        """Commit, outbox row, state and answer: one request, four documents written, none read."""
        await store.append([kept(Position(STREAM, 0))], answer=answer())

        assert counts == OperationCounts(rpcs={"Commit": 1}, documents_written=4)

    async def test_states_are_counted_as_they_are_billed(self, store: EventStore, counts: OperationCounts) -> None:
        """A read each, an absent one and an empty answer as well."""
        await begin(store, "product-1", "product-2")
        counts.documents_read = 0

        await store.get_many(["product-1", "product-3"])
        await changes(store)
        await store.changed("import", after=None, limit=10)

        assert counts.documents_read == 2 + 2 + 1
