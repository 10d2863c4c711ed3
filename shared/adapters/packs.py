"""Packs: neighbouring commits of a stream, compressed together. Every event store has the same format.

A pack is zlib's stream of one byte that names the format, then for each commit its version, the microseconds since 1970
at which it was recorded, the length of its body, and the body: byte for byte as it was appended.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.errors import CorruptCommitError, CorruptDataError
from shared.eventsourcing.event_store import Fed, FeedCursor
from shared.eventsourcing.message import MAX_COMMIT_BYTES, Commit

MAX_PACK_BYTES: Final = MAX_COMMIT_BYTES
"""A pack lies where a commit lay."""
MAX_PACKED_COMMITS: Final = 500
MAX_UNPACKED_BYTES: Final = 8 * 1024 * 1024
"""Of one pack: whoever wants one commit of it has all of them in memory."""
_FORMAT: Final = b"\x01"
_HEAD: Final = struct.Struct(">QqI")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_LEVEL: Final = 9
_LEAST: Final = 2
"""A commit alone in its pack would gain nothing."""


class PackedCommit(NamedTuple):
    """A commit as it is kept."""

    version: int
    recorded_at: datetime
    body: bytes

    def decoded(self, stream: str) -> Commit:
        """Raises CorruptCommitError."""
        try:
            return decode_commit(self.body, self.recorded_at)
        except CorruptDataError as error:
            raise CorruptCommitError(stream, self.version, self.recorded_at, error) from error

    def found(self, stream: str) -> Commit | CorruptCommitError:
        """The commit, or what is wrong with it."""
        try:
            return self.decoded(stream)
        except CorruptCommitError as error:
            return error


@dataclass(frozen=True, slots=True)
class Pack:
    """The commits `first` to `last` of a stream; `unpacked_bytes` are those of their bodies."""

    first: int
    last: int
    data: bytes
    unpacked_bytes: int


def fed(found: Sequence[Commit | CorruptCommitError], before: FeedCursor | None, place: FeedCursor) -> Iterator[Fed]:
    """What lies at one place of a feed, as it comes to a reader that was at the one `before`."""
    before = before or FeedCursor(place.recorded_at, "", 0)
    for nth, each in enumerate(found, 1):
        yield Fed(each, place if nth == len(found) else before)


def compressed(commits: Sequence[PackedCommit]) -> bytes:
    parts = [_FORMAT]
    for version, recorded_at, body in commits:
        parts += (_HEAD.pack(version, (recorded_at - _EPOCH) // _TICK, len(body)), body)
    return zlib.compress(b"".join(parts), _LEVEL)


def unpacked(data: bytes) -> list[PackedCommit]:
    """The inverse of `compressed`; raises CorruptDataError, also if there is nothing in it."""
    try:
        raw = zlib.decompress(data)
        if raw[:1] != _FORMAT:
            raise CorruptDataError(f"a pack of the unknown format {raw[:1]!r}")
        records = list(_records(raw))
    except (zlib.error, struct.error, OverflowError) as error:
        raise CorruptDataError(f"a pack cannot be read: {error}") from error
    if not records:
        raise CorruptDataError("a pack without any commit")
    return records


class Packer:
    """Takes the commits of a stream one after the other, and gives packs of neighbours as soon as they are full."""

    def __init__(self) -> None:
        self._commits: list[PackedCommit] = []
        self._bytes = 0

    def add(self, commit: PackedCommit) -> Sequence[Pack]:
        """What is full without this one; none of it, as a rule."""
        full = () if self._takes(commit) else self.rest()
        self._commits.append(commit)
        self._bytes += len(commit.body)
        return full

    def rest(self) -> Sequence[Pack]:
        """What there is; the next commit begins anew."""
        commits, self._commits, self._bytes = self._commits, [], 0
        return list(_packs_of(commits))

    def _takes(self, commit: PackedCommit) -> bool:
        if not self._commits:
            return True
        last = self._commits[-1]
        follows = commit.version == last.version + 1 and commit.recorded_at >= last.recorded_at
        fits = self._bytes + len(commit.body) <= MAX_UNPACKED_BYTES
        return follows and fits and len(self._commits) < MAX_PACKED_COMMITS


def _packs_of(commits: Sequence[PackedCommit]) -> Iterator[Pack]:
    """As few packs as hold these neighbours."""
    if len(commits) < _LEAST:
        return
    data = compressed(commits)
    if len(data) > MAX_PACK_BYTES:
        half = len(commits) // 2
        yield from _packs_of(commits[:half])
        yield from _packs_of(commits[half:])
        return
    if unpacked(data) != list(commits):  # it takes the place of the only copy
        raise CorruptDataError(f"the versions from {commits[0].version} on do not survive being packed")
    yield Pack(commits[0].version, commits[-1].version, data, sum(len(commit.body) for commit in commits))


def _records(raw: bytes) -> Iterator[PackedCommit]:
    at = len(_FORMAT)
    while at < len(raw):
        version, recorded_at, size = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        if at + size > len(raw):
            raise CorruptDataError("a pack ends within a commit")
        yield PackedCommit(version, _EPOCH + recorded_at * _TICK, raw[at : at + size])
        at += size
