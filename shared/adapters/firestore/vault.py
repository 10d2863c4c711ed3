"""The wrapped data keys in Firestore: a database of its own, so that other identities, backups and retention apply.

    data-keys/{subject}     wrapped_key, key_id, created_at        while the subject's data can be opened
    data-keys/{subject}     erased_at                              after that, for ever: the tombstone

Both are the same document. A key is only ever created, so a tombstone keeps any later key out with the precondition
that also settles a race of two first keys; a tombstone elsewhere would need a transaction that reads.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.adapters.firestore.channel import FirestoreChannel
from shared.adapters.firestore.database import Database
from shared.adapters.firestore.rpc_errors import RefusedError
from shared.adapters.firestore.values import document_id, moment, set_moment
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import Erased, WrappedKey

KEY_VAULT: Final = "key-vault"
DATA_KEYS: Final = "data-keys"


class FirestoreVault:
    """`Vault` on the database `key-vault`; `timeout` in seconds spans all tries of a request."""

    def __init__(self, channel: FirestoreChannel, counts: OperationCounts, timeout: float = 5.0) -> None:
        self._database = Database(channel, KEY_VAULT, counts, timeout)

    async def find(self, subjects: Sequence[str]) -> Mapping[str, WrappedKey | Erased]:
        names = {subject: self._name(subject) for subject in subjects}
        found = await self._database.get(list(names.values()))
        return {subject: _entry(found[name]) for subject, name in names.items() if name in found}

    async def add(self, subject: str, key: WrappedKey, at: datetime) -> WrappedKey | Erased:
        request = self._database.request()
        write = request.writes.add()
        write.update.name = self._name(subject)
        write.update.fields["wrapped_key"].bytes_value = key.data
        write.update.fields["key_id"].string_value = key.key_id
        set_moment(write.update.fields["created_at"].timestamp_value, at)
        write.current_document.exists = False
        try:
            await self._database.commit(request)
        except RefusedError as error:  # somebody was first; or this very key was, and the answer got lost
            holds = (await self.find([subject])).get(subject)
            if holds is None:
                raise CorruptDataError(
                    f"the data key of {subject!r} was there, and is not: nobody may delete"
                ) from error
            return holds
        return key

    async def erase(self, subject: str, at: datetime) -> None:
        if isinstance((await self.find([subject])).get(subject), Erased):
            return
        request = self._database.request()
        tombstone = request.writes.add().update
        tombstone.name = self._name(subject)
        set_moment(tombstone.fields["erased_at"].timestamp_value, at)
        await self._database.commit(request)

    def _name(self, subject: str) -> str:
        return f"{self._database.root}/{DATA_KEYS}/{document_id(subject)}"


def _entry(document: Any) -> WrappedKey | Erased:
    fields = document.fields
    if "erased_at" in fields:
        return Erased(moment(fields["erased_at"].timestamp_value))
    return WrappedKey(fields["wrapped_key"].bytes_value, fields["key_id"].string_value)
