"""Packs in Firestore keep the promises of the port, on Google's emulator."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import grpc
import grpc.aio
import pytest

from shared.adapters.firestore import FirestoreChannel, FirestoreEventStore, connect
from shared.adapters.firestore.log_layout import pack_of
from shared.adapters.packs import PackedCommit, compressed, unpacked
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import OperationCounts, Position
from shared.testing.conformance.loading import Spoil
from shared.testing.conformance.packed import PackedFeedConformance, PackingProperties
from shared.testing.conformance.packing import PackedAppendConformance, PackingConformance
from shared.testing.conformance.samples import collected, new_commit, write

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


async def overwrite(store: FirestoreEventStore, stream: str, version: int, field: str, garbage: bytes = b"{") -> None:
    """Garbage in place of what the document says there."""
    request = store._database.request()
    write = request.writes.add()
    write.update.name = store._layout.commit(stream, version)
    write.update.fields[field].bytes_value = garbage
    write.update_mask.field_paths.append(field)
    await store._database.commit(request)


@pytest.fixture
def spoil(store: FirestoreEventStore) -> Spoil:
    async def spoil(stream: str, version: int) -> None:
        await overwrite(store, stream, version, "body")

    return spoil


@pytest.fixture
def spoil_pack(store: FirestoreEventStore) -> Spoil:
    async def spoil(stream: str, version: int) -> None:
        await overwrite(store, stream, version, "pack")

    return spoil


@pytest.fixture
def spoil_packed(store: FirestoreEventStore) -> Spoil:
    async def spoil(stream: str, version: int) -> None:
        name = store._layout.commit(stream, version)
        holder = pack_of((await store._database.get([name]))[name]) or name
        pack = (await store._database.get([holder]))[holder].fields["pack"].bytes_value
        bad = [PackedCommit(v, at, b"{" if v == version else body) for v, at, body in unpacked(pack)]
        await overwrite(store, stream, int(holder.rpartition("/")[2]), "pack", compressed(bad))

    return spoil


class TestFirestorePacking(PackingConformance, PackedAppendConformance, PackedFeedConformance, PackingProperties):
    """Over raw gRPC."""


async def test_a_lost_acknowledgement_of_a_pack_is_no_conflict(
    store: FirestoreEventStore, channel: FirestoreChannel
) -> None:
    """The pack is there: packing sends again, finds it, and says what it did."""
    await write(store, "cart-1", 3)
    commit, tries = channel.stubs.commit, []

    async def lost_first(request: Any, **options: Any) -> Any:
        tries.append(request)
        response = await commit(request, **options)
        if len(tries) == 1:
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "lost")
        return response

    channel._stubs = replace(channel.stubs, commit=lost_first)

    packed = await store.pack("cart-1", up_to=3)

    assert (len(tries), packed.commits) == (2, 3)


async def test_a_pack_replaces_what_was_read_and_nothing_else(
    channel: FirestoreChannel, store: FirestoreEventStore
) -> None:
    """Every write of a pack requires that the document is as it was: the commits themselves, of exactly that time."""
    await write(store, "cart-1", 3)
    sent: list[Any] = []
    commit = channel.stubs.commit

    def recording(request: Any, **options: Any) -> Any:
        sent.append(request)
        return commit(request, **options)

    channel._stubs = replace(channel.stubs, commit=recording)
    await store.pack("cart-1", up_to=3)

    (request,) = sent
    assert [write.current_document.WhichOneof("kind") for write in request.writes] == ["update_time"] * 3
    assert [sorted(write.update.fields) for write in request.writes] == [
        ["packed_in"],
        ["packed_in"],
        ["first", "pack", "recorded_at", "shard"],
    ]


async def test_a_pack_that_is_gone_is_corrupt_data(store: FirestoreEventStore) -> None:
    """A pack that somebody deleted must not go unnoticed."""
    await write(store, "cart-1", 4)
    await store.pack("cart-1", up_to=3)
    request = store._database.request()
    request.writes.add(delete=store._layout.commit("cart-1", 3))
    await store._database.commit(request)

    for attempt in (store.load("cart-1"), collected(store.read("cart-1", up_to=2))):
        with pytest.raises(CorruptDataError):
            await attempt
    with pytest.raises(CorruptDataError):
        await store.append([new_commit(Position("cart-1", 0))])
