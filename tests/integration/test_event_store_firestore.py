"""The log in Firestore keeps the promises of the ports, on Google's emulator."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
import pytest

from shared.adapters.firestore import FirestoreChannel, FirestoreEventStore, connect
from shared.adapters.firestore.messages import CommitRequest
from shared.adapters.firestore.values import moment
from shared.adapters.system import utc_now
from shared.eventsourcing.errors import ConcurrencyError, CorruptDataError, TooLargeError
from shared.eventsourcing.event_store import Appended, OperationCounts, Position, Replayed, Snapshot
from shared.testing.conformance.event_store import EventStoreConformance
from shared.testing.conformance.loading import Spoil
from shared.testing.conformance.outbox import OutboxConformance
from shared.testing.conformance.samples import CATEGORY, FAR_FUTURE, answer, collected, new_commit, streams_of, write
from shared.testing.conformance.states import kept
from shared.testing.faults import Fault, LossyConnection

pytestmark = pytest.mark.emulators


@pytest.fixture
async def channel(project: str, firestore_host: str) -> AsyncIterator[FirestoreChannel]:
    channel = connect(project, firestore_host)
    yield channel
    await channel.close()


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


@pytest.fixture
def store(channel: FirestoreChannel, counts: OperationCounts) -> FirestoreEventStore:
    # The emulator's first requests are slow: they must not look like lost ones.
    return FirestoreEventStore(channel, counts, timeout=60.0)


def connected_by(channel: FirestoreChannel, code: grpc.StatusCode) -> LossyConnection:
    """Between the client, with its retries, and the emulator."""
    commit, metadata = channel.stubs.commit, grpc.aio.Metadata()
    connection = LossyConnection(grpc.aio.AioRpcError(code, metadata, metadata, "lost"))

    def through(request: Any, **options: Any) -> Any:
        return connection(lambda: commit(request, **options))

    channel._stubs = replace(channel.stubs, commit=through)
    return connection


@pytest.fixture
async def connection(channel: FirestoreChannel) -> LossyConnection:
    return connected_by(channel, grpc.StatusCode.UNAVAILABLE)


@pytest.fixture
def spoil(channel: FirestoreChannel, store: FirestoreEventStore) -> Spoil:
    async def spoil(stream: str, version: int) -> None:
        request = store._database.request()
        write = request.writes.add()
        write.update.name = store._layout.commit(stream, version)
        write.update.fields["body"].bytes_value = b"{"
        write.update_mask.field_paths.append("body")
        await store._database.commit(request)

    return spoil


class TestFirestoreEventStore(EventStoreConformance):
    """Over raw gRPC."""


class TestFirestoreOutbox(OutboxConformance):
    """Over raw gRPC."""


class AskedQuickly:
    """As the local platform asks the emulator: the same answers in the same order, and counted the same."""

    @pytest.fixture
    async def channel(self, project: str, firestore_host: str) -> AsyncIterator[FirestoreChannel]:
        channel = connect(project, firestore_host, quick=True)
        yield channel
        await channel.close()


class TestFirestoreEventStoreAskedQuickly(AskedQuickly, EventStoreConformance):
    """Commits by their names."""


class TestFirestoreOutboxAskedQuickly(AskedQuickly, OutboxConformance):
    """Walks without shards."""


@pytest.mark.parametrize("code", ["ABORTED", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN"])
async def test_whatever_a_try_fails_with_the_bytes_tell_whose_commit_it_is(
    channel: FirestoreChannel, store: FirestoreEventStore, code: str
) -> None:
    """A commit whose acknowledgement was lost is one's own; another instance's is not."""
    connection = connected_by(channel, grpc.StatusCode[code])
    connection.lose_next(Fault.AFTER)
    own = await store.append([new_commit(Position("cart-1", 0))], answer=answer())
    first = [new_commit(Position("cart-2", 0))]
    connection.lose_next(Fault.BEFORE, lambda: store.append(first, answer=answer("key-2")))

    other = await store.append([new_commit(Position("cart-2", 0), note="other")], answer=answer("key-2"))

    assert isinstance(own, Appended)
    assert other == Replayed(answer("key-2"))


async def test_a_state_is_guarded_where_commits_have_expired(store: FirestoreEventStore) -> None:
    """An append at a position whose next commit is gone again does not overwrite a newer state."""
    first = await store.append([kept(Position("product-1", 0))])
    assert isinstance(first, Appended)
    second = await store.append([kept(first.positions[0], b"second")])
    assert isinstance(second, Appended)
    request = store._database.request()
    for version in (1, 2):
        request.writes.add(delete=store._layout.commit("product-1", version))
    await store._database.commit(request)

    for position in (Position("product-1", 0), first.positions[0]):
        with pytest.raises(ConcurrencyError):
            await store.append([kept(position, b"late")])

    state = await store.get("product-1")
    assert state is not None
    assert (state.version, state.body) == (2, b"second")


async def test_a_commit_can_expire(store: FirestoreEventStore) -> None:
    """The document says when; the database deletes it."""
    before = utc_now()

    await store.append([kept(Position("product-1", 0))])

    (document,) = (await store._database.get([store._layout.commit("product-1", 1)])).values()
    expires_at = moment(document.fields["expires_at"].timestamp_value)
    assert timedelta(0) <= expires_at - before - timedelta(days=30) < timedelta(minutes=2)


async def test_a_lost_acknowledgement_of_a_delete_is_nothing(
    store: FirestoreEventStore, connection: LossyConnection
) -> None:
    """Rows that are gone already are settled."""
    connection.lose_next(Fault.AFTER)

    await store.settle(["cart-1@1"])

    assert connection.sent == 2


async def test_a_commit_that_the_store_cannot_hold_is_too_large(store: FirestoreEventStore) -> None:
    """A clear error, at once, and nothing is written."""
    commit = new_commit(Position("cart-1", 0))

    with pytest.raises(TooLargeError):
        await store.append([replace(commit, body=b" " * 1_100_000)])

    assert (await store.load("cart-1")).position.version == 0


async def test_an_append_that_the_store_cannot_hold_is_too_large(store: FirestoreEventStore) -> None:
    """Below the kit's own limit the store may have a lower one: no try is repeated for a minute."""
    commits = [replace(new_commit(Position(f"cart-{n}", 0)), body=b" " * 900_000) for n in range(10)]

    with pytest.raises(TooLargeError):
        await store.append(commits)


async def test_a_hole_in_a_stream_is_corrupt_data(store: FirestoreEventStore) -> None:
    """A commit that somebody deleted must not go unnoticed."""
    await write(store, "cart-1", 3)
    request = store._database.request()
    request.writes.add(delete=store._layout.commit("cart-1", 2))
    await store._database.commit(request)

    with pytest.raises(CorruptDataError):
        await store.load("cart-1")
    with pytest.raises(CorruptDataError):
        await collected(store.read("cart-1"))


async def test_an_append_only_creates(
    channel: FirestoreChannel, store: FirestoreEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every write of an append requires that the document is new: the right to update is not needed."""
    sent: list[Any] = []
    commit = channel.stubs.commit

    def recording(request: Any, **options: Any) -> Any:
        sent.append(request)
        return commit(request, **options)

    channel._stubs = replace(channel.stubs, commit=recording)
    new = new_commit(Position("cart-1", 0), public=True, snapshot=Snapshot(1, "s-1", b"{}"))
    await store.append([new], answer=answer())

    (request,) = sent
    assert isinstance(request, CommitRequest)
    assert [write.current_document.WhichOneof("kind") for write in request.writes] == ["exists"] * 5
    assert not any(write.current_document.exists for write in request.writes)


async def test_a_feed_that_breaks_is_taken_up_where_it_broke(
    channel: FirestoreChannel, store: FirestoreEventStore
) -> None:
    """A connection that is lost in the middle neither loses a commit nor brings one twice."""
    streams = streams_of(CATEGORY, 150)
    for start in range(0, 150, 50):
        await store.append([new_commit(Position(s, 0)) for s in streams[start : start + 50]])
    run_query, calls = channel.stubs.run_query, []

    def breaking(request: Any, **options: Any) -> Any:
        call = run_query(request, **options)
        calls.append(call)
        return Broken(call, after=100) if len(calls) == 1 else call

    channel._stubs = replace(channel.stubs, run_query=breaking)

    found = [fed.found.stream for fed in await collected(store.feed(CATEGORY, until=FAR_FUTURE))]

    assert found == streams
    assert len(calls) == 2


@pytest.mark.parametrize(("limit", "after"), [(70, 66), (64, 64)])
async def test_a_page_that_breaks_is_taken_up_where_it_broke(
    channel: FirestoreChannel, store: FirestoreEventStore, limit: int, after: int
) -> None:
    """Within its limit, and no further request if all of it had come."""
    await write(store, "cart-1", 75)
    run_query, calls = channel.stubs.run_query, []

    def breaking(request: Any, **options: Any) -> Any:
        call = run_query(request, **options)
        calls.append(call)
        return Broken(call, after) if len(calls) == 1 else call

    channel._stubs = replace(channel.stubs, run_query=breaking)

    commits = await store._commits("cart-1", 0, limit=limit)

    assert [commit.version for commit in commits] == list(range(1, limit + 1))
    assert len(calls) == (1 if after == limit else 2)


class Broken:
    """A stream of answers that ends in an error after some of them."""

    def __init__(self, call: Any, after: int) -> None:
        self._call = call
        self._after = after

    async def __aiter__(self) -> AsyncIterator[Any]:
        responses = aiter(self._call)
        for _ in range(self._after):
            yield await anext(responses)
        raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "reset")

    def cancel(self) -> None:
        self._call.cancel()
