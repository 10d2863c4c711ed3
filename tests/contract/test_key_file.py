"""A key file keeps the promises of key encryption, and its key to itself."""

import stat
from pathlib import Path

import pytest

from shared.adapters.keys.key_file import KeyFile
from shared.eventsourcing.errors import CorruptDataError
from shared.testing.conformance.vault import KeyEncryptionConformance


def modes_and_sizes(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (stat.S_IMODE(path.stat().st_mode), path.stat().st_size) for path in folder.iterdir()}


class TestKeyFile(KeyEncryptionConformance):
    """On this machine."""

    @pytest.fixture
    def keys(self, tmp_path: Path) -> KeyFile:
        return KeyFile(tmp_path / "new folder" / "key")

    @pytest.fixture
    def other_keys(self, tmp_path: Path) -> KeyFile:
        return KeyFile(tmp_path / "other")


async def test_the_file_is_its_owners_only(tmp_path: Path) -> None:
    """Made on first use, 32 bytes, readable by nobody else; nothing else is left in its folder."""
    await KeyFile(tmp_path / "key").wrap(bytes(32), "900")

    assert modes_and_sizes(tmp_path) == {"key": (0o600, 32)}


async def test_the_next_process_finds_the_key(tmp_path: Path) -> None:
    """What one has wrapped the other one unwraps."""
    wrapped = await KeyFile(tmp_path / "key").wrap(bytes(range(32)), "900")

    assert await KeyFile(tmp_path / "key").unwrap(wrapped, "900") == bytes(range(32))


async def test_of_two_that_begin_at_once_the_first_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that saw no file, and comes second, takes what the first one made."""
    first = await KeyFile(tmp_path / "key").wrap(bytes(range(32)), "900")
    saw_none = iter([False])
    monkeypatch.setattr(Path, "exists", lambda _: next(saw_none))

    assert await KeyFile(tmp_path / "key").unwrap(first, "900") == bytes(range(32))


async def test_a_file_of_another_size_is_no_key(tmp_path: Path) -> None:
    """Better an error than half a key."""
    (tmp_path / "key").write_bytes(b"secret")

    with pytest.raises(CorruptDataError):
        await KeyFile(tmp_path / "key").wrap(bytes(32), "900")
