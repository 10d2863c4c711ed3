"""How commits are read from the database `events`: from documents of their own, or out of packs."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any

from shared.adapters.firestore.events_database import EventsDatabase
from shared.adapters.firestore.log_layout import is_pack, pack_of, place, read_commit, read_pack
from shared.adapters.firestore.query import Query
from shared.eventsourcing.errors import CorruptCommitError, CorruptDataError
from shared.eventsourcing.message import Commit, category_of, commits_collection


class FirestoreCommits(EventsDatabase):
    """Of one stream. Those that were never packed cost one read each, in one query, and nothing besides."""

    async def _read(
        self, stream: str, after: int, up_to: int | None = None, *, limit: int | None = None
    ) -> AsyncGenerator[Commit, None]:
        """Commits with `after < version <= up_to`, in order. `limit` is of documents: if the last of them only tells
        that its commit was packed, all commits of that pack come.
        """
        query = self._range(stream, after, up_to)
        if limit is not None:
            query.limit(limit)
        expected, behind = after + 1, None
        async for batch in self._database.query(query, below=self._layout.stream(stream)):
            for document in batch:
                behind = pack_of(document)
                for commit in () if behind else commits_in(document, expected):
                    yield checked(commit, expected)
                    expected += 1
        if behind:
            document = await self._get_pack(stream, expected, behind)
            for commit in commits_in(document, expected):
                if up_to is not None and commit.version > up_to:
                    return
                yield checked(commit, expected)
                expected += 1

    async def _commits(self, stream: str, after: int, *, limit: int | None = None) -> list[Commit]:
        return [commit async for commit in self._read(stream, after, limit=limit)]

    async def _commits_of(self, documents: Sequence[Any]) -> list[Commit]:
        """The commit of each document's own version, wherever it lies by now."""
        packs = {document.name: name for document in documents if (name := pack_of(document))}
        found = await self._database.get(list(dict.fromkeys(packs.values()))) if packs else {}
        return [_commit_of(document, found.get(packs.get(document.name, ""), document)) for document in documents]

    async def _get_pack(self, stream: str, version: int, name: str) -> Any:
        found = await self._database.get([name])
        if name not in found:
            raise CorruptDataError(f"{stream}@{version}: the pack that holds it is gone: {name}")
        return found[name]

    def _range(self, stream: str, after: int, up_to: int | None) -> Query:
        query = Query(commits_collection(category_of(stream))).order_by()
        if after:
            query.after(self._layout.commit(stream, after))
        if up_to is not None:
            query.up_to(self._layout.commit(stream, up_to))
        return query


def commits_in(document: Any, since: int = 0) -> Iterator[Commit]:
    """The commit that the document is, or those of its pack from this version on. Raises CorruptCommitError."""
    if not is_pack(document):
        yield read_commit(document)
        return
    stream = place(document.name)[0]
    for packed in read_pack(document):
        if packed.version >= since:
            yield packed.decoded(stream)


def found_in(document: Any) -> Sequence[Commit | CorruptCommitError]:
    """All that lies at this place of the feed."""
    try:
        if not is_pack(document):
            return [read_commit(document)]
        packed = read_pack(document)
    except CorruptCommitError as error:
        return [error]
    stream = place(document.name)[0]
    return [each.found(stream) for each in packed]


def checked(commit: Commit, version: int) -> Commit:
    """A commit's place is its version: a hole, or a document under another's name, must not pass for history."""
    if commit.version != version:
        raise CorruptCommitError(commit.stream, version, commit.recorded_at, f"{commit.id} lies in its place")
    return commit


def _commit_of(document: Any, holder: Any) -> Commit:
    stream, text = place(document.name)
    version = int(text)
    if pack_of(holder):
        raise CorruptDataError(f"{stream}@{version}: the pack that holds it is gone")
    for commit in commits_in(holder, version):
        return checked(commit, version)
    raise CorruptDataError(f"{stream}@{version}: the pack that holds it ends before it")
