"""Facts about appends that the store's own client had to send twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.eventsourcing.errors import ConcurrencyError
from shared.eventsourcing.event_store import Appended, NewCommit, Position, Replayed
from shared.testing.conformance.samples import FAR_FUTURE, Log, answer, collected, new_commit
from shared.testing.faults import Fault, LossyConnection

NEW = Position("cart-1", 0)
OWN = (
    [new_commit(NEW, note="own", public=True)],
    [new_commit(NEW, note="own"), new_commit(Position("cart-2", 0), note="own")],
    [new_commit(NEW), new_commit(Position("cart-2", 0), note="own")],
    [new_commit(NEW, note="own", state=b"own", expires_after=timedelta(days=30))],
)
"""What instance B appends: one stream, two of them, two of which one has the same bytes, a kept state."""


def first_of(own: Sequence[NewCommit]) -> list[NewCommit]:
    """What instance A makes of the same command: the same places and the same command id, but not the same bytes."""
    return [replace(new_commit(new.position), state=new.state and b"first") for new in own]


class RetryConformance:
    """Fixtures to provide: `store`, `connection` (the store's own)."""

    @pytest.mark.parametrize("own", OWN)
    async def test_a_lost_acknowledgement_is_no_conflict(
        self, store: Log, connection: LossyConnection, own: Sequence[NewCommit]
    ) -> None:
        """The store sends again, finds its own commits, and reports what it was: a success."""
        connection.lose_next(Fault.AFTER)

        result = await store.append(own)

        assert isinstance(result, Appended)
        assert result.positions == tuple(Position(new.position.stream, 1) for new in own)
        assert {result.recorded_at} == {(await store.load(new.position.stream)).commits[0].recorded_at for new in own}
        assert connection.sent == 2

    @pytest.mark.parametrize("own", OWN)
    async def test_a_lost_acknowledgement_with_an_answer_is_no_replay(
        self, store: Log, connection: LossyConnection, own: Sequence[NewCommit]
    ) -> None:
        """The commits are this request's own and still have to be published: not somebody else's first answer."""
        connection.lose_next(Fault.AFTER)

        assert isinstance(await store.append(own, answer=answer()), Appended)

    @pytest.mark.parametrize("own", OWN)
    async def test_a_lost_request_is_sent_again(
        self, store: Log, connection: LossyConnection, own: Sequence[NewCommit]
    ) -> None:
        """Nothing was written at the first try, so it is at the second."""
        connection.lose_next(Fault.BEFORE)

        assert isinstance(await store.append(own, answer=answer()), Appended)
        assert connection.sent == 2

    @pytest.mark.parametrize("own", OWN)
    async def test_another_commit_of_the_same_command_is_not_ones_own(
        self, store: Log, connection: LossyConnection, own: Sequence[NewCommit]
    ) -> None:
        """Its first answer stands, and nothing of this append is in the log."""
        first = first_of(own)
        connection.lose_next(Fault.BEFORE, lambda: store.append(first, answer=answer()))

        result = await store.append(own, answer=answer(body=b"own"))

        assert result == Replayed(answer())
        for new in first:
            assert [commit.body for commit in await collected(store.read(new.position.stream))] == [new.body]
            state = await store.get(new.position.stream)
            assert (state and state.body) == new.state
        owed = await collected(store.owed("cart", since=None, before=FAR_FUTURE))
        assert {row.message_id for row in owed} == {message for new in first for message in new.owed}

    async def test_the_same_bytes_of_another_request_are_not_ones_own(
        self, store: Log, connection: LossyConnection
    ) -> None:
        """An append is its answer as well: the first one stands."""
        connection.lose_next(Fault.BEFORE, lambda: store.append([new_commit(NEW)], answer=answer()))

        result = await store.append([new_commit(NEW)], answer=replace(answer(), fingerprint="f-2"))

        assert result == Replayed(answer())

    async def test_another_commit_without_an_answer_is_a_conflict(
        self, store: Log, connection: LossyConnection
    ) -> None:
        """Whoever appended is told to decide again, though the command ids are the same."""
        connection.lose_next(Fault.BEFORE, lambda: store.append([new_commit(NEW)]))

        with pytest.raises(ConcurrencyError):
            await store.append([new_commit(NEW, note="own")])

    async def test_an_answer_to_a_command_without_effect_stands(self, store: Log, connection: LossyConnection) -> None:
        """Another instance may have found an effect: what it answered is the answer."""
        connection.lose_next(Fault.BEFORE, lambda: store.append([new_commit(NEW)], answer=answer()))

        assert await store.append([], answer=answer(body=b"no effect")) == Replayed(answer())


class ArbitrationConformance:
    """A refused append looks at what is in its way by a second request, and others may write before that one arrives.

    Fixtures to provide: `store`, `connection` (the store's own).
    """

    async def test_an_answer_that_was_written_before_the_look_stands(
        self, store: Log, connection: LossyConnection
    ) -> None:
        """Refused for a stranger's commit; by the look, another instance has carried out the same request."""
        stranger = await store.append([new_commit(NEW, command_id="c-2", note="stranger")])
        assert isinstance(stranger, Appended)
        same = [new_commit(stranger.positions[0])]
        connection.after_refusal(lambda: store.append(same, answer=answer()))

        result = await store.append([new_commit(NEW)], answer=answer(body=b"own"))

        assert result == Replayed(answer())
        assert (await store.load("cart-1")).position.version == 2

    async def test_what_followed_before_the_look_is_not_in_the_way(
        self, store: Log, connection: LossyConnection
    ) -> None:
        """A lost acknowledgement is a success, at its own place, however long the stream is by the look."""
        connection.lose_next(Fault.AFTER)
        connection.after_refusal(lambda: store.append([new_commit(Position("cart-1", 1), command_id="c-2")]))

        result = await store.append([new_commit(NEW, note="own")], answer=answer())

        assert isinstance(result, Appended)
        assert result.positions == (Position("cart-1", 1),)
