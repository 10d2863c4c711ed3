"""Packs streams in the database `events`: the only part of it that changes what an append has written."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.adapters.firestore.commits import FirestoreCommits, checked
from shared.adapters.firestore.log_layout import add_pack, is_pack, pack_of, place, read_commit
from shared.adapters.firestore.rpc_errors import RefusedError
from shared.adapters.packs import Pack, PackedCommit, Packer
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import Packed


class FirestorePacking(FirestoreCommits):
    """`Packing`. A pack is one Commit RPC that replaces documents, each on condition that it is as it was read."""

    async def pack(self, stream: str, *, up_to: int) -> Packed:
        packer, unpacked, done = Packer(), dict[int, Any](), Packed()
        version = 0
        async for batch in self._database.query(self._range(stream, 0, up_to), below=self._layout.stream(stream)):
            for document in batch:
                version += 1
                _check_place(document, version)
                if is_pack(document) or pack_of(document):
                    continue
                packs = packer.add(_kept(document, version))
                unpacked[version] = document
                done = await self._write(packs, unpacked, done)
        return await self._write(packer.rest(), unpacked, done)

    async def _write(self, packs: Sequence[Pack], documents: dict[int, Any], done: Packed) -> Packed:
        for pack in packs:
            await self._replace(pack, documents)
            for version in range(pack.first, pack.last + 1):
                del documents[version]
            commits = pack.last - pack.first + 1
            done = Packed(
                commits=done.commits + commits,
                packs=done.packs + 1,
                bytes_before=done.bytes_before + pack.unpacked_bytes,
                bytes_after=done.bytes_after + len(pack.data),
            )
        return done

    async def _replace(self, pack: Pack, documents: Mapping[int, Any]) -> None:
        """A try whose acknowledgement was lost has changed the documents: then the pack is there."""
        request = self._database.request()
        add_pack(request, pack, documents)
        try:
            await self._database.commit(request)
        except RefusedError as error:
            if not error.retried or not await self._is_there(documents[pack.last].name, pack):
                raise

    async def _is_there(self, name: str, pack: Pack) -> bool:
        found = await self._database.get([name])
        return name in found and is_pack(found[name]) and found[name].fields["pack"].bytes_value == pack.data


def _check_place(document: Any, version: int) -> None:
    stream, text = place(document.name)
    if int(text) != version:
        raise CorruptDataError(f"{stream}@{version} is missing: the stream is left as it is")


def _kept(document: Any, version: int) -> PackedCommit:
    """Raises ValueError if it expires, CorruptCommitError if it cannot be decoded: that is for people to look at."""
    if "expires_at" in document.fields:
        raise ValueError(f"{place(document.name)[0]} keeps its state: its commits expire and are not packed")
    commit = checked(read_commit(document), version)
    return PackedCommit(version, commit.recorded_at, commit.body)
