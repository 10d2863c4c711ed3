"""Key-encryption keys: a file for local runtimes, Cloud KMS in the cloud."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import KeyEncryption, WrappedKey


def key_encryption(key_file: str | None, kms_key: str | None, counts: OperationCounts) -> KeyEncryption:
    """The one that is configured, made on first use: most functions never seal or open anything, and must not pay for
    the clients. TopologyError (on first use) unless exactly one is given.
    """

    def make() -> KeyEncryption:
        if (key_file is None) == (kms_key is None):
            raise TopologyError("personal data needs either COMMERCE_KEY_FILE or COMMERCE_KMS_KEY")
        if key_file is not None:
            from shared.adapters.keys.key_file import KeyFile  # noqa: PLC0415 - see above

            return KeyFile(Path(key_file), counts)
        from shared.adapters.keys.access_token import AccessToken  # noqa: PLC0415 - see above
        from shared.adapters.keys.cloud_kms import SCOPE, CloudKms  # noqa: PLC0415 - see above

        return CloudKms(kms_key or "", AccessToken(SCOPE), counts)

    return _OnFirstUse(make)


class _OnFirstUse:
    """`KeyEncryption` by another one."""

    def __init__(self, make: Callable[[], KeyEncryption]) -> None:
        self._make = make

    @cached_property
    def _keys(self) -> KeyEncryption:
        return self._make()

    async def wrap(self, key: bytes, subject: str) -> WrappedKey:
        return await self._keys.wrap(key, subject)

    async def unwrap(self, wrapped: WrappedKey, subject: str) -> bytes:
        return await self._keys.unwrap(wrapped, subject)
