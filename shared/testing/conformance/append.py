"""Facts about `EventStore.append` and the answers that it records."""

import asyncio
from dataclasses import replace

import pytest

from shared.eventsourcing.errors import ConcurrencyError, TooLargeError
from shared.eventsourcing.event_store import Appended, OperationCounts, Position, Replayed, Snapshot
from shared.testing.conformance.samples import CATEGORY, FAR_FUTURE, Log, answer, collected, new_commit, streams_of

WRITERS = 16


class AppendConformance:
    """Fixtures to provide: `store`, `counts` (the store's own)."""

    async def test_a_commit_is_read_back_as_it_was_appended(self, store: Log) -> None:
        """What was appended to a stream is what it loads, with the store's time on it."""
        start = await store.load("cart-1")

        result = await store.append([new_commit(start.position, note="äß€😀")])

        assert isinstance(result, Appended)
        loaded = await store.load("cart-1")
        assert [commit.events[0].data["note"] for commit in loaded.commits] == ["äß€😀"]
        assert loaded.commits[0].recorded_at == result.recorded_at
        assert loaded.position == result.positions[0] == Position("cart-1", 1)

    async def test_the_returned_position_is_good_for_the_next_append(self, store: Log) -> None:
        """An append takes the position that another one returned: no load lies between them."""
        first = await store.append([new_commit(Position("cart-1", 0))])
        assert isinstance(first, Appended)

        second = await store.append([new_commit(first.positions[0])])

        assert isinstance(second, Appended)
        assert second.positions == (Position("cart-1", 2),)
        assert second.recorded_at >= first.recorded_at

    async def test_recorded_at_is_aware_utc(self, store: Log) -> None:
        """The store's time can be compared with any other aware time."""
        result = await store.append([new_commit(Position("cart-1", 0))])

        assert isinstance(result, Appended)
        offset = result.recorded_at.utcoffset()
        assert offset is not None
        assert not offset

    async def test_a_stale_position_is_refused(self, store: Log) -> None:
        """Whoever appends at a position that others have passed gets a ConcurrencyError, and nothing is written."""
        await store.append([new_commit(Position("cart-1", 0))])

        with pytest.raises(ConcurrencyError):
            await store.append([new_commit(Position("cart-1", 0), note="late")])

        assert len((await store.load("cart-1")).commits) == 1

    async def test_one_of_many_concurrent_writers_wins(self, store: Log) -> None:
        """Of 16 appends at the same position one succeeds and 15 get a ConcurrencyError."""
        tries = [store.append([new_commit(Position("cart-1", 0), command_id=f"c-{n}")]) for n in range(WRITERS)]

        results = await asyncio.gather(*tries, return_exceptions=True)

        assert sum(isinstance(result, Appended) for result in results) == 1
        assert sum(isinstance(result, ConcurrencyError) for result in results) == WRITERS - 1

    async def test_concurrent_writers_that_try_again_lose_nothing(self, store: Log) -> None:
        """Sixteen writers that load and try again after a lost race end in sixteen commits without a hole."""

        async def writer(number: int) -> None:
            position = Position("cart-1", 0)
            while True:
                try:
                    await store.append([new_commit(position, command_id=f"c-{number}")])
                except ConcurrencyError:
                    position = (await store.tail(position)).position
                else:
                    return

        await asyncio.gather(*(writer(number) for number in range(WRITERS)))

        commits = (await store.load("cart-1")).commits
        assert [commit.version for commit in commits] == list(range(1, WRITERS + 1))
        assert len({commit.context.command_id for commit in commits}) == WRITERS

    async def test_the_same_append_again_is_a_success_and_writes_nothing(
        self, store: Log, counts: OperationCounts
    ) -> None:
        """A lost acknowledgement is told from a conflict by the command's id."""
        first = await store.append([new_commit(Position("cart-1", 0))])
        written = counts.documents_written

        again = await store.append([new_commit(Position("cart-1", 0))])

        assert again == first
        assert counts.documents_written == written

    async def test_several_streams_are_appended_together(self, store: Log) -> None:
        """One append takes a commit for each of several streams, and gives all of them one time."""
        commits = [new_commit(Position("cart-1", 0)), new_commit(Position("cart-2", 0))]

        result = await store.append(commits)

        assert isinstance(result, Appended)
        assert result.positions == (Position("cart-1", 1), Position("cart-2", 1))
        loaded = [(await store.load(stream)).commits[0] for stream in ("cart-1", "cart-2")]
        assert {commit.recorded_at for commit in loaded} == {result.recorded_at}

    async def test_several_streams_are_appended_together_or_not_at_all(self, store: Log) -> None:
        """If one of the streams moved on, the others stay as they were: no commit, no outbox row, no answer."""
        free, taken = streams_of(CATEGORY, 2)
        await store.append([new_commit(Position(taken, 0))])
        owed = await collected(store.owed(CATEGORY, since=None, before=FAR_FUTURE))

        with pytest.raises(ConcurrencyError):
            await store.append([new_commit(Position(free, 0)), new_commit(Position(taken, 0))], answer=answer())

        assert (await store.load(free)).position.version == 0
        assert await collected(store.owed(CATEGORY, since=None, before=FAR_FUTURE)) == owed
        assert await store.answered("key-1") is None

    async def test_the_same_append_of_several_streams_again_is_a_success(self, store: Log) -> None:
        """A lost acknowledgement is recognised on all streams together."""
        commits = [new_commit(Position("cart-1", 0)), new_commit(Position("cart-2", 0))]
        first = await store.append(commits)

        assert await store.append(commits) == first

    async def test_an_append_takes_many_streams(self, store: Log) -> None:
        """More than 500 documents in one write: what a large order or a bulk receipt asks for."""
        commits = [new_commit(Position(f"cart-{n}", 0)) for n in range(300)]

        result = await store.append(commits, answer=answer())

        assert isinstance(result, Appended)
        assert result.positions == tuple(Position(f"cart-{n}", 1) for n in range(300))
        assert (await store.load("cart-299")).commits[0].recorded_at == result.recorded_at

    async def test_an_append_of_more_than_a_request_holds_is_too_large(self, store: Log) -> None:
        """A clear error, at once, and nothing is written."""
        commits = [replace(new_commit(Position(f"cart-{n}", 0)), body=b" " * 900_000) for n in range(12)]

        with pytest.raises(TooLargeError):
            await store.append(commits)

        assert (await store.load("cart-0")).position.version == 0

    async def test_a_bare_number_is_no_position(self, store: Log) -> None:
        """A position comes from the store: anything else is a TypeError before anything is sent."""
        commit = new_commit(Position("cart-1", 0))
        object.__setattr__(commit, "position", ("cart-1", 0))

        with pytest.raises(TypeError):
            await store.append([commit])

    async def test_one_stream_takes_one_commit_of_an_append(self, store: Log) -> None:
        """Two commits to the same stream in one append are a ValueError."""
        commits = [new_commit(Position("cart-1", 0)), new_commit(Position("cart-1", 1))]

        with pytest.raises(ValueError, match="stream"):
            await store.append(commits)

    async def test_there_is_something_to_append(self, store: Log) -> None:
        """An append of nothing is a ValueError."""
        with pytest.raises(ValueError, match="nothing"):
            await store.append([])


class AnswerConformance:
    """Fixtures to provide: `store`, `counts` (the store's own)."""

    async def test_an_answer_is_kept_with_the_commit(self, store: Log) -> None:
        """The first answer to a request comes back byte for byte."""
        await store.append([new_commit(Position("cart-1", 0))], answer=answer())

        assert await store.answered("key-1") == answer()

    async def test_an_unknown_key_has_no_answer(self, store: Log) -> None:
        """None, and no error, where no request with that key was answered."""
        assert await store.answered("key-1") is None

    async def test_the_first_answer_stands(self, store: Log) -> None:
        """A second request under the same key gets the first answer, and its commit is not written."""
        await store.append([new_commit(Position("cart-1", 0))], answer=answer())

        second = await store.append([new_commit(Position("cart-1", 1), command_id="c-2")], answer=answer(body=b"other"))

        assert second == Replayed(answer())
        assert (await store.load("cart-1")).position.version == 1

    async def test_of_identical_requests_one_is_carried_out(self, store: Log) -> None:
        """Sixteen parallel appends under one key: one is written, fifteen get its answer."""
        tries = [store.append([new_commit(Position("cart-1", 0))], answer=answer()) for _ in range(WRITERS)]

        results = await asyncio.gather(*tries)

        assert sum(isinstance(result, Appended) for result in results) == 1
        assert results.count(Replayed(answer())) == WRITERS - 1

    async def test_an_answer_can_be_recorded_without_a_commit(self, store: Log) -> None:
        """A command that changes nothing still has a first answer."""
        recorded = await store.append([], answer=answer())

        assert isinstance(recorded, Appended)
        assert recorded.positions == ()
        assert await store.append([], answer=answer()) == Replayed(answer())

    @pytest.mark.parametrize("key", ["a/b", ".", "..", "__x__", "100%", "ä €", "a%2Fb", "", " "])
    async def test_any_text_is_a_key(self, store: Log, key: str) -> None:
        """Keys come from clients: slashes, dots and percent signs are as good as letters, and are kept apart."""
        await store.append([], answer=answer(key))

        assert await store.answered(key) == answer(key)
        assert await store.answered(f"{key}/") is None

    async def test_a_warm_append_costs_one_request_and_no_read(self, store: Log, counts: OperationCounts) -> None:
        """Commit, two outbox rows, snapshot and answer: one commit request, five documents written, none read."""
        commit = new_commit(Position("cart-1", 0), public=True, snapshot=Snapshot(1, "s-1", b"{}"))

        await store.append([commit], answer=answer())

        assert counts == OperationCounts(rpcs={"Commit": 1}, documents_written=5)
