"""Which key-encryption key a process takes, and when."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.adapters.keys import key_encryption
from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.event_store import OperationCounts

KEY = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"


async def test_a_key_file_is_taken_where_one_is_named(tmp_path: Path) -> None:
    """Locally."""
    wrapped = await key_encryption(str(tmp_path / "key"), None, OperationCounts()).wrap(bytes(32), "900")

    assert wrapped.key_id.startswith("file:")


@pytest.mark.parametrize(("key_file", "kms_key"), [(None, None), ("key", KEY)])
async def test_what_is_not_clear_is_found_out_on_first_use(key_file: str | None, kms_key: str | None) -> None:
    """No key, or two: a function that never seals anything does not mind."""
    keys = key_encryption(key_file, kms_key, OperationCounts())

    with pytest.raises(TopologyError):
        await keys.wrap(bytes(32), "900")


def test_a_cold_start_does_not_pay_for_the_cloud() -> None:
    """Neither client is imported before it is needed."""
    program = f"""
import sys
from shared.adapters.keys import key_encryption
from shared.eventsourcing.event_store import OperationCounts
key_encryption(None, {KEY!r}, OperationCounts())
print([name for name in ("httpx", "google.auth", "cryptography") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
