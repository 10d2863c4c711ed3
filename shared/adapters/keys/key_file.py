"""A key-encryption key in a file: for local runtimes. Who can read the file and the vault can read everything."""

import os
import tempfile
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from shared.adapters.crypto import KEY_BYTES, AesGcm
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import WrappedKey

_CIPHER = AesGcm()


class KeyFile:
    """`KeyEncryption` by AES-256-GCM. The file holds 32 random bytes, for its owner's eyes only; whichever process
    comes first makes it. Counted as requests to Cloud KMS would be, which it stands for.
    """

    def __init__(self, path: Path, counts: OperationCounts | None = None) -> None:
        self._path = path
        self._counts = counts or OperationCounts()

    async def wrap(self, key: bytes, subject: str) -> WrappedKey:
        self._counts.rpc("Kms.encrypt")
        return WrappedKey(_CIPHER.encrypt(self._key, key, subject.encode()), self._key_id)

    async def unwrap(self, wrapped: WrappedKey, subject: str) -> bytes:
        self._counts.rpc("Kms.decrypt")
        if wrapped.key_id != self._key_id:
            raise CorruptDataError(f"{subject!r} has a data key wrapped by {wrapped.key_id}; this is {self._key_id}")
        return _CIPHER.decrypt(self._key, wrapped.data, subject.encode())

    @cached_property
    def _key(self) -> bytes:
        if not self._path.exists():
            _make(self._path)
        key = self._path.read_bytes()
        if len(key) != KEY_BYTES:
            raise CorruptDataError(f"{self._path} does not hold {KEY_BYTES} bytes: it is not a key file")
        return key

    @cached_property
    def _key_id(self) -> str:
        """Names the key without telling it, so that a file that was replaced is found out."""
        return f"file:{sha256(b'key-file:v1' + self._key).hexdigest()[:16]}"


def _make(path: Path) -> None:
    """Whole or not at all: nobody reads half a key, and the first of several processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # its mode is 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_CIPHER.new_key())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        Path(part).unlink()
