"""A vault that is down is an UnavailableError, and soon. Needs no emulator: only a port without one."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from emulators.processes.ports import free_ports
from shared.adapters.crypto import AesGcm
from shared.adapters.firestore import connect
from shared.adapters.firestore.vault import FirestoreVault
from shared.adapters.keys.key_file import KeyFile
from shared.adapters.system import utc_now
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import PersonalData

TIMEOUT = 1.0
MARGIN = 2.0
OPERATIONS: dict[str, Callable[[PersonalData], Awaitable[object]]] = {
    "seal": lambda personal: personal.seal("900", "Ada"),
    "open": lambda personal: personal.open("sealed:v1:OTAw:AAAA"),
    "erase": lambda personal: personal.erase("900"),
}


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_vault_that_is_down_is_unavailable(name: str, tmp_path: Path) -> None:
    """Whatever is asked of it, the answer comes within the timeout."""
    channel = connect("test", f"127.0.0.1:{free_ports(1)[0]}")
    vault = FirestoreVault(channel, OperationCounts(), timeout=TIMEOUT)
    personal = PersonalData(vault, KeyFile(tmp_path / "key"), AesGcm(), utc_now)
    start = time.perf_counter()

    with pytest.raises(UnavailableError):
        await OPERATIONS[name](personal)

    assert time.perf_counter() - start < TIMEOUT + MARGIN
    await channel.close()
