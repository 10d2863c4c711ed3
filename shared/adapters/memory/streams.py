"""A stream's commits as they are kept in memory: encoded."""

from collections.abc import Iterator
from datetime import datetime

from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.errors import CorruptCommitError, CorruptDataError
from shared.eventsourcing.message import Commit

Kept = list[tuple[datetime, bytes]]
"""By version, from 1: when it was recorded, and its body."""


def commits_between(stream: str, kept: Kept, after: int, up_to: int) -> Iterator[Commit]:
    """Those with `after < version <= up_to`. Raises CorruptCommitError."""
    for version in range(after + 1, up_to + 1):
        found = found_at(stream, kept, version)
        if isinstance(found, CorruptCommitError):
            raise found
        yield found


def found_at(stream: str, kept: Kept, version: int) -> Commit | CorruptCommitError:
    """The commit, or why it cannot be read."""
    recorded_at, body = kept[version - 1]
    try:
        return decode_commit(body, recorded_at)
    except CorruptDataError as error:
        return CorruptCommitError(stream, version, recorded_at, error)
