"""How commits are read from the database `events`: each from a document of its own."""

from collections.abc import AsyncGenerator
from typing import Any

from shared.adapters.firestore.events_database import EventsDatabase
from shared.adapters.firestore.log_layout import place, read_commit
from shared.adapters.firestore.query import Query
from shared.eventsourcing.errors import CorruptCommitError
from shared.eventsourcing.message import Commit, category_of, commits_collection


class FirestoreCommits(EventsDatabase):
    """The commits of one stream: one read each, in one query."""

    async def _read(
        self, stream: str, after: int, up_to: int | None = None, *, limit: int | None = None
    ) -> AsyncGenerator[Commit, None]:
        """Commits with `after < version <= up_to`, in order, at most `limit` of them."""
        query = Query(commits_collection(category_of(stream))).order_by()
        if after:
            query.after(self._layout.commit(stream, after))
        if up_to is not None:
            query.up_to(self._layout.commit(stream, up_to))
        if limit is not None:
            query.limit(limit)
        expected = after
        async for batch in self._database.query(query, below=self._layout.stream(stream)):
            for document in batch:
                expected += 1
                yield _checked(read_commit(document), expected)

    async def _commits(self, stream: str, after: int, *, limit: int | None = None) -> list[Commit]:
        return [commit async for commit in self._read(stream, after, limit=limit)]


def commit_in(document: Any) -> Commit:
    """The commit of the document's own version. Raises CorruptCommitError."""
    return _checked(read_commit(document), int(place(document.name)[1]))


def found_in(document: Any) -> Commit | CorruptCommitError:
    """The commit, or why it cannot be read."""
    try:
        return read_commit(document)
    except CorruptCommitError as error:
        return error


def _checked(commit: Commit, version: int) -> Commit:
    """A commit's place is its version: a hole, or a document under another's name, must not pass for history."""
    if commit.version != version:
        raise CorruptCommitError(commit.stream, version, commit.recorded_at, f"{commit.id} lies in its place")
    return commit
