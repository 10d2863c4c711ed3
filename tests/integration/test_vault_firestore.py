"""The vault in Firestore keeps the promises of its port, on Google's emulator."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from shared.adapters.crypto import AesGcm
from shared.adapters.firestore import FirestoreChannel, connect
from shared.adapters.firestore.vault import FirestoreVault
from shared.adapters.keys.key_file import KeyFile
from shared.adapters.system import utc_now
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import PersonalData
from shared.testing.conformance.vault import NOON, VaultConformance, key

pytestmark = pytest.mark.emulators
PATIENCE = 60.0  # the emulator's first requests are slow


@pytest.fixture
async def channel(project: str, firestore_host: str) -> AsyncIterator[FirestoreChannel]:
    channel = connect(project, firestore_host)
    yield channel
    await channel.close()


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


@pytest.fixture
def vault(channel: FirestoreChannel, counts: OperationCounts) -> FirestoreVault:
    return FirestoreVault(channel, counts, PATIENCE)


class TestFirestoreVault(VaultConformance):
    """Over raw gRPC."""


async def test_a_lost_acknowledgement_is_no_conflict(channel: FirestoreChannel, vault: FirestoreVault) -> None:
    """The key that was stored by the first try is found to be one's own."""
    commit, sent = channel.stubs.commit, 0

    async def lose_the_first(request: Any, **options: Any) -> Any:
        nonlocal sent
        sent += 1
        response = await commit(request, **options)
        if sent == 1:
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "lost")
        return response

    channel._stubs = replace(channel.stubs, commit=lose_the_first)

    assert (await vault.add("900", key(), NOON), sent) == (key(), 2)


async def test_what_an_erase_leaves_holds_no_key(vault: FirestoreVault) -> None:
    """The tombstone takes the place of the whole document."""
    await vault.add("900", key(), NOON)

    await vault.erase("900", NOON)

    name = vault._name("900")
    (document,) = (await vault._database.get([name])).values()
    assert set(document.fields) == {"erased_at"}


async def test_a_key_that_somebody_deletes_is_missed(vault: FirestoreVault, tmp_path: Path) -> None:
    """Keys end as tombstones only: a sealed text without either is corrupt data, and not an erased person."""
    personal = PersonalData(vault, KeyFile(tmp_path / "key"), AesGcm(), utc_now, PATIENCE)
    sealed = await personal.seal("900", "Ada")
    request = vault._database.request()
    request.writes.add(delete=vault._name("900"))
    await vault._database.commit(request, deletes=True)

    with pytest.raises(CorruptDataError):
        await personal.open(sealed)


async def test_two_processes_agree_on_a_persons_key(channel: FirestoreChannel, tmp_path: Path) -> None:
    """What either of them sealed at first sight the other one opens; after an erase by one, neither does."""
    one, other = (
        PersonalData(
            FirestoreVault(channel, OperationCounts(), PATIENCE), KeyFile(tmp_path / "key"), AesGcm(), utc_now, PATIENCE
        )
        for _ in range(2)
    )
    sealed = [await one.seal("900", "Ada"), await other.seal("900", "Lovelace")]

    assert [await other.open(sealed[0]), await one.open(sealed[1])] == ["Ada", "Lovelace"]
    await one.erase("900")
    assert await other.open_all(sealed) == [None, None]
