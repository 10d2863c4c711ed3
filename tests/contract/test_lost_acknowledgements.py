"""A write to Firestore that was carried out, whose acknowledgement was lost and which was sent again is no conflict."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import grpc
import grpc.aio
import pytest

from shared.adapters.firestore import FirestoreChannel, FirestoreDeadLetters, FirestoreReadStore, connect
from shared.adapters.firestore.channel import Stubs
from shared.adapters.firestore.messages import SCHEMA
from shared.eventsourcing.errors import ConcurrencyError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.generations import Aliases, Generations
from shared.eventsourcing.projection import Row
from shared.testing.conformance.dead_letters import BURIED
from shared.testing.doubles import FixedClock

NOON = datetime(2017, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = "generations/2/carts"


def row(version: int = 1, **fields: Any) -> Row:
    return Row("1", version, NOON, b"{}", fields)


def failure(code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), code.name)


class Documents:
    """What a Firestore has, and how it answers. `dropped` of the next commits do not arrive; of those that do, `lost`
    acknowledgements get lost.
    """

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.dropped = self.lost = 0
        self._now = 0

    async def commit(self, request: Any, **_: Any) -> Any:
        if self.dropped:
            self.dropped -= 1
            raise failure(grpc.StatusCode.UNAVAILABLE)
        response = self._carry_out(request)
        if self.lost:
            self.lost -= 1
            raise failure(grpc.StatusCode.UNAVAILABLE)
        return response

    async def batch_get(self, request: Any, **_: Any) -> AsyncIterator[Any]:
        for name in request.documents:
            if name in self.stored:
                yield SCHEMA["BatchGetDocumentsResponse"](found=self.stored[name])

    def _carry_out(self, request: Any) -> Any:
        if not all(map(self._holds, request.writes)):
            raise failure(grpc.StatusCode.FAILED_PRECONDITION)
        self._now += 1
        response = SCHEMA["CommitResponse"]()
        for write in request.writes:
            self._write(write)
            response.write_results.add().update_time.seconds = self._now
        return response

    def _holds(self, write: Any) -> bool:
        there, guard = self.stored.get(write.update.name), write.current_document
        if guard.HasField("update_time"):
            return there is not None and bool(guard.update_time == there.update_time)
        return not guard.HasField("exists") or guard.exists is (there is not None)

    def _write(self, write: Any) -> None:
        new = type(write.update)()
        new.CopyFrom(write.update)
        new.update_time.seconds = self._now
        self.stored[new.name] = new


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture
def channel(documents: Documents) -> FirestoreChannel:
    channel = connect("test", "127.0.0.1:1")
    nothing: Any = None
    channel._stubs = Stubs(documents.commit, nothing, nothing, documents.batch_get)
    return channel


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


@pytest.fixture
def rows(channel: FirestoreChannel, counts: OperationCounts) -> FirestoreReadStore:
    return FirestoreReadStore(channel, counts)


class TestRows:
    async def test_a_row_that_is_there_was_put(self, documents: Documents, rows: FirestoreReadStore) -> None:
        """With the token that guards the next write of it."""
        documents.lost = 1

        put = await rows.put("carts", row(n=1, at=NOON))

        assert put == await rows.get("carts", "1")
        await rows.put("carts", replace(put, version=2))

    async def test_rows_that_are_there_were_put_together(self, documents: Documents, rows: FirestoreReadStore) -> None:
        """All of them."""
        documents.lost = 1

        put = await rows.put_all({"carts": row(), SECOND: row()})

        assert put == {"carts": await rows.get("carts", "1"), SECOND: await rows.get(SECOND, "1")}

    @pytest.mark.parametrize("other", [row(2), row(n=1), replace(row(), body=None), replace(row(), body=b"[]")])
    async def test_what_others_wrote_is_a_conflict(
        self, documents: Documents, rows: FirestoreReadStore, other: Row
    ) -> None:
        """Whatever it is that differs: the first try did not arrive, and somebody else was there before the second."""
        await rows.put("carts", other)
        documents.dropped = 1

        with pytest.raises(ConcurrencyError):
            await rows.put("carts", row())

    async def test_a_conflict_of_the_first_try_is_not_looked_into(
        self, rows: FirestoreReadStore, counts: OperationCounts
    ) -> None:
        """A lost race costs no read."""
        await rows.put("carts", row())

        with pytest.raises(ConcurrencyError):
            await rows.put("carts", row())

        assert counts.documents_read == 0


class TestAliases:
    async def test_one_generation_is_begun(self, documents: Documents, rows: FirestoreReadStore) -> None:
        """Not a second one that nobody would ever build."""
        documents.lost = 1

        begun = await Aliases(rows, FixedClock()).change("carts", Generations.begun)

        assert begun.kept == ("", "2")
        assert await Aliases(rows, FixedClock()).of("carts") == begun


class TestDeadLetters:
    async def test_a_message_was_buried_once(self, documents: Documents, channel: FirestoreChannel) -> None:
        """What is there is this very copy, and not another one that came before it."""
        dead_letters = FirestoreDeadLetters(channel, OperationCounts())
        documents.lost = 1

        await dead_letters.bury(BURIED)

        assert await dead_letters.message(BURIED.place) == BURIED

    async def test_another_copy_counts_once(self, documents: Documents, channel: FirestoreChannel) -> None:
        """Like the first."""
        dead_letters = FirestoreDeadLetters(channel, OperationCounts())
        await dead_letters.bury(BURIED)
        documents.lost = 1

        await dead_letters.bury(BURIED)

        assert await dead_letters.message(BURIED.place) == replace(BURIED, times=2)

    async def test_a_redrive_in_vain_counts_once(self, documents: Documents, channel: FirestoreChannel) -> None:
        """With the reason of now."""
        dead_letters = FirestoreDeadLetters(channel, OperationCounts())
        await dead_letters.bury(BURIED)
        documents.lost = 1

        await dead_letters.failed(BURIED.place, error="in vain", at=NOON)

        expected = replace(BURIED, error="in vain", last_at=NOON, redrives=1)
        assert await dead_letters.message(BURIED.place) == expected
